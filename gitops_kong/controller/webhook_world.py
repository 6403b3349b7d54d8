"""What the admission webhook asks the translators and the gateway, answered by those of this project."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from gitops_kong.apiserver.webhook.model import Entity, Refusal, Secrets, Unreadable
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.gateway import lua
from gitops_kong.gateway.catalogue import Catalogue
from gitops_kong.gateway.entity_validation import ServingSchemas
from gitops_kong.gateway.validate import declarative_schema
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import EMPTY, K8sObject
from gitops_kong.translate import httproute, ingress
from gitops_kong.translate.context import Context
from gitops_kong.translate.overrides import override_route
from gitops_kong.translate.plugin_config import PluginConfigError, patched_config, secret_config

# The controller's cache and its API client name a missing Secret differently; the webhook asks the latter.
_MISSING = regex(r"Secret \S*/(\S+) not found$")


class AdminApi:
    """The gateway's admin API as the webhook uses it; `consumers` are the user names that it runs."""

    def __init__(self, catalogue: Catalogue, options: ControllerOptions, consumers: Collection[str] = ()) -> None:
        self.enterprise = options.gateway_edition == "enterprise"
        self._schemas = ServingSchemas(catalogue, options)
        self._declarative = declarative_schema(catalogue, options.router_flavor, options.gateway_edition)
        self._consumers = consumers

    def refuses(self, entity_type: str, entity: Entity) -> Refusal | None:
        """What `POST /schemas/TYPE/validate` says against an entity, None where it takes it (go-kong `Validate`)."""
        if entity_type in self._declarative.schemas:
            try:
                if self._declarative.own_errors(entity_type, "full", dict(entity))[0] is None:
                    return None
            except (lua.GatewayCrash, lua.ShorthandFailure):
                return None  # the gateway answers 500, and what the API server makes of that is not known
        answer = self._schemas.validate_entity(entity_type, dict(entity))
        return Refusal(answer.message, answer.fields) if answer.status == 400 else None

    def entity_fields(self, entity_type: str) -> Mapping[str, Mapping[str, Any]] | None:
        """The fields of an entity's schema."""
        return self._schemas.entity_fields(entity_type)

    def has_consumer(self, username: str) -> bool:
        """Whether the running configuration has a consumer of this name."""
        return username in self._consumers


class ReviewTranslator:
    """The translators as the webhook uses them, over the objects of a cluster."""

    def __init__(self, store: ObjectStore, options: ControllerOptions, catalogue: Catalogue) -> None:
        self._options = options
        self._schemas = ServingSchemas(catalogue, options)
        self._context = self._over(store)
        # The webhook reads paths as IngressClassParameters with enableLegacyRegexDetection would (KIC 3.2 - 3.5).
        self._context.class_parameters = {"enableLegacyRegexDetection": True}
        self._nothing = self._over(ObjectStore(()))

    def _over(self, store: ObjectStore) -> Context:
        return Context(store, self._options, self._schemas, datetime.now(timezone.utc))

    def plugin(self, obj: K8sObject, secrets: Secrets) -> Entity | Unreadable:
        """The plugin entity that the webhook validates (KIC `ValidatePlugin`, `ValidateClusterPlugin`).

        Raises `ContentUnknown` where a Secret of unknown content configures the plugin.
        """
        store = self._context.store
        context = self._over(store.replacing(secrets.values())) if secrets else self._context
        data = obj.data
        try:
            config = patched_config(obj, context)
        except PluginConfigError as e:
            return Unreadable(_MISSING.sub(r'Secret "\1" not found', str(e)), from_secret=False)
        source = data.get("configFrom")
        if source is not None:
            try:
                config = secret_config(source.get("secretKeyRef") or EMPTY, obj, context)
            except PluginConfigError as e:
                return Unreadable(_MISSING.sub(r'Secret "\1" not found', str(e)), from_secret=True)
        entity: dict[str, Any] = {"name": data.get("plugin") or "", "config": config}
        for name in ("run_on", "ordering", "protocols"):
            if data.get(name):
                entity[name] = data[name]
        return entity

    def routes(self, obj: K8sObject) -> tuple[Sequence[Entity], Sequence[str]]:
        """The Kong routes of an Ingress or HTTPRoute with their annotations, and what could not be translated."""
        if obj.kind == "HTTPRoute":
            routes, failures = httproute.routes_of(obj, self._nothing)
        else:
            context = self._context
            context.failures.clear()
            routes = ingress.routes_of(obj, context)
            failures = [failure.message for failure in context.failures]
        if self._options.behaviours["webhook-applies-route-annotations"]:
            for route in routes:
                override_route(route, self._options)
        return [route.entity for route in routes], failures
