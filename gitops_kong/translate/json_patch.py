"""`configPatches`: values of Secrets put into a plugin's configuration by JSON Patch.

Behaviour of evanphx/json-patch 5.9 with `EnsurePathExistsOnAdd`, as `kongstate.applyJSONPatchFromNamespacedSecretRef`
uses it: `add` at a path, `replace` at the root. Its messages are what users see.
"""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

from gitops_kong.translate import gojson
from gitops_kong.translate.gotext import integer, quote

_MISSING = object()
INVALID = "invalid state detected"


class PatchError(Exception):
    """A patch that does not apply; the message is the library's."""


def apply(document: Any, path: str, value: bytes, *, refuses_root_scalar: bool) -> Any:
    """`document` with the JSON text `value` at `path`; `document` stays as it is.

    `refuses_root_scalar`: a root that is neither object nor array is an error; before, such a patch did nothing.
    """
    # The controller puts path and value into the text of a patch as they are.
    raw = f'[{{"op":"{"replace" if path == "" else "add"}","path":"{path}","value":{gojson.text_of(value)}}}]'
    try:
        operation = gojson.read(raw)[0]
    except ValueError:
        raise PatchError(INVALID) from None
    where, new = operation["path"], operation["value"]
    if document is not None and not isinstance(document, dict | list):
        raise PatchError(f"json: cannot unmarshal {gojson.kind_of(document)} into Go value of type {_ROOT}")
    if where == "":
        return _replaced(document, new, refuses_root_scalar)
    document = json.loads(json.dumps(document))
    _ensure(document, where)
    _add(document, where, new)
    return document


_ROOT = "map[string]*jsonpatch.lazyNode"


def _replaced(document: Any, new: Any, refuses_root_scalar: bool) -> Any:
    if new is None or isinstance(new, dict | list):
        return new
    if refuses_root_scalar:
        raise PatchError("replace operation value must be object or array: %!w(<nil>)")
    return document


def _ensure(document: Any, path: str) -> None:
    """Create what is missing on the way to `path` (`ensurePathExists`)."""
    if document is None:
        return
    parts = path.split("/")[1:]
    here = document
    for part, following in pairwise(parts):
        found = _get(here, _decoded(part))
        if found is _MISSING or found is None:
            here = _created(here, part, following)
        elif isinstance(found, dict | list):
            here = found
        else:
            raise PatchError(INVALID)


def _created(here: Any, part: str, following: str) -> Any:
    """A new container at `part`: an array where the following part is an index, padded with nulls."""
    position = integer(part)
    if isinstance(here, list) and position is not None:
        here.extend([None] * (position - len(here)))
    index = integer(following)
    new: Any
    if index is None and following != "-":
        new = {}
    else:
        if index is not None and index < -1:
            raise PatchError(
                f"Unable to ensure path for negative index other than -1: {index}: invalid index referenced"
            )
        new = [None] * max(index or 0, 0)
    with suppress(PatchError):  # not looked at: the value is then not found
        _put(here, part, new)
    return new


def _add(document: Any, path: str, new: Any) -> None:
    here = document
    first, *parts = path.split("/")
    if not parts:
        raise PatchError(f'add operation does not apply: doc is missing path: "{first}": missing value')
    for part in parts[:-1]:
        here = None if here is None else _get(here, _decoded(part))
        if not isinstance(here, dict | list):
            raise PatchError(f'add operation does not apply: doc is missing path: "{path}": missing value')
    try:
        _put(here, _decoded(parts[-1]), new)
    except PatchError as e:
        raise PatchError(f"error in add for path: '{path}': {e}") from None


def _get(container: Any, key: str) -> Any:
    if isinstance(container, dict):
        return container.get(key, _MISSING) if key else _MISSING
    index = integer(key)
    if index is None or not -len(container) <= index < len(container):
        return _MISSING
    return container[index]


def _put(container: Any, key: str, new: Any) -> None:
    if container is None:  # a document that is null
        raise PatchError("invalid value, expected object")
    if isinstance(container, dict):
        container[key] = new
        return
    if key == "-":
        container.append(new)
        return
    index = integer(key)
    if index is None:
        raise PatchError(
            f"value was not a proper array index: '{key}': strconv.Atoi: parsing {quote(key)}: invalid syntax"
        )
    size = len(container) + 1
    if not -size <= index < size:
        raise PatchError(f"Unable to access invalid index: {index}: invalid index referenced")
    container.insert(index + size if index < 0 else index, new)


def _decoded(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
