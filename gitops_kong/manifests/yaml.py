"""Manifests as Kubernetes reads them: `sigs.k8s.io/yaml` values, documents split as kubectl and Argo CD split them."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from gitops_kong import lazy
from gitops_kong.errors import ManifestError
from gitops_kong.lazy import regex
from gitops_kong.manifests import fast
from gitops_kong.manifests.objects import K8sObject, Origin
from gitops_kong.manifests.scalars import MAX_DEPTH
from gitops_kong.manifests.scalars import number as json_number

if TYPE_CHECKING:
    from gitops_kong.manifests import construct, nodes
else:
    construct = lazy.module("gitops_kong.manifests.construct")
    nodes = lazy.module("gitops_kong.manifests.nodes")

MAX_BYTES = 32 * 1024 * 1024

_SEPARATOR = regex(r"^---([^\n]*)(?:\n|\Z)", re.MULTILINE)
_MAX_LISTS = 5


class Document(NamedTuple):
    """One YAML document of a file: its number and its first line, both from 0, and its value."""

    number: int
    line: int
    value: Any


class Piece(NamedTuple):
    """The text of one document of a file, its number and its first line, both from 0."""

    number: int
    line: int
    text: str


def decode(text: bytes, file: str) -> str:
    """Bytes of a file as text with `\\n` line ends. Raises `ManifestError` for what is no text or is too large."""
    if len(text) > MAX_BYTES:
        raise ManifestError(
            f"{file}:1:1: {len(text) / 1e6:.0f} MB is too large: files of up to {MAX_BYTES // 2**20} MiB are read; "
            "split the file or leave it out"
        )
    encoding = "utf-8"
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif text.startswith(codecs.BOM_UTF8):
        text = text[3:]
    try:
        decoded = text.decode(encoding)
    except UnicodeDecodeError as e:
        line = text.count(b"\n", 0, e.start)
        column = e.start - text.rfind(b"\n", 0, e.start) - 1
        raise ManifestError(f"{nodes.place(file, line, column)}: not YAML: invalid {encoding.upper()}") from None
    return decoded.replace("\r\n", "\n") if "\r" in decoded else decoded


def split(text: str, file: str) -> Iterator[Piece]:
    """Documents between lines that start with `---`, as `YAMLReader` of k8s.io/apimachinery separates them.

    It ends the last line with a line break, too: text in a block at the end of a file has one.
    """
    start = line = index = 0
    for match in _SEPARATOR.finditer(text) if "---" in text else ():
        rest = match[1].strip()
        if "\r" in rest and rest[0] == "#" and not match.start():
            continue  # lines that end with carriage returns alone: this one holds the document, too
        piece = text[start : match.start()]
        here = line + piece.count("\n")
        if rest and rest[0] != "#":
            raise ManifestError(
                f"{nodes.place(file, here, 3)}: invalid document separator: only a comment may follow ---"
            )
        if match.start():
            yield Piece(index, line, piece)
            index += 1
        start, line = match.end(), here + 1
    yield Piece(index, line, text[start:] if text.endswith("\n") or start == len(text) else text[start:] + "\n")


def read_pieces(text: bytes, file: str) -> Iterator[Document]:
    """All documents of a file that are not empty. Raises `ManifestError("file:line:column: …")`."""
    for piece in split(decode(text, file), file):
        value = _read(piece, file)
        if value is not None:
            yield Document(piece.number, piece.line, value)


def read_value(text: bytes, file: str = "-") -> Any:
    """The first document of YAML that is no manifest, as `sigs.k8s.io/yaml` reads it into a value; None where empty.

    The last of equal keys counts. Raises `ManifestError` for what is no YAML.
    """
    root = nodes.compose(decode(text, file), file)
    return None if root is None else construct.construct(root, file, unique_keys=False)


def read_documents(text: bytes, file: str) -> list[Any]:
    """The values of all documents of a file that are not empty. Raises `ManifestError`."""
    return [document.value for document in read_pieces(text, file)]


def read_objects(text: bytes, file: str) -> list[K8sObject]:
    """All objects of a file; Lists are taken apart. Raises `ManifestError("file:line:column: …")`."""
    return objects_of(read_pieces(text, file), file)


def objects_of(documents: Iterable[tuple[int, int, Any]], file: str) -> list[K8sObject]:
    """All objects of a file with these documents, as `read_objects`."""
    objects: list[K8sObject] = []
    for index, line, value in documents:
        items = value.get("items") if type(value) is dict else None
        if type(items) is list:
            _expand(value, Origin(file, index), line, objects, 0)
        else:
            objects.append(to_object(value, Origin(file, index), line))
    return objects


def _expand(value: Any, origin: Origin, line: int, objects: list[K8sObject], depth: int) -> None:
    """`UnstructuredList`: items of a `PodList` without a kind are Pods; Lists within Lists are taken apart too."""
    items = value.get("items") if type(value) is dict else None
    if type(items) is not list or not str(value.get("kind") or "").endswith("List") or depth > _MAX_LISTS:
        objects.append(to_object(value, origin, line))
        return
    item_kind = value["kind"].removesuffix("List")
    for position, item in enumerate(items):
        if item_kind and type(item) is dict and not item.get("kind"):
            item = {"apiVersion": value.get("apiVersion"), **item, "kind": item_kind}  # noqa: PLW2901
        _expand(item, Origin(origin.file, origin.document, (*origin.item, "items", position)), line, objects, depth + 1)


def to_object(value: Any, origin: Origin, line: int) -> K8sObject:
    """`value` as an object. Raises `ManifestError` where it has no apiVersion and kind or no usable metadata."""
    if type(value) is not dict:
        problem = f"a manifest must be an object with apiVersion and kind, not {_KINDS.get(type(value), 'a value')}"
    elif not (type(value.get("kind")) is str and value["kind"]):
        problem = "kind is missing or no text"
    elif not (type(value.get("apiVersion")) is str and value["apiVersion"]):
        problem = f"apiVersion of this {value['kind']} is missing or no text"
    elif type(value.get("metadata")) not in (dict, type(None)):
        problem = f"metadata of this {value['kind']} is no mapping"
    else:
        return K8sObject(value, origin)
    item = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in origin.item)
    raise ManifestError(f"{origin.file}:{line + 1}:1: {item.lstrip('.')}{': ' if item else ''}{problem}")


def _read(piece: Piece, file: str) -> Any:
    text = piece.text
    if text.lstrip()[:1] == "{":
        try:
            return _read_json(text)
        except (ValueError, RecursionError):
            pass  # YAML in brackets, or an error that the YAML parser places
    try:
        return fast.parse(text)
    except fast.Unsure:
        root = nodes.compose(text, file, piece.line)
        return None if root is None else construct.construct(root, file, piece.line)


def _read_json(text: str) -> Any:
    value = json.loads(
        text,
        object_pairs_hook=_unique,
        parse_float=_parse_number,
        parse_int=_parse_number,
        parse_constant=_parse_number,
    )
    if _is_deep(value):
        raise ValueError(value)
    if "\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate is a UnicodeEncodeError: a ValueError
    return value


def _is_deep(value: Any) -> bool:
    """Whether a value is nested deeper than what is read."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for each in level:
            if type(each) is dict:
                inner += [v for v in each.values() if type(v) is dict or type(v) is list]
            elif type(each) is list:
                inner += [v for v in each if type(v) is dict or type(v) is list]
        if not inner:
            return False
        level = inner
    return True


def _parse_number(text: str) -> int | float:
    value = json_number(float(text) if any(mark in text for mark in ".eEN") else int(text))
    if value in (float("inf"), float("-inf")) or value != value:  # noqa: PLR0124
        raise ValueError(text)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError
    return out


_KINDS = {list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
