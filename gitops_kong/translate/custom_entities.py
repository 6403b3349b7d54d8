"""KongCustomEntities → entities of any further type (KIC `kongstate/customentity.go`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops_kong.cluster.references import CONFIGURATION
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context
from gitops_kong.translate.gojson import float64, kind_of
from gitops_kong.translate.ids import entity_id
from gitops_kong.translate.plugin_relations import (
    NotGrantedError,
    PluginName,
    Relation,
    Relations,
    plugin_namespace,
    source_of,
)
from gitops_kong.translate.plugin_relations import relations as plugin_relations
from gitops_kong.translate.state import Entity, KongState, OwnedEntity, Route, Service, no_entity

# Entity types that have kinds of their own.
KNOWN_TYPES = frozenset(
    ("services", "routes", "upstreams", "targets", "consumers", "consumer_groups", "plugins"),
)
_FOREIGN = ("services", "routes", "consumers")  # in the order in which they sort
_PARENTS = ("KongPlugin", "KongClusterPlugin")


class EntityError(Exception):
    """A custom entity that the controller cannot translate; the message is the controller's."""


@dataclass(frozen=True)
class _Made:
    """An entity made from an object, with the ids of what it refers to by type."""

    entity: Entity
    foreign: Mapping[str, str] = field(default_factory=dict)


def fill_custom_entities(context: Context, state: KongState) -> None:
    """Add the custom entities of this controller, one for each combination that asks for their parent plugin."""
    if not context.options.gate("KongCustomEntity"):
        return
    objects = [
        obj
        for obj in context.store.list(CONFIGURATION, "KongCustomEntity")
        if context.is_own_class(obj.spec.get("controllerName") or "")
    ]
    if not objects:
        return
    translator = _Translator(context, state)
    made: dict[str, list[tuple[tuple[str, ...], OwnedEntity]]] = {}
    for obj in objects:
        entity_type = obj.spec.get("type") or ""
        try:
            entities = translator.entities(obj, entity_type)
        except EntityError as e:
            context.fail(str(e), obj)
            continue
        for one in entities:
            key = (obj.namespace, obj.name, *(one.foreign.get(t, "") for t in _FOREIGN))
            made.setdefault(entity_type, []).append((key, OwnedEntity(one.entity, obj)))
        context.succeed(obj)
    for entity_type, owned in made.items():
        state.custom_entities[entity_type] = [o for _, o in sorted(owned, key=lambda item: item[0])]


