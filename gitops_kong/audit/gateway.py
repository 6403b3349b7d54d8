"""Where the gateway runs something else than the controller makes of the objects of now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from gitops_kong.audit.evidence import AuditEvidence
from gitops_kong.audit.found import finding
from gitops_kong.controller.errors import object_of_tags
from gitops_kong.live.admin_api import flat
from gitops_kong.manifests.objects import Ref
from gitops_kong.predict.model import Finding

# Types whose entities are compared by value; of others (credentials, certificates) only whether they are there is told
_COMPARED = ("services", "routes", "plugins", "upstreams")
_NAMED = 4
_REFERENCES = frozenset(("service", "route", "consumer", "consumer_group"))

Entity = dict[str, Any]


def gateway(evidence: AuditEvidence) -> Iterator[Finding]:
    """Entities that the gateway lacks, has beside, or runs with other values, by the object that they come from."""
    expected_config = evidence.reader.life.running
    if evidence.gateway is None or expected_config is None:
        return
    posted = flat(expected_config)
    filled = flat(evidence.world.gateway.stored(expected_config))
    lacking: defaultdict[Ref | None, list[str]] = defaultdict(list)
    more: defaultdict[Ref | None, list[str]] = defaultdict(list)
    differing: defaultdict[Ref | None, list[str]] = defaultdict(list)
    for kind in _COMPARED:
        running = _by_key(evidence.gateway.entities.get(kind, ()))
        wanted = _by_key(posted.get(kind, ()))
        values = _by_key(filled.get(kind, ()))
        for key, entities in wanted.items():
            owner = _owner(entities[0])
            have = running.get(key, [])
            missing = len(entities) - len(have)
            if missing > 0:
                lacking[owner].append(
                    f"{kind[:-1]} {_name(entities[0])}{f' ({missing} of them)' if missing > 1 else ''}"
                )
            elif kind != "plugins" or len(entities) == 1:
                fields = _differences(entities[0], values.get(key, entities)[0], have[0])
                if fields:
                    differing[owner].append(f"{kind[:-1]} {_name(entities[0])}: {', '.join(fields)}")
        for key, entities in running.items():
            owner = _owner(entities[0])
            if key not in wanted and owner is not None:
                more[owner].append(f"{kind[:-1]} {_name(entities[0])}")
    for rule, found in (("gateway-lacks", lacking), ("gateway-has-more", more), ("gateway-differs", differing)):
        for owner, told in found.items():
            yield finding(rule, _listed(told), evidence.live.get(owner) or owner if owner else None)


def _by_key(entities: Any) -> dict[tuple[str, ...], list[Entity]]:
    """Entities by name, plugins by name and owner: their ids and references differ between forms."""
    found: defaultdict[tuple[str, ...], list[Entity]] = defaultdict(list)
    for entity in entities:
        owner = _owner(entity)
        is_plugin = "config" in entity or "instance_name" in entity
        key = (_name(entity), *(map(str, owner or ()) if is_plugin else ()))
        found[key].append(entity)
    return dict(found)


def _owner(entity: Mapping[str, Any]) -> Ref | None:
    return object_of_tags([tag for tag in entity.get("tags") or () if isinstance(tag, str)])


def _name(entity: Mapping[str, Any]) -> str:
    return str(entity.get("name") or entity.get("id") or "without a name")


def _differences(posted: Entity, filled: Entity, running: Entity) -> list[str]:
    """Fields that the controller sets and that the gateway has with another value; values are never told."""
    found: list[str] = []
    for field in posted:
        if field in _REFERENCES or field in ("id", "tags") or field not in filled:
            continue
        want, have = _plain(filled[field]), _plain(running.get(field))
        if field == "config" and isinstance(posted[field], Mapping) and isinstance(have, dict):
            set_fields = [f for f in posted[field] if posted[field][f] is not None]
            found += [f"config.{f}" for f in set_fields if isinstance(want, dict) and want.get(f) != have.get(f)]
        elif want != have:
            found.append(field)
    return found


def _plain(value: Any) -> Any:
    """A value without what forms differ in: nulls and empty collections, whole numbers as floats, order of sets."""
    if isinstance(value, Mapping):
        kept = {key: _plain(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner is not None} or None
    if isinstance(value, list):
        plain = [_plain(inner) for inner in value]
        return sorted(plain, key=str) or None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _listed(entities: list[str]) -> str:
    more = len(entities) - _NAMED
    return ", ".join(entities[:_NAMED]) + (f" and {more} more" if more > 0 else "")
