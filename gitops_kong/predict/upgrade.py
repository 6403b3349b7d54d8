"""What becomes of one target when the controller or the gateway goes to another version: two runs side by side."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.errors import object_of_tags
from gitops_kong.controller.versions import BEHAVIOURS
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.model import Finding, Outcome, Scenario, TargetPrediction
from gitops_kong.predict.wording import effects

Config = Mapping[str, Any]

_NESTED = ("routes", "plugins", "targets", "snis")
_SCOPES = ("service", "route", "consumer", "consumer_group")
# Lists whose values are credentials: the names of changed fields are told, never what they hold.
_SECRET = ("certificates", "_credentials", "jwt_secrets", "keyauth", "vaults")
_SHOWN = 60  # characters of a value
_ABSENT = object()


class VersionChange(NamedTuple):
    """A row of controller/versions.py that lies between the versions, or a default that differs."""

    name: str
    gained: bool
    effect: str


class ObjectChange(NamedTuple):
    """An object whose prediction differs: what happens to it before and after, a line for each outcome."""

    object: K8sObject
    before: tuple[str, ...]
    after: tuple[str, ...]


class EntityChange(NamedTuple):
    """What changes alike in several entities of a list: `fields` has a text for each field that differs."""

    entities: str
    fields: tuple[str, ...]
    number: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class TargetUpgrade:
    """One target before and after. `appearing` and `disappearing` are findings that only one version has; `standing`
    are findings of rules on upgrades, which hold for the later version.
    """

    target: str
    objects: tuple[ObjectChange, ...]
    entities: tuple[EntityChange, ...]
    appearing: tuple[Finding, ...]
    disappearing: tuple[Finding, ...]
    standing: tuple[Finding, ...] = ()


def version_changes(before: ControllerOptions, after: ControllerOptions) -> Iterator[VersionChange]:
    """The rows of the versions table, and the feature gates, that differ between the two."""
    effects_by_name: dict[str, str] = {}
    for row in BEHAVIOURS:
        effects_by_name.setdefault(row.name, row.effect)
    for name, effect in effects_by_name.items():
        if before.behaviours[name] != after.behaviours[name]:
            yield VersionChange(name, after.behaviours[name], effect)
    for gate, on in after.feature_gates.items():
        if before.feature_gates.get(gate, False) != on:
            yield VersionChange(gate, on, f"The feature gate {gate} is {'on' if on else 'off'} unless it is set.")


def compare(
    before: TargetPrediction, after: TargetPrediction, configs: tuple[Config, Config], upgrade_rules: Iterable[str]
) -> TargetUpgrade:
    """The two runs of one target; `configs` are what the controllers would push."""
    rules = frozenset(upgrade_rules)
    old, new = ({_key(f): f for f in run.findings} for run in (before, after))
    return TargetUpgrade(
        before.target,
        tuple(_objects(before, after)),
        tuple(_entities(*configs)),
        tuple(f for key, f in new.items() if key not in old),
        tuple(f for key, f in old.items() if key not in new),
        tuple(f for key, f in new.items() if key in old and f.rule in rules),
    )


def _key(finding: Finding) -> tuple[Any, ...]:
    return finding.rule, finding.object and finding.object.ref, finding.message


def _objects(before: TargetPrediction, after: TargetPrediction) -> Iterator[ObjectChange]:
    old, new = _outcomes(before), _outcomes(after)
    objects = {p.object.ref: p.object for p in (*before.predictions, *after.predictions)}
    for ref, obj in objects.items():
        if old.get(ref) != new.get(ref):
            yield ObjectChange(obj, effects(obj.kind, old.get(ref, {})), effects(obj.kind, new.get(ref, {})))


def _outcomes(run: TargetPrediction) -> dict[Ref, dict[Scenario, Outcome]]:
    scenarios = run.scenarios
    found: defaultdict[Ref, dict[Scenario, Outcome]] = defaultdict(dict)
    for prediction in run.predictions:
        for scenario in scenarios if prediction.scenario == "*" else (prediction.scenario,):
            found[prediction.object.ref][scenario] = prediction.outcome
    return found


def _entities(before: Config, after: Config) -> Iterator[EntityChange]:
    old, new = dict(_flat(before)), dict(_flat(after))
    alike: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for key in {**old, **new}:
        if key not in new:
            alike[key[0], ("no longer there",)].append(key[1])
        elif key not in old:
            alike[key[0], ("new",)].append(key[1])
        elif old[key] != new[key]:
            hidden = any(mark in key[0] for mark in _SECRET)
            fields = tuple(_fields("", old[key], new[key], hidden))
            alike[key[0], fields].append(key[1])
    for (entities, fields), names in alike.items():
        yield EntityChange(entities, fields, len(names), tuple(names[:3]))


def _flat(config: Config) -> Iterator[tuple[tuple[str, str, int], Mapping[str, Any]]]:
    """Every entity without those that stand in it, by its list, a name for people and a number for equal names."""
    seen: Counter[tuple[str, str]] = Counter()

    def walk(name: str, entities: Any, above: str) -> Iterator[tuple[tuple[str, str, int], Mapping[str, Any]]]:
        for entity in entities if isinstance(entities, list) else ():
            if not isinstance(entity, Mapping):
                continue
            title = _title(entity, above)
            seen[name, title] += 1
            inner = [child for child in _NESTED if isinstance(entity.get(child), list)]
            yield (name, title, seen[name, title]), {k: v for k, v in entity.items() if k not in inner}
            for child in inner:
                yield from walk(child, entity[child], str(entity.get("name") or title))

    for name, entities in config.items():
        yield from walk(name, entities, "")


def _title(entity: Mapping[str, Any], above: str) -> str:
    owner = object_of_tags(entity.get("tags") or ())
    name = str(
        entity.get("instance_name") or entity.get("name") or entity.get("username") or entity.get("target") or ""
    )
    scope = " ".join(f"{scope} {entity[scope]}" for scope in _SCOPES if isinstance(entity.get(scope), str))
    return " of ".join(filter(None, (name, scope or above, str(owner) if owner else ""))) or "without a name"


def _fields(path: str, before: Any, after: Any, hidden: bool) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {**before, **after}:
            old, new = before.get(name, _ABSENT), after.get(name, _ABSENT)
            if old != new:
                yield from _fields(f"{path}.{name}" if path else str(name), old, new, hidden)
    elif hidden or path == "id" or (path.startswith("config") and not (_plain(before) and _plain(after))):
        yield f"{path} {'is new' if before is _ABSENT else 'is gone' if after is _ABSENT else 'changes'}"
    else:
        yield f"{path}: {_shown(before)} → {_shown(after)}"


def _plain(value: Any) -> bool:
    """Whether a value of a plugin's config can be no secret."""
    return value is _ABSENT or value is None or isinstance(value, bool | int | float)


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "(none)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
