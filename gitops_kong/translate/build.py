"""One translation, step by step in the controller's order (KIC `Translator.BuildKongConfig`).

A kind of route is one line in `RULE_KINDS`; a further kind of entity is one line in `FILL_STEPS`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.translate import grpcroute, httproute, ingress, tcpingress, tcproute, tlsroute, udpingress, udproute
from gitops_kong.translate.ca_certificates import fill_ca_certificates
from gitops_kong.translate.certificates import fill_certificates
from gitops_kong.translate.consumer_groups import fill_consumer_groups
from gitops_kong.translate.consumers import fill_consumers
from gitops_kong.translate.context import Context
from gitops_kong.translate.custom_entities import fill_custom_entities
from gitops_kong.translate.declarative import declarative
from gitops_kong.translate.ids import fill_ids
from gitops_kong.translate.overrides import override_route, override_service
from gitops_kong.translate.plugins import fill_plugins
from gitops_kong.translate.rules import Rules
from gitops_kong.translate.services import populate
from gitops_kong.translate.state import GatewaySchemas, KongState, Translation
from gitops_kong.translate.upstream_policy import override_upstream
from gitops_kong.translate.upstreams import upstreams
from gitops_kong.translate.vaults import fill_vaults

# In the controller's order: a later kind replaces the services of an earlier one that have the same name.
RULE_KINDS: tuple[Callable[[Context], Rules], ...] = (
    ingress.rules,
    tcpingress.rules,
    udpingress.rules,
    httproute.rules,
    udproute.rules,
    tcproute.rules,
    tlsroute.rules,
    grpcroute.rules,
)

# After services, routes and upstreams, before certificates. Each step registers what it translated in the context.
FILL_STEPS: tuple[Callable[[Context, KongState], None], ...] = (
    fill_consumers,
    fill_vaults,
    fill_consumer_groups,
    fill_plugins,
    fill_custom_entities,
)


def translate(
    store: ObjectStore, options: ControllerOptions, schemas: GatewaySchemas, now: datetime | None = None
) -> Translation:
    """Translate what the controller holds into the configuration that it would push at the time `now`."""
    context = Context(store, options, schemas, now or datetime.now(timezone.utc))
    state = build_state(context)
    config = declarative(state, context)
    return Translation(config, tuple(context.failures), tuple(context.configured.values()), tuple(context.changed))


def build_state(context: Context) -> KongState:
    """The Kong state of one build, ids filled in."""
    rules = Rules()
    for kind in RULE_KINDS:
        rules.merge(kind(context))
    left_out = populate(rules, context)
    state = KongState(upstreams=upstreams(rules.services.values(), context))
    state.services = [service for name, service in rules.services.items() if name not in left_out]
    for service in state.services:
        override_service(service, context)
        for route in service.routes:
            override_route(route, context.options)
    for upstream in state.upstreams:
        override_upstream(upstream, context)
    for step in FILL_STEPS:
        step(context, state)
    fill_certificates(rules, state, context)
    fill_ca_certificates(context, state)
    if context.options.gate("FillIDs"):
        fill_ids(state, context.options)
    return state
