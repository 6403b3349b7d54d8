"""Scenario files: what happens to a controller and its gateway, step by step.

Their format is CONTRACT.md's, 'Scenario files and `simulate`'.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from gitops_kong.errors import UserError

STEP_FIELDS = frozenset({"manifests", "restart", "gatewayRestart", "gateway", "reject", "updates", "expect"})
SCENARIO_FIELDS = frozenset({"name", "options", "steps", "controllerVersion"})
STEP_RESULT_FIELDS = frozenset(
    {
        "pushes",
        "translationFailures",
        "fallback",
        "statuses",
        "events",
        "configStatus",
        "updateFailed",
        "notDecodable",
        "gatewayConfig",
        "seen",
        "leftOut",
        "crash",
        "predictions",
    }
)
OPTION_FIELDS = frozenset(
    {
        "ingressClass",
        "routerFlavor",
        "kongVersion",
        "featureFlags",
        "fallbackConfiguration",
        "useLastValidConfigForFallback",
        "intake",
    }
)
ROUTER_FLAVORS = ("traditional", "traditional_compatible", "expressions")


@dataclass(frozen=True)
class RejectRule:
    """One entity that a `gateway: rules` gateway rejects; empty fields match everything."""

    entity_type: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    message: Mapping[str, str] = field(default_factory=dict)
    untagged: bool = False
    on_push: int | None = None  # 0-based push of the step; None: every push


@dataclass(frozen=True)
class Step:
    """One step: the whole cluster state, and what happens before the update loop runs."""

    manifests: tuple[Path, ...]
    restart: bool = False
    gateway_restart: bool = False
    gateway: Literal["schema", "rules"] = "schema"
    reject: tuple[RejectRule, ...] = ()
    updates: int = 1
    expect: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Scenario:
    """A scenario file; `options` as written there."""

    path: str
    name: str
    options: Mapping[str, Any]
    steps: tuple[Step, ...]
    controller_version: str | None = None

    @property
    def reconcilers_take_in(self) -> bool:
        """Whether only what the reconcilers take in reaches the cache (`intake: reconcilers`, the default)."""
        return bool(self.options.get("intake", "reconcilers") == "reconcilers")


def load(path: str) -> Scenario:
    """Read a scenario file; raises `UserError` that says what to mend."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise UserError(f"{path}: cannot be read: {e}") from e
    try:
        data = json.loads(text) if file.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)
    except (ValueError, yaml.YAMLError) as e:
        raise UserError(f"{path}: not a scenario file: {e}") from e
    return parse(data, path)


def parse(data: Any, path: str) -> Scenario:
    """The scenario in `data`, whose relative paths start at the folder of `path`."""
    _fields(data, SCENARIO_FIELDS, path, "the file")
    options = data.get("options") or {}
    _fields(options, OPTION_FIELDS, path, "options")
    _one_of(options.get("routerFlavor", "traditional"), ROUTER_FLAVORS, path, "options.routerFlavor")
    _one_of(options.get("intake", "cache"), ("reconcilers", "cache"), path, "options.intake")
    steps = data.get("steps")
    if not isinstance(steps, list) or not steps:
        raise UserError(f"{path}: steps: a list with at least one step is needed")
    folder = Path(path).parent
    return Scenario(
        path,
        str(data.get("name") or ""),
        options,
        tuple(_step(step, folder, path, f"steps[{i}]") for i, step in enumerate(steps)),
        None if data.get("controllerVersion") is None else str(data["controllerVersion"]),
    )


def looks_like_tests(file: Path) -> bool:
    """Whether `file` is worth loading as a scenario file with expectations; False for what cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    if not re.search(r"""^\s*(- )?["']?expect["']?:""", text, re.MULTILINE) or "steps" not in text:
        return False
    try:
        data = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError:
        return False
    steps = data.get("steps") if isinstance(data, dict) else None
    return isinstance(steps, list) and any(isinstance(s, dict) and "expect" in s for s in steps)


def _step(data: Any, folder: Path, path: str, where: str) -> Step:
    _fields(data, STEP_FIELDS, path, where)
    manifests = data.get("manifests") or []
    manifests = [manifests] if isinstance(manifests, str) else manifests
    if not isinstance(manifests, list) or not all(isinstance(m, str) for m in manifests):
        raise UserError(f"{path}: {where}.manifests: a path or a list of paths is needed")
    updates = data.get("updates", 1)
    if not isinstance(updates, int) or updates < 0:
        raise UserError(f"{path}: {where}.updates: a number of update loops is needed")
    _one_of(data.get("gateway", "schema"), ("schema", "rules"), path, f"{where}.gateway")
    return Step(
        tuple(folder / m for m in manifests),
        bool(data.get("restart")),
        bool(data.get("gatewayRestart")),
        data.get("gateway", "schema"),
        tuple(_rule(r, path, f"{where}.reject[{i}]") for i, r in enumerate(data.get("reject") or ())),
        updates,
        _expectation(data, path, where),
    )


def _expectation(data: Any, path: str, where: str) -> Mapping[str, Any] | None:
    if "expect" not in data:
        return None
    expect = data["expect"] or {}
    _fields(expect, STEP_RESULT_FIELDS, path, f"{where}.expect")
    return dict(expect)


def _rule(data: Any, path: str, where: str) -> RejectRule:
    fields = {"entityType", "k8sKind", "k8sNamespace", "k8sName", "message", "untagged", "onPush"}
    _fields(data, frozenset(fields), path, where)
    if not isinstance(data.get("message") or {}, Mapping):
        raise UserError(f"{path}: {where}.message: a mapping of fields to messages is needed")
    return RejectRule(
        data.get("entityType") or "",
        data.get("k8sKind") or "",
        data.get("k8sNamespace") or "",
        data.get("k8sName") or "",
        data.get("message") or {},
        bool(data.get("untagged")),
        data.get("onPush"),
    )


def _fields(data: Any, known: frozenset[str], path: str, where: str) -> None:
    if not isinstance(data, Mapping):
        raise UserError(f"{path}: {where}: a mapping is needed")
    unknown = sorted(str(k) for k in data if k not in known)
    if unknown:
        raise UserError(f"{path}: {where}: unknown field {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _one_of(value: Any, allowed: tuple[str, ...], path: str, where: str) -> None:
    if value not in allowed:
        raise UserError(f"{path}: {where}: {value!r} is not one of {', '.join(allowed)}")
