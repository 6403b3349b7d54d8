"""Schemas of a chart's values (`values.schema.json`): Helm's validator would load what they refer to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitops_kong import lazy
from gitops_kong.errors import RenderError
from gitops_kong.sources.base import join

if TYPE_CHECKING:
    import tarfile
else:
    tarfile = lazy.module("tarfile")

_NAME = "values.schema.json"
_MAX_BYTES = 16 * 1024 * 1024
_REFERENCES = frozenset(("$ref", "$dynamicRef", "$recursiveRef"))


def check(root: Path, chart: str) -> None:
    """Raises `RenderError` where a schema in a chart below `root` refers to other files or the network.

    Packed sub-charts are looked into as well.
    """
    for place, text in _schemas(root / chart):
        try:
            schema = json.loads(text)
        except (ValueError, RecursionError):
            continue  # Helm says what is wrong with it
        for reference in _outside(schema):
            raise RenderError(
                f"{join(chart, place)}: the schema refers to {reference}, which is not read; write it into the schema"
            )


def _schemas(chart: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(chart.rglob("*")):
        if file.name == _NAME and file.is_file():
            yield file.relative_to(chart).as_posix(), file.read_bytes()
        elif file.suffix in (".tgz", ".gz") and file.is_file():
            yield from _packed(file, file.relative_to(chart).as_posix())


def _packed(file: Path, place: str) -> Iterator[tuple[str, bytes]]:
    """The schemas of a packed chart. Raises `RenderError` for one that is too large to look at."""
    size = 0
    try:
        with tarfile.open(file, "r|gz") as archive:
            for member in archive:
                size += member.size
                if size > _MAX_BYTES * 8:
                    raise RenderError(f"{place}: unpacks to more than {_MAX_BYTES * 8 // 2**20} MiB")
                name = member.name.replace("\\", "/").rpartition("/")[2]
                content = archive.extractfile(member) if member.isfile() else None
                if content is None:
                    continue
                if name == _NAME:
                    yield f"{place}/{member.name}", content.read(_MAX_BYTES)
    except (tarfile.TarError, OSError, EOFError, ValueError):
        return  # Helm says what is wrong with it


def _outside(schema: Any) -> Iterator[str]:
    """Every reference that leads out of the schema."""
    stack = [schema]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack += value
        elif isinstance(value, dict):
            stack += value.values()
            for name in _REFERENCES & value.keys():
                if isinstance(value[name], str) and not value[name].startswith("#"):
                    yield value[name]
            dialect = value.get("$schema")
            if isinstance(dialect, str) and not dialect.startswith(
                ("http://json-schema.org/", "https://json-schema.org/")
            ):
                yield dialect
