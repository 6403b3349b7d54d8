"""Certificates from TLS Secrets that Ingresses, Services and Gateways ask for (KIC `translate_certs.go`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context
from gitops_kong.translate.gateways import listener_certificates
from gitops_kong.translate.gotext import instant
from gitops_kong.translate.rules import Rules
from gitops_kong.translate.secrets import secret_data
from gitops_kong.translate.state import Entity, KongState
from gitops_kong.translate.x509 import is_key_pair

_Found = tuple[K8sObject, str, str, list[str]]  # a Secret, its certificate and key, host names

UNUSABLE = "failed to construct certificate from secret"


@dataclass
class _Certificate:
    """A certificate and key being gathered from the Secrets that hold them."""

    entity: Entity  # its `snis` are host names
    created: str
    secrets: list[str] = field(default_factory=list)  # uids


def fill_certificates(rules: Rules, state: KongState, context: Context) -> None:
    """Add the certificates to the state, and name them in the services that use them as clients."""
    merged = _merged([*_of_rules(rules, context), *_of_gateways(context)], context)
    state.certificates = [certificate.entity for certificate in merged]
    if not context.behaves("client-certificate-of-merged-secrets"):
        return
    ids = {uid: certificate.entity["id"] for certificate in merged for uid in certificate.secrets}
    for service in state.services:
        uid = service.entity.pop("client_certificate", None)
        if uid is not None and ids.get(uid):
            service.entity["client_certificate"] = ids[uid]


def _of_rules(rules: Rules, context: Context) -> Iterable[_Found]:
    """Secrets with certificate, key and hosts, that Ingresses' `tls` and client certificates name (`getCerts`)."""
    for key, asked in rules.secret_hosts.items():
        namespace, _, name = key.partition("/")
        secret = context.store.get("", "Secret", namespace, name)
        parents = asked.parents.values()
        if secret is None:
            context.fail(f"Failed to fetch the secret ({key})", *parents)
        elif secret.content_unknown and not secret.content_problem:
            continue
        elif (pair := key_pair(secret, context)) is None:
            context.fail(UNUSABLE, *parents, secret)
        else:
            yield secret, *pair, asked.hosts


def _of_gateways(context: Context) -> Iterable[_Found]:
    """The same of Gateways' listeners, each with its host name (`getGatewayCerts`)."""
    for secret, hostname, gateway in listener_certificates(context):
        if secret.content_unknown and not secret.content_problem:
            continue
        pair = key_pair(secret, context)
        if pair is None:
            context.fail(UNUSABLE, secret, gateway)
        else:
            yield secret, *pair, [hostname]


def key_pair(secret: K8sObject, context: Context) -> tuple[str, str] | None:
    """Certificate and key of a TLS Secret, None unless they belong together (`getCertFromSecret`)."""
    data = secret_data(secret)
    if secret.content_problem or "tls.crt" not in data or "tls.key" not in data:
        return None
    certificate, key = data["tls.crt"].strip(), data["tls.key"].strip()
    if not is_key_pair(certificate, key, negative_serial=context.behaves("negative-serial-numbers")):
        return None
    return certificate.decode(errors="replace"), key.decode(errors="replace")


def _merged(found: Iterable[_Found], context: Context) -> list[_Certificate]:
    """One certificate for equal pairs, with the id of the oldest Secret; a host goes to the first that has it."""
    merged: dict[str, _Certificate] = {}
    hosts_seen: set[str] = set()
    for secret, text, key, hosts in found:
        uid, created = secret.uid, instant(secret.metadata.get("creationTimestamp"))
        certificate = merged.get(text + key)
        if certificate is None:
            entity = {"id": uid, "cert": text, "key": key, "tags": context.tags(secret)}
            certificate = merged[text + key] = _Certificate(entity, created)
        elif (created, uid) < (certificate.created, certificate.entity["id"]):
            certificate.entity["id"], certificate.created = uid, created
        certificate.secrets.append(uid)
        new = [host for host in hosts if host not in hosts_seen]
        if new:
            hosts_seen.update(new)
            certificate.entity["snis"] = sorted({*certificate.entity.get("snis", ()), *new})
    return list(merged.values())
