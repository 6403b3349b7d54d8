"""The Kong state as the declarative configuration that is posted to `/config`.

KIC `deckgen.ToDeckContent` and `sendconfig.DefaultContentToDBLessConfigConverter`: nesting, the fields that are always
filled in, the order of entities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from gitops_kong.translate.context import Context
from gitops_kong.translate.state import Consumer, Entity, KongState, Plugin, Service, Upstream

FORMAT_VERSION = "3.0"
STUB_UPSTREAM = "kong"  # posted where there is nothing else, so that the gateway becomes ready


def declarative(state: KongState, context: Context) -> dict[str, Any]:
    """The configuration of `state`; lists that are empty are left out."""
    consumers = _consumers(state.consumers, context)
    lists: dict[str, list[Entity]] = {
        "services": _descending((_service(s, context) for s in state.services), "name"),
        "consumers": [_consumer(c) for c in consumers],
        "consumer_groups": _descending((g.entity for g in state.consumer_groups), "name"),
        "plugins": sorted(_plugins(state.plugins, context), key=_plugin_key, reverse=True),
        "upstreams": _descending((_upstream(u) for u in state.upstreams), "name"),
        "certificates": _descending((_certificate(c, context) for c in state.certificates), "cert"),
        "ca_certificates": _descending(state.ca_certificates, "cert"),
        "vaults": _descending((v.entity for v in state.vaults), "prefix"),
    }
    config: dict[str, Any] = {"_format_version": FORMAT_VERSION}
    config.update((name, entities) for name, entities in lists.items() if entities)
    if len(config) == 1:
        config["upstreams"] = [{"name": STUB_UPSTREAM}]
    memberships = [
        {"consumer_group": group, "consumer": c.entity.get("username") or c.entity.get("id", "")}
        for c in consumers
        for group in c.groups
    ]
    if memberships:
        config["consumer_group_consumers"] = memberships
    for entity_type, owned in state.custom_entities.items():
        config[entity_type] = [o.entity for o in owned]
    return config


def _descending(entities: Iterable[Entity], key: str) -> list[Entity]:
    return sorted(entities, key=lambda e: e.get(key) or "", reverse=True)


def _service(service: Service, context: Context) -> Entity:
    entity = dict(service.entity)
    routes = []
    for route in service.routes:
        fields = {"https_redirect_status_code": 426, **route.entity}
        if not context.options.expression_routes:
            fields.setdefault("path_handling", "v0")
        if route.plugins:
            # What drops nulls in some versions does not reach the routes of a service.
            plugins = (_plugin(p, context, keeps_nulls=True) for p in route.plugins)
            fields["plugins"] = _descending(plugins, "name")
        routes.append(fields)
    if routes:
        entity["routes"] = routes if len(routes) == 1 else _descending(routes, "name")
    if service.plugins:
        entity["plugins"] = _descending((_plugin(p, context) for p in service.plugins), "name")
    return entity


def _upstream(upstream: Upstream) -> Entity:
    entity = {"algorithm": "round-robin", **upstream.entity}
    if upstream.targets:
        entity["targets"] = _descending(upstream.targets, "target")
    return entity


def _plugins(plugins: Iterable[Plugin], context: Context) -> Iterator[Entity]:
    """All plugins with their defaults, which instances of one object share."""
    defaults: dict[int, _Defaults] = {}
    for plugin in plugins:
        key = id(plugin.parent)
        if key not in defaults:
            defaults[key] = _defaults(plugin.entity, context)
        yield _filled(plugin.entity, defaults[key])


class _Defaults(NamedTuple):
    """What the gateway's schema adds to a plugin, and the fields that are not posted."""

    added: Entity
    dropped: tuple[str, ...]


def _plugin(plugin: Entity, context: Context, *, keeps_nulls: bool = False) -> Entity:
    """The plugin with the gateway's defaults (`fillPlugin`), where the gateway knows its schema."""
    return _filled(plugin, _defaults(plugin, context, keeps_nulls=keeps_nulls))


def _defaults(plugin: Entity, context: Context, *, keeps_nulls: bool = False) -> _Defaults:
    filled = context.schemas.fill_plugin_defaults(plugin)
    known = filled or plugin
    config = known.get("config") or {}
    if not keeps_nulls and not context.behaves("plugin-nulls-kept"):
        config = {key: value for key, value in config.items() if value is not None}
    added: Entity = {key: known[key] for key in ("enabled", "protocols") if key in known}
    dropped = ("run_on",) if filled else ()
    return _Defaults({**added, "config": config}, dropped) if config else _Defaults(added, (*dropped, "config"))


def _filled(plugin: Entity, defaults: _Defaults) -> Entity:
    filled = plugin | defaults.added
    for key in defaults.dropped:
        filled.pop(key, None)
    return filled


def _plugin_key(plugin: Entity) -> str:
    """What plugins are sorted by (`deckgen.PluginString`)."""
    get = plugin.get
    return f"{plugin['name']}{get('consumer', '')}{get('consumer_group', '')}{get('route', '')}{get('service', '')}"


def _certificate(certificate: Entity, context: Context) -> Entity:
    """A certificate whose `snis` are host names until here."""
    entity = {key: value for key, value in certificate.items() if key not in ("snis", "tags")}
    if context.behaves("certificate-tags") and certificate.get("tags"):
        entity["tags"] = certificate["tags"]
    if names := certificate.get("snis"):
        reference = {"certificate": {"id": entity["id"]}} if context.behaves("sni-names-certificate") else {}
        entity["snis"] = [{"name": name, **reference} for name in names]
    return entity


def _consumers(consumers: Iterable[Consumer], context: Context) -> list[Consumer]:
    """Those that are posted, in order (`fConsumerByUsernameAndCustomID`)."""
    if context.behaves("consumers-without-username"):
        posted = [c for c in consumers if "username" in c.entity or "custom_id" in c.entity]
        return sorted(posted, key=lambda c: (c.entity.get("username") or "", c.entity.get("custom_id") or ""))
    named = (c for c in consumers if "username" in c.entity)
    return sorted(named, key=lambda c: str(c.entity["username"]), reverse=True)


def _consumer(consumer: Consumer) -> Entity:
    return {**consumer.entity, **{name: listed for name, listed in consumer.credentials.items() if listed}}
