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
    """A TLS Secret's host names, and the objects that asked for it by uid (KIC `SNIs`)."""

    hosts: list[str] = field(default_factory=list)
    parents: dict[str, K8sObject] = field(default_factory=dict)


@dataclass
class Rules:
    """Kong services by name (each with its routes and parent), and host names by Secret `namespace/name`."""

    services: dict[str, Service] = field(default_factory=dict)
    secret_hosts: dict[str, SecretHosts] = field(default_factory=dict)
    _seen_hosts: set[str] = field(default_factory=set)

    def add_hosts(self, secret: str, hosts: Iterable[str], *parents: K8sObject) -> None:
        """Ask for `hosts` to be served with the certificate in `secret` (`namespace/name`).

        A host belongs to the first Secret that it is asked for with. Parents with equal uids count as one.
        """
        entry = self.secret_hosts.setdefault(secret, SecretHosts())
        for host in hosts:
            if host not in self._seen_hosts:
                self._seen_hosts.add(host)
                entry.hosts.append(host)
        for parent in parents:
            entry.parents[parent.uid] = parent

    def merge(self, other: Rules) -> None:
        """Take in the rules of a later kind."""
        for secret, entry in other.secret_hosts.items():
            self.add_hosts(secret, entry.hosts, *entry.parents.values())
        self.services.update(other.services)
