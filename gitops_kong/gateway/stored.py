"""A configuration as the gateway holds it, which is what `GET` of its entities answers.

Every field has a value; passwords of basic-auth are hashed, CA certificates have their digest. Fields that Kong makes
up at random (ids and times, generated keys and secrets) are left out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gitops_kong.gateway.declarative import Declarative
from gitops_kong.gateway.records import Edition
from gitops_kong.gateway.validate import declarative_schema
from gitops_kong.lazy import regex

if TYPE_CHECKING:
    from gitops_kong.cluster.options import RouterFlavor
    from gitops_kong.gateway.catalogue import Catalogue

Entity = dict[str, Any]

_PEM = regex(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


def stored(
    config: Mapping[str, Any],
    catalogue: Catalogue,
    router_flavor: RouterFlavor = "traditional_compatible",
    edition: Edition = "oss",
) -> dict[str, Any]:
    """`config`, which the gateway accepted, with all values filled in; nested as it was posted."""
    filler = _Filler(declarative_schema(catalogue, router_flavor, edition))
    return {
        name: [filler.fill(name, item, None) for item in value] if isinstance(value, list) else value
        for name, value in config.items()
    }


class _Filler:
    def __init__(self, declarative: Declarative) -> None:
        self._declarative = declarative
        self._schemas = declarative.schemas

    def fill(self, name: str, item: Entity, parent: Entity | None) -> Entity:
        if name not in self._schemas:
            return item
        own = dict(item)
        children = [
            (relation.child, own.pop(relation.child) or ())
            for relation in self._declarative.relations.children[name]
            if relation.child in own
        ]
        record = self._declarative.variant(name, "top")
        filled = record.process(own)
        for field, spec in record.fields.items():
            if spec.auto and field not in item:
                filled.pop(field, None)
        if name in _TRANSFORMATIONS:
            _TRANSFORMATIONS[name](filled, parent)
        for child, items in children:
            filled[child] = [self.fill(child, nested, item) for nested in items]
        return filled


def _hash_password(credential: Entity, consumer: Entity | None) -> None:
    """kong/plugins/basic-auth/crypto.lua: SHA-1 of the password and the consumer's id."""
    consumer_id = (consumer or {}).get("id")
    if consumer_id and isinstance(credential.get("password"), str):
        salted = f"{credential['password']}{consumer_id}"
        credential["password"] = hashlib.sha1(salted.encode(), usedforsecurity=False).hexdigest()


def _digest(certificate: Entity, _: Entity | None) -> None:
    """kong/db/schema/entities/ca_certificates.lua: SHA-256 of the certificate."""
    found = _PEM.search(certificate.get("cert") or "")
    if found is None:
        return
    try:
        certificate["cert_digest"] = hashlib.sha256(base64.b64decode(found[1])).hexdigest()
    except binascii.Error:
        return


_TRANSFORMATIONS: Mapping[str, Callable[[Entity, Entity | None], None]] = {
    "basicauth_credentials": _hash_password,
    "ca_certificates": _digest,
}
