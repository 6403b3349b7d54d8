"""The contents of Secrets and ConfigMaps."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from gitops_kong.manifests.objects import EMPTY, K8sObject


def secret_data(secret: K8sObject) -> dict[str, bytes]:
    """The decoded `data` of a Secret. What is no base64 decodes to nothing: the API server never stores such."""
    return {key: _decoded(value) for key, value in _map(secret).items()}


def config_map_data(config_map: K8sObject) -> Mapping[str, str]:
    """The `data` of a ConfigMap."""
    return _map(config_map)


def _map(obj: K8sObject) -> Mapping[str, Any]:
    return obj.data.get("data") or EMPTY


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(value or "") if isinstance(value, str) else b""
    except binascii.Error:
        return b""
