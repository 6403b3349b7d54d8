"""What the translators of route kinds produce: Kong services by name, and the host names of TLS Secrets.

Each route kind is one module with `rules(context: Context) -> Rules`; `build` merges them in the controller's order
(KIC `mergeIngressRules`: a later kind replaces an equal service name).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.state import Service


@dataclass
class SecretHosts:
    """A TLS Secret's host names, and the objects that asked for it (KIC `SNIs`)."""

    hosts: list[str] = field(default_factory=list)
    parents: list[K8sObject] = field(default_factory=list)


@dataclass
class Rules:
    """Kong services by name (each with its routes and parent), and host names by Secret `namespace/name`."""

    services: dict[str, Service] = field(default_factory=dict)
    secret_hosts: dict[str, SecretHosts] = field(default_factory=dict)

    def add_hosts(self, secret: str, hosts: Iterable[str], parent: K8sObject) -> None:
        """Ask for `hosts` to be served with the certificate in `secret` (`namespace/name`)."""
        entry = self.secret_hosts.setdefault(secret, SecretHosts())
        entry.hosts.extend(hosts)
        entry.parents.append(parent)
