"""What is rendered as bytes that can be sent, kept and compared: equal bytes are the same content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from gitops_kong.fleet.masking import is_secret, masked, names_in, readable
from gitops_kong.manifests.objects import K8sObject, Origin, Ref
from gitops_kong.sources.base import Assumption, NotSeen, Rendered

T = TypeVar("T")


def key_of(content: bytes) -> str:
    """The key of a content: its SHA-256."""
    return hashlib.sha256(content).hexdigest()


def plain(value: Any) -> bytes:
    """A plain value as JSON, always the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Packed:
    """Content with its key."""

    key: str
    data: bytes

    @classmethod
    def of(cls, data: bytes) -> Packed:
        """The content with the key computed."""
        return cls(key_of(data), data)


@dataclass(frozen=True)
class Part:
    """What a target renders to, or what a cluster has beyond its repositories. Without `problems`: those are told here.

    `named` are the names that stand in its objects: they say which Secrets the controller may read.
    """

    rendered: Rendered
    _packed: dict[frozenset[int], Packed] = field(default_factory=dict)
    _once: dict[str, Any] = field(default_factory=dict)

    def once(self, what: str, make: Callable[[], T]) -> T:
        """What `make` finds out about this part, found out once."""
        if what not in self._once:
            self._once[what] = make()
        value: T = self._once[what]
        return value

    @cached_property
    def _texts(self) -> list[str]:
        return [json.dumps(obj.data, separators=(",", ":")) for obj in self.rendered.objects]

    @cached_property
    def named(self) -> frozenset[str]:
        """Names in the objects that are no Secrets."""
        pairs = zip(self.rendered.objects, self._texts, strict=True)
        return frozenset().union(*(names_in(text) for obj, text in pairs if not is_secret(obj)))

    def packed(self, named: frozenset[str], label_keys: Iterable[str], key: bytes | None) -> Packed:
        """The content to send; `key` masks the Secrets that the controller cannot read, None sends all as they are."""
        hidden = frozenset(
            i
            for i, obj in enumerate(self.rendered.objects)
            if key is not None and is_secret(obj) and not readable(obj, named, label_keys)
        )
        known = self._packed.get(hidden)
        if known is None:
            texts = list(self._texts) if hidden else self._texts
            for i in hidden:
                texts[i] = json.dumps(masked(self.rendered.objects[i], key or b""), separators=(",", ":"))
            known = self._packed[hidden] = Packed.of(_document(texts, self.rendered))
        return known


def _document(texts: Sequence[str], rendered: Rendered) -> bytes:
    assumed = [[a.message, a.stand_in.data if a.stand_in else None] for a in rendered.assumptions]
    unseen = [[n.what, n.why] for n in rendered.not_seen]
    return f'{{"objects":[{",".join(texts)}],"assumed":{json.dumps(assumed)},"notSeen":{json.dumps(unseen)}}}'.encode()


def unpacked(data: bytes, role: str) -> Rendered:
    """What `Part.packed` packed. An object's origin is the role of its part and its number in it, assumed ones last."""
    value = json.loads(data)
    count = len(value["objects"])

    def made(i: int, content: Mapping[str, Any]) -> K8sObject:
        return K8sObject(content, Origin(role, i))

    return Rendered(
        [made(i, content) for i, content in enumerate(value["objects"])],
        [],
        [
            Assumption(Ref("", "", "", ""), message, stand_in=made(count + i, content) if content else None)
            for i, (message, content) in enumerate(value["assumed"])
        ],
        [NotSeen(what, why) for what, why in value["notSeen"]],
    )


def original(rendered: Rendered) -> Callable[[int], K8sObject | None]:
    """The objects of what was packed, by the number that `unpacked` gives them."""
    objects = [*rendered.objects, *(a.stand_in for a in rendered.assumptions)]
    return lambda number: objects[number] if number < len(objects) else None
