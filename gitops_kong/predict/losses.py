"""What a configuration that was read back from a gateway no longer has, beyond plugins that are gone.

`before` is what the gateway ran, `after` what the controller put together again from it (`controller.last_valid`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.errors import object_of_tags
from gitops_kong.manifests.objects import Ref
from gitops_kong.translate.secrets import secret_data

Config = Mapping[str, Any]

# Lists of a declarative configuration that are read back, whatever happens to their entities.
_READ_BACK = frozenset(
    {
        "services",
        "routes",
        "upstreams",
        "plugins",
        "certificates",
        "ca_certificates",
        "consumers",
        "consumer_groups",
        "consumer_group_consumers",
        "vaults",
        "licenses",
    }
)


class Loss(NamedTuple):
    """What an object loses: the rule that says it, and a sentence that goes on after its name."""

    rule: str
    object: Ref
    what: str


def losses(before: Config, after: Config, store: ObjectStore) -> Iterator[Loss]:
    """All losses; `store` is the controller's cache."""
    yield from _consumers(before, after)
    yield from _server_names(before, after, store)
    yield from _ca_certificates(before, after)
    yield from _custom_entities(before, after)


def _consumers(before: Config, after: Config) -> Iterator[Loss]:
    """Consumers: no memberships in groups are carried, and the hash of a basic-auth password is taken for it."""
    were, members = _members(before), _members(after)
    now = {consumer.get("username"): consumer for consumer in after.get("consumers") or ()}
    for consumer in before.get("consumers") or ():
        ref, kept = _owner(consumer), now.get(consumer.get("username"))
        if ref is None or kept is None:
            continue
        if _names(consumer) & (were - members):
            yield Loss(
                "consumer-lost", ref, "is in none of its consumer groups any more: their plugins do not apply to it"
            )
        if _passwords(consumer) != _passwords(kept):
            yield Loss(
                "consumer-lost", ref, "cannot log in with basic-auth any more: the hash of its password is hashed again"
            )


def _server_names(before: Config, after: Config, store: ObjectStore) -> Iterator[Loss]:
    """Certificates: which host names they are for is not carried."""
    kept = {(c.get("cert"), sni["name"]) for c in after.get("certificates") or () for sni in c.get("snis") or ()}
    for certificate in before.get("certificates") or ():
        text = certificate.get("cert")
        hosts = sorted(s["name"] for s in certificate.get("snis") or () if (text, s["name"]) not in kept)
        ref = _owner(certificate) or _secret_of(text, store)
        if hosts and ref is not None:
            what = f"is not served for {', '.join(hosts)} any more: HTTPS there has the gateway's default certificate"
            yield Loss("certificate-lost", ref, what)


def _secret_of(certificate: Any, store: ObjectStore) -> Ref | None:
    """The Secret that holds a certificate: controllers before 3.4.17 and 3.5.10 do not tag certificates."""
    for secret in store.list("", "Secret") if isinstance(certificate, str) else ():
        if not secret.content_unknown and secret_data(secret).get("tls.crt", b"").strip() == certificate.encode():
            return secret.ref
    return None


def _ca_certificates(before: Config, after: Config) -> Iterator[Loss]:
    """Services that verify their upstream: the ids by which they name CA certificates are not carried."""
    gone = {c.get("id") for c in before.get("ca_certificates") or ()} - {
        c.get("id") for c in after.get("ca_certificates") or ()
    }
    for service in before.get("services") or ():
        ref = _owner(service)
        if ref is not None and gone.intersection(service.get("ca_certificates") or ()):
            what = "cannot be reached over verified TLS any more: its CA certificates have other ids"
            yield Loss("certificate-lost", ref, what)


def _custom_entities(before: Config, after: Config) -> Iterator[Loss]:
    """Entities of KongCustomEntities: their types are not asked for."""
    for name, entities in before.items():
        if name in _READ_BACK or not isinstance(entities, list):
            continue
        for ref in dict.fromkeys(filter(None, map(_owner, entities))):
            if not after.get(name):
                yield Loss("custom-entity-lost", ref, f"is not in effect any more: {name} are not read back")


def _owner(entity: Any) -> Ref | None:
    return object_of_tags(tuple(entity.get("tags") or ())) if isinstance(entity, Mapping) else None


def _members(config: Config) -> set[Any]:
    """What names the consumers that are in a group."""
    return {membership.get("consumer") for membership in config.get("consumer_group_consumers") or ()}


def _names(consumer: Mapping[str, Any]) -> set[Any]:
    return {consumer.get(key) for key in ("username", "id")} - {None}


def _passwords(consumer: Mapping[str, Any]) -> set[tuple[str, str]]:
    credentials: Iterable[Mapping[str, Any]] = consumer.get("basicauth_credentials") or ()
    return {(str(c.get("username")), str(c.get("password"))) for c in credentials}
