"""Secret and ConfigMap (Kubernetes 1.33 `pkg/apis/core/validation`). Values are never shown."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from gitops_kong.apiserver import names
from gitops_kong.apiserver.problems import Problem, forbidden, hidden, invalid, required, too_long

Data = Mapping[str, Any]

SIZE_LIMIT = 1024 * 1024
_REQUIRED_KEYS: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
}
_ACCOUNT = "kubernetes.io/service-account.name"


def _bytes(text: str) -> int:
    """The length of a base64 text's content."""
    return len(text) * 3 // 4 - text[-2:].count("=")


def check_secret(obj: Data) -> Iterator[Problem]:
    """What is wrong with a Secret, besides its metadata."""
    data, kind = obj.get("data") or {}, obj.get("type") or ""
    yield from _keys("data", data)
    if sum(map(_bytes, data.values())) > SIZE_LIMIT:
        yield too_long("data", SIZE_LIMIT)
    for key in _REQUIRED_KEYS.get(kind, ()):
        if key not in data:
            yield required(f"data[{key}]")
        elif kind != "kubernetes.io/tls" and not _is_json_object(data[key]):
            yield hidden(f"data[{key}]", "the content is not a JSON object")
    if kind == "kubernetes.io/basic-auth" and "username" not in data and "password" not in data:
        yield required("data[username]")
        yield required("data[password]")
    if kind == "kubernetes.io/ssh-auth" and not data.get("ssh-privatekey"):
        yield required("data[ssh-privatekey]")
    if kind == "kubernetes.io/service-account-token":
        annotations = (obj.get("metadata") or {}).get("annotations") or {}
        if not annotations.get(_ACCOUNT):
            yield required(f"metadata.annotations[{_ACCOUNT}]")


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(base64.b64decode(text)), dict | None)
    except ValueError:
        return False


def _keys(field: str, data: Data) -> Iterator[Problem]:
    for key in data:
        for detail in names.config_key(key):
            yield invalid(f"{field}[{key}]", key, detail)


def check_config_map(obj: Data) -> Iterator[Problem]:
    """What is wrong with a ConfigMap, besides its metadata."""
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    yield from _keys("data", data)
    for key in data:
        if key in binary:
            yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    yield from _keys("binaryData", binary)
    if sum(len(v.encode()) for v in data.values()) + sum(map(_bytes, binary.values())) > SIZE_LIMIT:
        yield too_long("", SIZE_LIMIT)


def changed_secret(obj: Data, old: Data) -> Iterator[Problem]:
    """What an update of a Secret may not change."""
    if obj.get("type") != old.get("type"):
        yield hidden("type", "field is immutable")
    yield from changed_config_map(obj, old)


def changed_config_map(obj: Data, old: Data) -> Iterator[Problem]:
    """What an update of an immutable Secret or ConfigMap may not change."""
    if not old.get("immutable"):
        return
    for key in ("immutable", "data", "binaryData"):
        if obj.get(key) != old.get(key):
            yield forbidden(key, "field is immutable when `immutable` is set")
