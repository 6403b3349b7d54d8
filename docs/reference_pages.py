"""The generated parts of the reference: what a controller's version changes, and the keys of `.gitops-kong.yaml`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from gitops_kong.controller.versions import BEHAVIOURS, FEATURE_GATE_DEFAULTS, NEWEST_PATCHES, Version


def versions() -> str:
    """docs/versions.md: every difference between controller versions that is simulated."""
    known = ", ".join(f"{a}.{b}.0 – {a}.{b}.{patch}" for (a, b), patch in sorted(NEWEST_PATCHES.items()))
    lines = ["# Controller versions", ""]
    lines += [f"Known are {known}. A newer patch release is taken to behave like the newest known one of its line.", ""]
    lines += [
        "## What differs",
        "",
        "Every row of `gitops_kong/controller/versions.py`. *From* has it, *until* no longer has it;",
    ]
    lines += ["`gitops-kong upgrade-check` tells those that lie between two versions.", ""]
    lines += ["| difference | from | until | what it changes |", "| --- | --- | --- | --- |"]
    for row in BEHAVIOURS:
        lines.append(f"| `{row.name}` | {_version(row.since)} | {_version(row.until)} | {_cell(row.effect)} |")
    lines += ["", "## Feature gates", "", "| gate | on by default |", "| --- | --- |"]
    lines += [f"| `{gate.gate}` | {_since(gate.on_since)} |" for gate in FEATURE_GATE_DEFAULTS]
    return "\n".join(lines) + "\n"


def _version(version: Version | None) -> str:
    return ".".join(map(str, version)) if version else ""


def _since(version: Version | None) -> str:
    return f"since {_version(version)}" if version else "no"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def configuration() -> str:
    """The table of keys for docs/configuration.md."""
    schema = json.loads(files("gitops_kong.sources").joinpath("config.schema.json").read_text(encoding="utf-8"))
    lines = ["| key | value | what |", "| --- | --- | --- |"]
    for path, value, text in _keys(schema["properties"], schema["$defs"], ""):
        lines.append(f"| `{path}` | {value} | {text} |")
    return "\n".join(lines) + "\n"


def _keys(properties: dict[str, Any], defined: dict[str, Any], above: str) -> Iterator[tuple[str, str, str]]:
    for name, given in properties.items():
        found = {**defined.get(str(given.get("$ref", "")).rpartition("/")[2], {}), **given}
        items = found.get("items", {})
        items = {**defined.get(str(items.get("$ref", "")).rpartition("/")[2], {}), **items}
        path = f"{above}{name}{'[]' if found.get('type') == 'array' else ''}"
        yield path, _value(found, items, defined), _cell(found.get("description", ""))
        inner = items if found.get("type") == "array" else found
        repeated = above and inner in (defined["controller"], defined["gateway"], defined["helm"])
        if "properties" in inner and not repeated and not (above and name == "controller"):
            yield from _keys(inner["properties"], defined, f"{path}.")


def _value(schema: dict[str, Any], items: dict[str, Any], defined: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(v) if isinstance(v, bool) else v}`" for v in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {items.get('type', 'object')}s"
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        target = defined.get(str(more.get("$ref", "")).rpartition("/")[2], more)
        of = _value(target, {}, defined) if "enum" in target else " or ".join(_types(target))
        return f"object of {of}"
    return " or ".join(_types(schema)) or "object"


def _types(schema: dict[str, Any]) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)
