"""Values of Secrets, and how they are kept out of what people see."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Any

from gitops_kong.errors import ManifestError
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.yaml import read_documents

MASK = "***"
SHORTEST = 4  # shorter values are words of the language, not secrets


class Scrubber:
    """Replaces every value of the given Secrets in texts; the values are collected when the first text comes."""

    def __init__(self, objects: Iterable[K8sObject]) -> None:
        self._secrets = [o for o in objects if o.kind == "Secret" and o.api_version == "v1"]
        self._values: list[str] | None = None

    def __call__(self, text: str) -> str:
        """`text` without the values."""
        if not self._secrets:
            return text
        if self._values is None:
            found = {v for secret in self._secrets for v in secret_values(secret) if len(v) >= SHORTEST}
            self._values = sorted(found, key=len, reverse=True)
        for value in self._values:
            if value in text:
                text = text.replace(value, MASK)
        return text


def secret_values(secret: K8sObject) -> Iterator[str]:
    """Every value of a Secret as text: whole, by line, and the scalars within where it is YAML or JSON."""
    for text in _texts(secret):
        yield text
        yield from (line.strip() for line in text.splitlines() if line.strip())
        if "\n" in text or text[:1] in "{[":
            try:
                yield from (v for document in read_documents(text.encode(), "secret") for v in _scalars(document))
            except ManifestError:
                continue


def _texts(secret: K8sObject) -> Iterator[str]:
    for value in (secret.data.get("stringData") or {}).values():
        if isinstance(value, str):
            yield value
    for value in (secret.data.get("data") or {}).values():
        try:
            yield base64.b64decode(value, validate=False).decode()
        except (binascii.Error, UnicodeDecodeError, TypeError, ValueError):
            continue


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _scalars(inner)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
