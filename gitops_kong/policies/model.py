"""A rule of `policies/` and of a user's own `.gitops-kong/policies/`: plain data, read from one YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from gitops_kong.errors import UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.policies.relations import RELATIONS
from gitops_kong.predict.model import SEVERITIES, Severity

GROUPS = ("availability", "correctness", "security", "upgrade")
_ID = regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_REQUIRED = ("id", "group", "severity", "title", "meaning", "remediation", "expression", "message", "examples")
_KNOWN = frozenset((*_REQUIRED, "kinds", "enabled", "requires", "unless", "plugins", "changes", "looksAt", "field"))
_CHANGES = ("added", "modified", "unchanged")
_LOOKS_AT = ("taken-in", "left-out")
_USED_RELATIONS = regex(r"\brelations\.(\w+)")
_VARIABLE = regex(r"\b(?:object|relations|predictions|change|controller|namespaceObject)\b")
_PATH = regex(r"""\[(?:"([^"]*)"|'([^']*)'|(\d+))\]|([^.\[]+)""")
MAX_TEXT = 16_000  # characters of one expression; an own rule comes from the repository


@dataclass(frozen=True)
class Policy:
    """One rule.

    `kinds` are the kinds that it looks at; without any it judges the controller's settings once for a target.
    `expression` is CEL and true where the rule is broken; `message` is CEL and gives the text. `examples` are
    `{"pass": [...], "fail": [...]}`, each a mapping with `objects` and perhaps more, see `policies.examples`.

    What keeps a rule cheap: `requires` are paths such as `object.spec.tls` or `relations.users` that must lead to
    something that is there and not empty, `unless` those that must not, `changes` what the change did to the object,
    `plugins` the types of KongPlugins that it looks at; all are looked at before the expression. `relations` and
    `variables` are what the two expressions use.

    `looks_at` says whether the rule is for the objects that the controller takes in or for those that it leaves out;
    `field` is the path of the field that a finding points at.
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
    variables: tuple[str, ...] = ()
    requires: tuple[tuple[str, ...], ...] = ()
    unless: tuple[tuple[str, ...], ...] = ()
    plugins: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    looks_at: str = "taken-in"
    field: tuple[str | int, ...] = ()


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
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise UserError(f"{file}: {name}: text of at most {MAX_TEXT} characters is needed")
    examples = data["examples"]
    if not isinstance(examples, Mapping) or not examples.get("pass") or not examples.get("fail"):
        raise UserError(f"{file}: examples: at least one under `pass` and one under `fail` are needed")
    used = f"{data['expression']} {data['message']}"
    requires, unless = _paths(data, "requires", file), _paths(data, "unless", file)
    conditions = (path[1] for path in (*requires, *unless) if path[0] == "relations")
    relations = {*_USED_RELATIONS.findall(used), *conditions}
    for name in relations - set(RELATIONS):
        raise UserError(f"{file}: relations.{name} is not known; known are {', '.join(RELATIONS)}")
    changes = _texts(data, "changes", file, _CHANGES)
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
        kinds=frozenset(_texts(data, "kinds", file)),
        enabled=bool(data.get("enabled", True)),
        relations=tuple(sorted(set(_USED_RELATIONS.findall(used)))),
        variables=tuple(sorted(set(_VARIABLE.findall(used)))),
        requires=requires,
        unless=unless,
        plugins=frozenset(_texts(data, "plugins", file)),
        changes=frozenset(changes),
        looks_at=_one_of(data.get("looksAt", "taken-in"), "looksAt", file, _LOOKS_AT),
        field=path_of(data["field"]) if isinstance(data.get("field"), str) else (),
    )


def path_of(text: str) -> tuple[str | int, ...]:
    """`metadata.annotations["konghq.com/plugins"]` or `spec.rules[0]` as a path."""
    return tuple(int(index) if index else a or b or name for a, b, index, name in _PATH.findall(text))


def _paths(data: Mapping[str, Any], name: str, file: str) -> tuple[tuple[str, ...], ...]:
    paths = tuple(tuple(map(str, path_of(path))) for path in _texts(data, name, file))
    for path in paths:
        if len(path) < 2 or path[0] not in ("object", "relations", "namespaceObject"):
            raise UserError(
                f"{file}: {name}: {'.'.join(path)!r}: object.FIELD, relations.NAME or namespaceObject.FIELD"
            )
    return paths


def _texts(data: Mapping[str, Any], name: str, file: str, known: tuple[str, ...] = ()) -> tuple[str, ...]:
    value = data.get(name) or ()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise UserError(f"{file}: {name}: a list of texts is needed")
    return tuple(_one_of(item, name, file, known) if known else item for item in value)


def _one_of(value: Any, name: str, file: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise UserError(f"{file}: {name}: {value!r} is not one of {', '.join(known)}")
    return str(value)


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