class _Translator:
    def __init__(self, context: Context, state: KongState) -> None:
        self.context = context
        self.relations = plugin_relations(state, context, with_groups=False)
        self.service_of = {r.entity["name"]: s for s in state.services for r in s.routes}

    def entities(self, obj: K8sObject, entity_type: str) -> list[_Made]:
        """The entities that `obj` makes. Raises `EntityError`."""
        if entity_type in KNOWN_TYPES:
            raise EntityError(f"cannot use known entity type {entity_type} in custom entity")
        schema = self.context.schemas.entity_fields(entity_type)
        if schema is None:
            error = no_entity(entity_type).error()
            raise EntityError(f"failed to fetch entity schema for entity type {entity_type}: {error}")
        if self.context.behaves("custom-entities-validated"):
            self._validate(obj, entity_type)
        foreign = {
            name: kind
            for name, definition in schema.items()
            if definition.get("type") == "foreign" and (kind := definition.get("reference")) in _FOREIGN
        }
        if not self.context.behaves("custom-entity-for-each-relation"):
            return [self._with_first(obj, foreign)]
        combinations = self._combinations(obj, foreign)
        try:
            fields = _fields(obj)
        except EntityError as e:
            raise EntityError(
                "failed to generate entities from itself and attach foreign entities:"
                f" failed to unmarshal entity fields: {e}"
            ) from None
        if not combinations:
            return [_Made(fields)]
        return [
            _Made(
                {**fields, **{name: {"id": ids.get(kind, "")} for name, kind in foreign.items()}},
                {kind: ids.get(kind, "") for kind in foreign.values()},
            )
            for ids in combinations
        ]

    def _validate(self, obj: K8sObject, entity_type: str) -> None:
        """`POST /schemas/TYPE/validate`."""
        answer = self.context.schemas.validate_entity(entity_type, obj.spec.get("fields"))
        name = f"{obj.namespace}/{obj.name}"
        if answer.status == 400:
            raise EntityError(f"entity {name} failed validation: {answer.message}")
        if answer.status != 200:
            raise EntityError(f"failed validating entity {name}: {answer.error()}")

    def _combinations(self, obj: K8sObject, foreign: Mapping[str, str]) -> list[dict[str, str]]:
        """The ids, by type, of what the parent plugin is bound to (`findCustomEntityForeignFields`)."""
        try:
            key = self._parent(obj, checked=True)
        except (NotGrantedError, EntityError) as e:
            raise EntityError(f"failed to find attached foreign entities for custom entity: {e}") from None
        asked = self.relations.get(key) if key else None
        if asked is None:
            return []
        wanted = set(foreign.values())
        bound = Relations(
            services=self._services(asked) if "services" in wanted else [],
            routes=_identified(asked.routes, "routes") if "routes" in wanted else [],
            consumers=_identified(asked.consumers, "consumers") if "consumers" in wanted else [],
        )
        return [
            {
                kind: relation.identifier
                for kind, relation in zip(_FOREIGN, combination[: len(_FOREIGN)], strict=True)
                if relation is not None
            }
            for combination in bound.combinations()
        ]

    def _parent(self, obj: K8sObject, *, checked: bool) -> str | None:
        """`namespace:name` of the plugin that `spec.parentRef` names, None where it names none.

        Raises `NotGrantedError`, and `EntityError` for one that does not exist; only where `checked`.
        """
        parent = obj.spec.get("parentRef")
        if not parent or parent.get("group") != CONFIGURATION or parent.get("kind") not in _PARENTS:
            return None
        name, namespace = parent.get("name") or "", parent.get("namespace") or obj.namespace
        if checked and namespace != obj.namespace:
            namespace = plugin_namespace(PluginName(namespace, name), source_of(obj), self.context)
        if checked and self.context.behaves("custom-entity-parent-must-exist"):
            kind = parent["kind"]
            where = namespace if kind == "KongPlugin" else ""
            if self.context.store.get(CONFIGURATION, kind, where, name) is None:
                raise EntityError(f"{kind} {f'{where}/{name}' if where else name} not found")
        return f"{namespace}:{name}"

    def _services(self, asked: Relations) -> list[Relation]:
        """The services that ask for a plugin, else those of the routes that do (`getServiceIDFromPluginRels`)."""
        if asked.services:
            return _identified(asked.services, "services")
        found: dict[str, Relation] = {}
        for relation in asked.routes:
            if isinstance(relation.entity, Route):
                service: Service = self.service_of[relation.entity.entity["name"]]
                known = Relation(service.entity["name"], service.parent, service)
                for identified in _identified([known], "services"):
                    found.setdefault(identified.identifier, identified)
        return list(found.values())

    def _with_first(self, obj: K8sObject, foreign: Mapping[str, str]) -> _Made:
        """One entity that refers to the first of each type (KIC 3.2 `fillCustomEntityForeignFields`)."""
        try:
            entity = _fields(obj)
        except EntityError as e:
            raise EntityError(f"failed to unmarshal fields of entity: {e}") from None
        key = self._parent(obj, checked=False)
        asked = self.relations.get(key) if key else None
        if asked is not None:
            bound = {
                "services": self._services(asked),
                "routes": _identified(asked.routes, "routes"),
                "consumers": _identified(asked.consumers, "consumers"),
            }
            entity = {**entity, **{n: {"id": bound[kind][0].identifier} for n, kind in foreign.items() if bound[kind]}}
        return _Made(entity)


def _identified(relations: list[Relation], kind: str) -> list[Relation]:
    """The relations with ids, which their entities keep; consumers without username have none."""
    named = []
    for relation in relations:
        entity = relation.entity.entity
        name = entity.get("username" if kind == "consumers" else "name")
        if name:
            entity.setdefault("id", entity_id(kind, name))
            named.append(relation._replace(identifier=entity["id"]))
    return named


def _fields(obj: K8sObject) -> Entity:
    value: Any = obj.spec.get("fields")
    if value is None:
        raise EntityError("unexpected end of JSON input")
    if not isinstance(value, dict):
        raise EntityError(f"json: cannot unmarshal {kind_of(value)} into Go value of type map[string]interface {{}}")
    entity: Entity = float64(value)
    return entity
