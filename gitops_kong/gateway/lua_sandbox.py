"""Runs a plugin's ``schema.lua`` where it can do no harm.

It runs in a process of its own with limits on time, memory and files, and there in a Lua (`lupa`, the extra ``lua``)
whose environment holds only plain values: no files, processes, debugging, loading of code, or modules, see
``sandbox.lua``. What comes back is JSON; functions in it are ``{"<function>": true}``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import os
import sys
from typing import TYPE_CHECKING, Any

from gitops_kong import lazy
from gitops_kong.errors import UserError
from gitops_kong.gateway.typedefs import TYPEDEFS

if TYPE_CHECKING:
    import subprocess
    from importlib import resources
else:
    subprocess = lazy.module("subprocess")
    resources = lazy.module("importlib.resources")

_INSTRUCTIONS = 20_000_000
_MEMORY = 64 * 1024 * 1024
_SECONDS = 2
_MAX_SOURCE = 1024 * 1024


def run(source: str, name: str) -> Any:
    """The value that the schema's source returns; raises UserError when it fails, or takes too long or too much.

    ``name`` is how messages call it.
    """
    if importlib.util.find_spec("lupa") is None:
        raise UserError(f"{name}: reading schema.lua needs lupa; install gitops-kong[lua]")
    if len(source) > _MAX_SOURCE:
        raise UserError(f"{name}: larger than {_MAX_SOURCE} characters")
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PATH": os.defpath}
    command = [sys.executable, "-c", "from gitops_kong.gateway.lua_sandbox import serve; serve()"]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(source),
            capture_output=True,
            text=True,
            timeout=5 * _SECONDS,
            env=environment,
            check=False,
        )
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise UserError(f"{name}: the schema runs too long") from None
    except ValueError:
        raise UserError(f"{name}: the schema was stopped; it takes too long or too much memory") from None
    if "error" in answer:
        raise UserError(f"{name}: {answer['error']}")
    return answer["value"]


def serve() -> None:
    """The process of its own: a JSON text on stdin is the source, a JSON object on stdout the answer."""
    source = json.loads(sys.stdin.read())
    sys.stdout.write(json.dumps(_answer(source)))


def _answer(source: str) -> dict[str, Any]:
    from lupa.lua51 import LuaError, LuaMemoryError, LuaRuntime  # noqa: PLC0415 - the optional extra

    _limit_process()
    lua = LuaRuntime(
        encoding="latin-1",
        register_eval=False,
        register_builtins=False,
        attribute_filter=_no_attributes,
        max_memory=_MEMORY,
    )
    sandbox = lua.execute(resources.files("gitops_kong.gateway").joinpath("sandbox.lua").read_text("utf-8"))
    lua.globals()["python"] = None
    typedefs = f"local null = ...\nreturn {_literal(TYPEDEFS)}"
    try:
        found = sandbox(typedefs, source.encode("utf-8", "surrogatepass").decode("latin-1"), _INSTRUCTIONS)
    except LuaMemoryError:
        return {"error": "the schema takes too much memory"}
    except LuaError as error:
        return {"error": str(error).split("\nstack traceback:")[0]}
    return {"value": _as_utf8(json.loads(found))}


def _limit_process() -> None:
    """Little time, memory for Lua and Python, and no file may be written any more."""
    import resource  # noqa: PLC0415 - POSIX alone, and only in the process of its own

    for limit, value in (
        (resource.RLIMIT_CPU, _SECONDS),
        (resource.RLIMIT_AS, 1024 * 1024 * 1024),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # not every system has each of them
            resource.setrlimit(limit, (value, value))


def _no_attributes(_: object, name: object, __: bool) -> object:
    raise AttributeError(f"no access to {name}")


def _literal(value: Any) -> str:
    """A value as Lua source; None is the null that the source gets as its argument."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(f"\\{byte:03d}" for byte in value.encode()) + '"'
    if isinstance(value, dict):
        return "{" + ",".join(f"[{_literal(key)}]={_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ",".join(map(_literal, value)) + "}"
    return repr(value)


def _as_utf8(value: Any) -> Any:
    """Text of bytes as the UTF-8 that it is."""
    if isinstance(value, str):
        return value.encode("latin-1").decode("utf-8", "replace")
    if isinstance(value, list):
        return [_as_utf8(item) for item in value]
    if isinstance(value, dict):
        return {_as_utf8(key): _as_utf8(item) for key, item in value.items()}
    return int(value) if isinstance(value, float) and math.isfinite(value) and value.is_integer() else value
