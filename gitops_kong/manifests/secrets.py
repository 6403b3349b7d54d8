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
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-./")
_LONGEST_NAME = 320  # namespace/name
SHORTEST = 4  # shorter values are words of the language, not secrets


class Scrubber:
    """Replaces every value of the given Secrets in texts; the values are collected when the first text comes.

    The name of one of `objects` that contains a value stays whole, and so does `namespace/name`: a person needs it.
    So does a kind, namespace or name that a Secret holds within YAML or JSON: many manifests say it in the open.
    """

    def __init__(self, objects: Iterable[K8sObject]) -> None:
        self._objects = list(objects)
        self._secrets = [o for o in self._objects if o.kind == "Secret" and o.api_version == "v1"]
        self._values: list[str] | None = None
        self._names: frozenset[str] = frozenset()

    def __call__(self, text: str) -> str:
        """`text` without the values."""
        if not self._secrets:
            return text
        if self._values is None:
            public = {word for o in self._objects for word in (o.kind, o.namespace, o.name)} | {"default"}
            found = {v for secret in self._secrets for v in (*_whole(secret), *({*_within(secret)} - public))}
            self._values = sorted((v for v in found if len(v) >= SHORTEST), key=len, reverse=True)
            self._names = frozenset(n for o in self._objects for n in (o.name, f"{o.namespace}/{o.name}"))
        for value in self._values:
            if value in text:
                text = self._masked(text, value)
        return text

    def _masked(self, text: str, value: str) -> str:
        """`text` without `value`, except within names."""
        parts = []
        end = 0
        while (found := text.find(value, end)) >= 0:
            after = found + len(value)
            parts += [text[end:found], value if self._named(text, found, after) else MASK]
            end = after
        return "".join((*parts, text[end:]))

    def _named(self, text: str, start: int, end: int) -> bool:
        """Whether `text[start:end]` lies within, and is not all of, a name or a `namespace/name` of an object."""
        first, last = start, end
        while first > 0 and start - first < _LONGEST_NAME and text[first - 1] in _NAME_CHARACTERS:
            first -= 1
        while last < len(text) and last - end < _LONGEST_NAME and text[last] in _NAME_CHARACTERS:
            last += 1
        word = text[first:last].rstrip(".")
        return any(name != text[start:end] and name in self._names for name in (word, word.rpartition("/")[2]))


def secret_values(secret: K8sObject) -> Iterator[str]:
    """Every value of a Secret as text: whole, by line, and the scalars within where it is YAML or JSON."""
    yield from _whole(secret)
    yield from _within(secret)


def _whole(secret: K8sObject) -> Iterator[str]:
    for text in _texts(secret):
        yield text
        yield from (line.strip() for line in text.splitlines() if line.strip())


def _within(secret: K8sObject) -> Iterator[str]:
    for text in _texts(secret):
        if "\n" in text or text[:1] in "{[":
            try:
                yield from (v for document in read_documents(text.encode(), "secret") for v in scalars(document))
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


def scalars(value: Any) -> Iterator[str]:
    """All text and numbers within a value, as text."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
