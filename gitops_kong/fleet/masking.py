"""Values of Secrets that the controller cannot read are not sent to workers: keyed digests stand for them.

A digest changes where the value changes, so that what is modified stays modified, and says nothing without the key,
which never leaves this machine. Kept are the values that decide what is predicted: those of Secrets that carry a label
of Kong's or of the controller's selector, and of those whose name stands anywhere in an object of another kind.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from gitops_kong.apiserver.core.secret import SIZE_LIMIT
from gitops_kong.manifests.lenient import mapping
from gitops_kong.manifests.objects import K8sObject

_NAME = re.compile(r"[a-z0-9]+(?:[-.a-z0-9]*[a-z0-9])?")
_ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")  # of JSON: `\nname` holds name, not nname
_LABELS = "konghq.com"


def is_secret(obj: K8sObject) -> bool:
    """Whether the object is a core Secret."""
    return obj.kind == "Secret" and not obj.group


def names_in(text: str) -> frozenset[str]:
    """Everything in a JSON text that can be the name of an object."""
    return frozenset(_NAME.findall(_ESCAPE.sub(" ", text) if "\\" in text else text))


def readable(secret: K8sObject, named: frozenset[str], label_keys: Iterable[str] = ()) -> bool:
    """Whether the controller may read the Secret; `named` are the names that stand in other objects."""
    keys = tuple(label_keys)
    return secret.name in named or any(_LABELS in key or key in keys for key in secret.labels)


def masked(secret: K8sObject, key: bytes) -> Mapping[str, Any]:
    """The Secret's content with digests in place of its values. Values that are not base64 stay: they are refused."""
    data, texts = mapping(secret.data.get("data")), mapping(secret.data.get("stringData"))
    if sum(len(value) for value in (*data.values(), *texts.values()) if isinstance(value, str)) > SIZE_LIMIT:
        return secret.data  # perhaps too large, which must still be seen
    changed: dict[str, Any] = {}
    if data:
        changed["data"] = {name: _encoded(value, key) for name, value in data.items()}
    if texts:
        changed["stringData"] = {
            name: _digest(value.encode("utf-8", "surrogatepass"), key) if isinstance(value, str) else value
            for name, value in texts.items()
        }
    annotations = dict(secret.annotations)
    if annotations.pop("kubectl.kubernetes.io/last-applied-configuration", None) is not None:
        changed["metadata"] = {**secret.metadata, "annotations": annotations}
    return {**secret.data, **changed}


def _encoded(value: Any, key: bytes) -> Any:
    if not isinstance(value, str):
        return value
    try:
        content = base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return value
    return base64.b64encode(_digest(content, key).encode()).decode() if content else value


def _digest(content: bytes, key: bytes) -> str:
    """A digest of the same form: a JSON object for a JSON object, which the API server asks for in some types."""
    digest = hashlib.blake2b(content, key=key, digest_size=32).hexdigest()
    if content.lstrip()[:1] == b"{":
        try:
            if isinstance(json.loads(content), dict):
                return json.dumps({"digest": digest})
        except ValueError:
            pass
    return digest
