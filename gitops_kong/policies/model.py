"""A rule of `policies/` and of a user's own `.gitops-kong/policies/`: plain data, read from one YAML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from gitops_kong.errors import UserError
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.predict.model import SEVERITIES, Severity

GROUPS = ("availability", "correctness", "security", "upgrade")
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_REQUIRED = ("id", "group", "severity", "title", "meaning", "remediation", "expression", "message", "examples")
_KNOWN = frozenset((*_REQUIRED, "kinds", "enabled"))
_USED_RELATIONS = re.compile(r"\brelations\.(\w+)")


@dataclass(frozen=True)
class Policy:
    """One rule.

    `kinds` are the kinds that it looks at; without any it judges the controller's settings once for a target.
    `expression` is CEL and true where the rule is broken; `message` is CEL and gives the text. `relations` are the
    relations that the two use. `examples` are `{"pass": [...], "fail": [...]}`, each a mapping with `objects` and
    perhaps `controller`.
    """

    id: str
    group: str
    severity: Severity
    title: str
    meaning: str
    remediation: str
    expression: str
    message: str
    examples: Mapping[str, Any]
    kinds: frozenset[str] = frozenset()
    enabled: bool = True
    relations: tuple[str, ...] = ()


def read_policy(text: bytes, file: str) -> Policy:
    """The rule in `text`. Raises UserError that names the file and what is wrong."""
    documents = read_documents(text, file)
    data = documents[0] if len(documents) == 1 else None
    if not isinstance(data, Mapping):
        raise UserError(f"{file}: one rule is expected, a mapping with {', '.join(_REQUIRED)}")
    for name in _REQUIRED:
        if name not in data:
            raise UserError(f"{file}: {name!r} is missing")
    unknown = sorted(set(data) - _KNOWN)
    if unknown:
        raise UserError(f"{file}: unknown field {unknown[0]!r}; known are {', '.join(sorted(_KNOWN))}")
    if not isinstance(data["id"], str) or not _ID.fullmatch(data["id"]):
        raise UserError(f"{file}: id {data['id']!r}: lower-case words joined by hyphens are needed")
    if data["group"] not in GROUPS:
        raise UserError(f"{file}: group {data['group']!r} is not one of {', '.join(GROUPS)}")
    if data["severity"] not in SEVERITIES:
        raise UserError(f"{file}: severity {data['severity']!r} is not one of {', '.join(SEVERITIES)}")
    texts = {name: data[name] for name in _REQUIRED if name != "examples"}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise UserError(f"{file}: {name}: text is needed")
    examples = data["examples"]
    if not isinstance(examples, Mapping) or not examples.get("pass") or not examples.get("fail"):
        raise UserError(f"{file}: examples: at least one under `pass` and one under `fail` are needed")
    return Policy(
        id=data["id"],
        group=data["group"],
        severity=cast("Severity", data["severity"]),
        title=data["title"].strip(),
        meaning=data["meaning"].strip(),
        remediation=data["remediation"].strip(),
        expression=data["expression"].strip(),
        message=data["message"].strip(),
        examples=examples,
        kinds=frozenset(data.get("kinds") or ()),
        enabled=bool(data.get("enabled", True)),
        relations=tuple(sorted(set(_USED_RELATIONS.findall(data["expression"] + data["message"])))),
    )


def built_in() -> dict[str, Policy]:
    """The project's own rules by id, in alphabetical order."""
    return read_folder(_folder())


def read_folder(folder: Path) -> dict[str, Policy]:
    """All rules of a folder by id. Raises UserError for a rule that cannot be read or an id that is there twice."""
    found: dict[str, Policy] = {}
    for path in sorted(folder.glob("*.yaml")):
        policy = read_policy(path.read_bytes(), path.name)
        if policy.id in found:
            raise UserError(f"{path.name}: there is another rule {policy.id!r}")
        found[policy.id] = policy
    return found


def _folder() -> Path:
    """`rules/` in an installed package, the top-level `policies/` in a checkout."""
    packaged = Path(__file__).parent / "rules"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "policies"
