"""What a change makes of each route in Kong: its services, routes, plugins and upstreams before and after.

Both sides are what the controller makes of the manifests; whether it reaches a gateway is said by the predictions.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from gitops_kong.controller.errors import object_of_tags
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.manifests.secrets import MASK, Scrubber
from gitops_kong.policies.plugin_fields import inline_secrets
from gitops_kong.predict.kinds import ROUTE_KINDS
from gitops_kong.report.configuration import secret_fields

Config = Mapping[str, Any]
Change = Literal["added", "modified", "removed"]

_NOT_SHOWN = frozenset({"id", "tags", "name", "routes", "plugins", "targets", "route", "service"})
# What people look for first; the other fields follow in the controller's order.
_FIRST = ("hosts", "paths", "methods", "headers", "snis", "expression", "priority", "protocols", "host", "port", "path")
_owner = lru_cache(maxsize=65536)(object_of_tags)


class FieldChange(NamedTuple):
    """One field, or one item of a list: its value as text before and after, None on the side that lacks it."""

    path: str
    before: str | None
    after: str | None


class EntityChange(NamedTuple):
    """One entity of Kong that differs. `name` is its name after the change, before it where it is removed.

    `made_from` is the object that it comes from where that is not the route's own, such as a KongPlugin.
    """

    entity: Literal["service", "route", "plugin", "upstream"]
    name: str
    made_from: Ref | None
    change: Change
    fields: tuple[FieldChange, ...]


class RouteChange(NamedTuple):
    """What becomes of the routes of one object; a plugin that applies to every request stands here by itself."""

    object: Ref
    change: Change
    entities: tuple[EntityChange, ...]


_Name = tuple[str, str, "Ref | None"]


class _Entity(NamedTuple):
    entity: Literal["service", "route", "plugin", "upstream"]
    name: str
    owner: Ref | None
    fields: Mapping[str, Any]

    @property
    def key(self) -> _Name:
        return self.entity, self.name, self.owner


class _Side(NamedTuple):
    """What each route object and each global plugin became; what routes share, by its name."""

    of_object: Mapping[Ref, list[_Entity]]
    shared: Mapping[_Name, _Entity]


def route_changes(before: Config, after: Config, objects: Iterable[K8sObject]) -> tuple[RouteChange, ...]:
    """Every object whose routes differ between two configurations of the controller, in the order of `after`.

    `objects` are those of both sides: values of their Secrets are not shown, only that they differ.
    """
    if before is after:
        return ()
    old, new = _side(before), _side(after)
    hide = _Hidden(objects)
    found = []
    for ref in {**new.of_object, **old.of_object}:
        was, is_ = old.of_object.get(ref, []), new.of_object.get(ref, [])
        if was == is_:
            continue
        known_before = [e for e in is_ if old.shared.get(e.key) == e and e not in was]
        known_after = [e for e in was if new.shared.get(e.key) == e and e not in is_]
        entities = tuple(_entities(ref, was + known_before, is_ + known_after, hide))
        if entities:
            found.append(RouteChange(ref, "added" if not was else "removed" if not is_ else "modified", entities))
    return tuple(found)


def _side(config: Config) -> _Side:
    upstreams = {u.get("name"): u for u in config.get("upstreams") or ()}
    of_route: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    of_service: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    found: dict[Ref, list[_Entity]] = {}
    known: dict[_Name, _Entity] = {}
    for plugin in config.get("plugins") or ():
        owner = _owner(tuple(plugin.get("tags") or ()))
        if plugin.get("route"):
            of_route[plugin["route"]].append(plugin)
        elif plugin.get("service"):
            of_service[plugin["service"]].append(plugin)
        elif owner and not plugin.get("consumer") and not plugin.get("consumer_group"):
            found.setdefault(owner, []).append(_plugin(plugin, {}))
    for service in config.get("services") or ():
        routes: defaultdict[Ref, list[Mapping[str, Any]]] = defaultdict(list)
        for route in service.get("routes") or ():
            owner = _owner(tuple(route.get("tags") or ()))
            if owner and owner.kind in ROUTE_KINDS:
                routes[owner].append(route)
        shared = [_entity("service", service)]
        shared += [_plugin(p, {"service": service["name"]}) for p in of_service[service["name"]]]
        if upstream := upstreams.get(service.get("host")):
            shared.append(_entity("upstream", upstream))
        known |= {entity.key: entity for entity in shared}
        for owner, own in routes.items():
            entities = found.setdefault(owner, [])
            entities += shared
            entities += (_entity("route", route) for route in own)
            entities += _route_plugins(own, of_route)
    return _Side(found, known)


def _entity(entity: Literal["service", "route", "plugin", "upstream"], value: Mapping[str, Any]) -> _Entity:
    names = [name for name in (*_FIRST, *value) if name in value and name not in _NOT_SHOWN]
    fields = {name: value[name] for name in names if value[name] is not None}
    return _Entity(entity, str(value.get("name") or ""), _owner(tuple(value.get("tags") or ())), fields)


def _plugin(value: Mapping[str, Any], scope: Mapping[str, Any]) -> _Entity:
    made = _entity("plugin", value)
    return made._replace(fields={**scope, **made.fields})


def _route_plugins(
    routes: list[Mapping[str, Any]], of_route: Mapping[str, list[Mapping[str, Any]]]
) -> Iterator[_Entity]:
    """The plugins of an object's routes: one that all of them have is told once, another with its routes."""
    told: list[tuple[_Entity, list[str]]] = []
    for route in routes:
        for plugin in of_route.get(route["name"], ()):
            made = _plugin(plugin, {})
            known = next((names for entity, names in told if entity == made), None)
            if known is None:
                told.append((made, [route["name"]]))
            else:
                known.append(route["name"])
    for made, names in told:
        yield made if len(names) == len(routes) else made._replace(fields={"routes": names, **made.fields})


