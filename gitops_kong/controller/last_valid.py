"""The last valid configuration as a restarted controller gets it: read back from a gateway, and put together again.

KIC `configfetcher.TryFetchingValidConfigFromGateways` and `KongRawStateToKongState`, then `deckgen.ToDeckContent`.
What that code does not carry is lost: plugins that are on no route and no service (global ones, consumers', consumer
groups'), consumers' groups, custom entities (their types are known only once something was translated,
`Translator.CustomEntityTypes`), the server names of certificates, and every id that is not made from a name - so a
service whose client certificate is named by id refers to nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.gateway_state import Config
from gitops_kong.translate.declarative import STUB_UPSTREAM
from gitops_kong.translate.state import GatewaySchemas

Entity = dict[str, Any]

CREDENTIALS = (
    "keyauth_credentials",
    "hmacauth_credentials",
    "basicauth_credentials",
    "jwt_secrets",
    "acls",
    "oauth2_credentials",
    "mtls_auth_credentials",
)


# Set by the gateway, and cleared by the controller when it reads an entity.
_GATEWAY_SET = frozenset({"created_at", "updated_at"})
_CHILDREN = frozenset({"routes", "plugins", "targets", "groups", *CREDENTIALS})
# What stays a map in the controller's types: nulls and empty values in it survive.
_MAPS = frozenset({"config"})


def read_back(stored: Config, options: ControllerOptions, schemas: GatewaySchemas) -> Config:
    """The configuration that a controller pushes again after it read `stored` from a gateway.

    `stored` is a declarative configuration in which every field has the value that the gateway holds.
    """
    keep_ids = options.gate("FillIDs")
    ids = _ids(stored, "consumers", "username", "custom_id") | _ids(stored, "consumer_groups", "name")
    plugins = _Attached([_by_id(schemas.fill_plugin_defaults(p) or p, ids) for p in _all_plugins(stored)])
    config: dict[str, Any] = {"_format_version": stored.get("_format_version", "3.0")}
    lists: dict[str, list[Entity]] = {
        "services": [
            _service(service, names, plugins, options) for service, names in _with_names(stored.get("services"))
        ],
        "upstreams": [_upstream(u) for u in stored.get("upstreams") or ()],
        "certificates": [_certificate(c) for c in stored.get("certificates") or ()],
        "ca_certificates": [_entity(c, keep_id=False) for c in stored.get("ca_certificates") or ()],
        "consumers": [_consumer(c, keep_ids) for c in stored.get("consumers") or ()],
        "consumer_groups": [_entity(g, keep_ids) for g in stored.get("consumer_groups") or ()],
        "vaults": [_entity(v, keep_ids) for v in stored.get("vaults") or ()],
    }
    config |= {name: entities for name, entities in lists.items() if entities}
    if len(config) == 1:
        config["upstreams"] = [{"name": STUB_UPSTREAM}]
    return config


def _all_plugins(config: Config) -> Iterable[Entity]:
    """Every plugin of a declarative configuration, nested ones with the name of their parent."""
    yield from config.get("plugins") or ()
    for service in config.get("services") or ():
        yield from ({**p, "service": service.get("name")} for p in service.get("plugins") or ())
        for route in service.get("routes") or ():
            yield from ({**p, "route": route.get("name")} for p in route.get("plugins") or ())
    for consumer in config.get("consumers") or ():
        yield from ({**p, "consumer": consumer.get("username")} for p in consumer.get("plugins") or ())


def _ids(config: Config, name: str, *names: str) -> dict[tuple[str, str], str]:
    """Ids by the field of a plugin that refers to such entities, and by what a reference may call them."""
    return {
        (name[:-1], entity[key]): entity["id"]
        for entity in config.get(name) or ()
        for key in names
        if entity.get(key) and entity.get("id")
    }


def _by_id(plugin: Entity, ids: Mapping[tuple[str, str], str]) -> Entity:
    """A plugin as the gateway answers it: what it refers to is named by id."""
    named = {f: plugin[f] for f in ("consumer", "consumer_group") if isinstance(plugin.get(f), str)}
    return {**plugin, **{field: ids.get((field, name), name) for field, name in named.items()}}


def _with_names(entities: Iterable[Entity] | None) -> Iterable[tuple[Entity, frozenset[str]]]:
    """Each entity with what a reference may call it: its name or its id."""
    for entity in entities or ():
        yield entity, frozenset(str(entity[k]) for k in ("name", "id") if entity.get(k))


def _service(service: Entity, names: frozenset[str], plugins: _Attached, options: ControllerOptions) -> Entity:
    keep_ids = options.gate("FillIDs")
    result = _entity(service, keep_ids)
    routes = []
    for route, route_names in _with_names(service.get("routes")):
        entity = _entity(route, keep_ids)
        _add(entity, "plugins", plugins.to("route", route_names))
        routes.append(entity)
    _add(result, "routes", routes)
    own = plugins.to("service", names)
    if not options.behaviours["plugin-nulls-kept"]:  # of services' plugins, never of those of routes
        own = [_without_nulls(p) for p in own]
    _add(result, "plugins", own)
    return result


def _without_nulls(plugin: Entity) -> Entity:
    config = {k: v for k, v in (plugin.get("config") or {}).items() if v is not None}
    rest = {k: v for k, v in plugin.items() if k != "config"}
    return {**rest, "config": config} if config else rest


class _Attached:
    """The plugins of a configuration by what they refer to, each in its place in the list."""

    def __init__(self, plugins: Sequence[Entity]) -> None:
        self._plugins = plugins
        self._places: defaultdict[tuple[str, Any], list[int]] = defaultdict(list)
        for place, plugin in enumerate(plugins):
            for field in ("route", "service"):
                reference = plugin.get(field)
                named = reference if isinstance(reference, Mapping) else {"name": reference}
                for name in {named.get("name"), named.get("id")} - {None}:
                    self._places[field, name].append(place)

    def to(self, field: str, names: frozenset[str]) -> list[Entity]:
        """The plugins whose `field` names the entity."""
        places = {place for name in names for place in self._places.get((field, name), ())}
        return [_plugin(self._plugins[place]) for place in sorted(places)]


def _plugin(plugin: Entity) -> Entity:
    entity = _entity(plugin, keep_id=False)
    entity.pop("route", None)
    entity.pop("service", None)
    return entity


def _upstream(upstream: Entity) -> Entity:
    result = _entity(upstream, keep_id=False)
    result.setdefault("algorithm", "round-robin")  # `fillUpstream`; the stub of an empty configuration has none
    _add(result, "targets", [_entity(t, keep_id=False) for t in upstream.get("targets") or ()])
    return result


def _certificate(certificate: Entity) -> Entity:
    """Without its server names: decK's `dump.GetAllCertificates` clears them, and nothing puts them back."""
    return {k: certificate[k] for k in ("cert", "key", "tags") if certificate.get(k)}


def _consumer(consumer: Entity, keep_ids: bool) -> Entity:
    result = _entity(consumer, keep_ids)
    for name in CREDENTIALS:
        credentials = [_entity(c, keep_id=False) for c in consumer.get(name) or ()]
        for credential in credentials:
            credential.pop("consumer", None)
        _add(result, name, credentials)
    return result


def _entity(entity: Entity, keep_id: bool) -> Entity:
    """An entity's own fields as the controller's types hold them: nothing null, nothing empty, nothing set by Kong."""
    result: Entity = {}
    for field, value in entity.items():
        if field in _GATEWAY_SET or field in _CHILDREN or (field == "id" and not keep_id):
            continue
        kept = value if field in _MAPS else _without_empty(value)
        if kept is not None and kept not in ({}, []):
            result[field] = kept
    return result


def _without_empty(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: kept for k, v in value.items() if (kept := _without_empty(v)) is not None and kept not in ({}, [])}
    return value


def _add(entity: Entity, field: str, children: list[Entity]) -> None:
    if children:
        entity[field] = children
