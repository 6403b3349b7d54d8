"""The gateways of scenarios: one that knows Kong's schemas, and one that rejects what a scenario's rules say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitops_kong.controller.gateway_state import Answer, Config
from gitops_kong.controller.scenario_file import RejectRule
from gitops_kong.translate.state import GatewaySchemas

# Lists of the declarative configuration by the type of their entities, with the lists nested in them.
_NESTED: Mapping[str, tuple[str, ...]] = {
    "services": ("routes", "plugins"),
    "routes": ("plugins",),
    "upstreams": ("targets",),
    "certificates": ("snis",),
    "consumers": (
        "plugins",
        "acls",
        "basicauth_credentials",
        "hmacauth_credentials",
        "jwt_secrets",
        "keyauth_credentials",
        "mtls_auth_credentials",
        "oauth2_credentials",
    ),
}


@dataclass(frozen=True)
class RulesGateway:
    """A gateway that rejects just what `rules` name, and knows no schemas (CONTRACT.md, `gateway: rules`)."""

    rules: Sequence[RejectRule]
    schemas: GatewaySchemas

    def judge(self, config: Config, push: int) -> Answer:
        """400 with an error for each entity that a rule of this push matches."""
        errors = [
            error
            for rule in self.rules
            if rule.on_push is None or rule.on_push == push
            for error in _errors(rule, config)
        ]
        return Answer(400, errors) if errors else Answer(201)

    def stored(self, config: Config) -> Config:
        """Without schemas there are no defaults."""
        return config


def _errors(rule: RejectRule, config: Config) -> Iterator[dict[str, Any]]:
    problems = [
        {"type": "field", "field": field, "message": message} for field, message in sorted(rule.message.items())
    ]
    if rule.untagged:
        yield {"entityType": rule.entity_type, "errors": problems}
        return
    for entity in entities(config, rule.entity_type):
        tags = entity.get("tags") or []
        if _matches(rule, tags):
            name = {"entityName": entity["name"]} if entity.get("name") else {}
            yield {"entityType": rule.entity_type, **name, "entityTags": tags, "errors": problems}


def _matches(rule: RejectRule, tags: Sequence[str]) -> bool:
    wanted = (("k8s-kind", rule.kind), ("k8s-namespace", rule.namespace), ("k8s-name", rule.name))
    return all(f"{prefix}:{value}" in tags for prefix, value in wanted if value)


def entities(config: Config, entity_type: str) -> Iterator[Mapping[str, Any]]:
    """All entities of a type (`route`, `keyauth_credential` …) in a declarative configuration, nested ones too."""
    wanted = f"{entity_type}s"

    def walk(name: str, items: Any) -> Iterator[Mapping[str, Any]]:
        for item in items or ():
            if name == wanted:
                yield item
            for child in _NESTED.get(name, ()):
                yield from walk(child, item.get(child))

    for name, items in config.items():
        if isinstance(items, list):
            yield from walk(name, items)