def _entities(ref: Ref, before: Iterable[_Entity], after: Iterable[_Entity], hide: _Hidden) -> Iterator[EntityChange]:
    old, new = _numbered(before), _numbered(after)
    gone = [key for key in old if key not in new]
    came = [key for key in new if key not in old]
    renamed = dict(_pairs(gone, came))
    for key, entity in new.items():
        was = old.get(renamed.get(key, key))
        fields = tuple(_fields(was, entity, hide))
        if fields:
            yield _change("added" if was is None else "modified", entity, ref, fields)
    for key in gone:
        if key not in renamed.values():
            yield _change("removed", old[key], ref, tuple(_fields(old[key], None, hide)))


def _change(change: Change, entity: _Entity, ref: Ref, fields: tuple[FieldChange, ...]) -> EntityChange:
    return EntityChange(entity.entity, entity.name, entity.owner if entity.owner != ref else None, change, fields)


_Key = tuple[str, str, "Ref | None", int]  # _Name and a number


def _numbered(entities: Iterable[_Entity]) -> dict[_Key, _Entity]:
    """Entities by kind, name and owner; those alike in all of these are numbered. The same entity counts once."""
    seen: Counter[_Name] = Counter()
    found: dict[_Key, _Entity] = {}
    for entity in entities:
        number = seen[entity.key]
        keys: list[_Key] = [(*entity.key, i) for i in range(number + 1)]
        if not any(found[key] == entity for key in keys[:-1]):
            found[keys[-1]] = entity
            seen[entity.key] += 1
    return found


def _pairs(gone: list[_Key], came: list[_Key]) -> Iterator[tuple[_Key, _Key]]:
    """What has another name, not another entity: names hold hosts, ports and namespaces. Plugins have no such names."""
    for kind in ("service", "route", "upstream"):
        one, other = ([key for key in keys if key[0] == kind] for keys in (gone, came))
        if len(one) == len(other) == 1:
            yield other[0], one[0]


def _fields(before: _Entity | None, after: _Entity | None, hide: _Hidden) -> Iterator[FieldChange]:
    old, new = hide.flat(before), hide.flat(after)
    if before and after and before.name != after.name:
        yield FieldChange("name", before.name, after.name)
    for path in {**old, **new}:
        was, is_ = old.get(path, _NOTHING), new.get(path, _NOTHING)
        if was.value == is_.value:
            continue
        if isinstance(was.value, list) or isinstance(is_.value, list):
            yield from _items(path, was, is_)
        else:
            yield FieldChange(path, was.text, is_.text)


class _Leaf(NamedTuple):
    """A value of a flattened entity, and the text that stands for it; for a list one text an item."""

    value: Any
    texts: tuple[str, ...] = ()

    @property
    def text(self) -> str | None:
        return ", ".join(self.texts) if self.texts else None

    @property
    def items(self) -> list[Any]:
        return self.value if isinstance(self.value, list) else [self.value] if self.texts else []


_NOTHING = _Leaf(None)


def _items(path: str, was: _Leaf, is_: _Leaf) -> Iterator[FieldChange]:
    """A list item by item; one whose order alone differs as a whole."""
    gone = [text for item, text in zip(was.items, was.texts, strict=True) if item not in is_.items]
    came = [text for item, text in zip(is_.items, is_.texts, strict=True) if item not in was.items]
    if not gone and not came:
        yield FieldChange(path, was.text, is_.text)
    yield from (FieldChange(path, text, None) for text in gone)
    yield from (FieldChange(path, None, text) for text in came)


class _Hidden:
    """What of a plugin's configuration no report may show."""

    def __init__(self, objects: Iterable[K8sObject]) -> None:
        objects = list(objects)
        self._scrub = Scrubber(objects)
        self._fields: defaultdict[Ref, set[str]] = defaultdict(set)  # the first step of the path, '' for all
        for obj in objects:
            if fields := secret_fields(obj):
                self._fields[obj.ref] |= fields

    def flat(self, entity: _Entity | None) -> dict[str, _Leaf]:
        """Leaves by their path, such as `config.redis.host`; a list of plain values is one."""
        found: dict[str, _Leaf] = {}
        for name, value in entity.fields.items() if entity else ():
            if name == "config" and entity and entity.entity == "plugin":
                found |= self._config(entity.owner, value)
            else:
                found |= _flat(name, value, _text)
        return found

    def _config(self, owner: Ref | None, config: Any) -> dict[str, _Leaf]:
        hidden = self._fields.get(owner, set()) if owner else set()
        if "" in hidden or not isinstance(config, dict):
            return {"config": _Leaf(_text("", config), (MASK,))}
        inline = frozenset(inline_secrets(config))

        def say(path: str, value: Any) -> str:
            return MASK if path in inline else self._scrub(_text(path, value))

        found: dict[str, _Leaf] = {}
        for name, value in sorted(config.items()):
            path = f"config.{name}"
            found |= {path: _Leaf(_text("", value), (MASK,))} if name in hidden else _flat(path, value, say)
        return found


def _flat(path: str, value: Any, say: Callable[[str, Any], str]) -> dict[str, _Leaf]:
    if value is None or value in ([], {}):
        return {}
    if isinstance(value, dict):
        return {k: v for name, inner in value.items() for k, v in _flat(f"{path}.{name}", inner, say).items()}
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return {k: v for i, inner in enumerate(value) for k, v in _flat(f"{path}[{i}]", inner, say).items()}
    if isinstance(value, list):
        return {path: _Leaf(value, tuple(say(f"{path}[{i}]", item) for i, item in enumerate(value)))}
    return {path: _Leaf(value, (say(path, value),))}


def _text(_: str, value: Any) -> str:
    """Text as it is, other values as JSON; text that would not be seen is quoted."""
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value
    return json.dumps(value, ensure_ascii=False)
