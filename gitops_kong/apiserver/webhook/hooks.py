"""Which objects the API server asks the webhook about: the ValidatingWebhookConfiguration.

A hook is one entry of its `webhooks`. `OWN` are those of the controller's own manifests (KIC `config/webhook`); Kong's
charts install others, and fewer kinds (`sources.chart_webhooks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gitops_kong.apiserver.webhook.model import CONFIGURATION, GATEWAY_API
from gitops_kong.cel import CelError, compile_expression
from gitops_kong.manifests.label_selectors import matches
from gitops_kong.manifests.lenient import items, mapping, mappings, text
from gitops_kong.manifests.objects import K8sObject

_CEL_VARIABLES = ("object", "oldObject", "request")


class Rule(NamedTuple):
    """What a hook is called for: groups, versions, resources and operations; `*` stands for all."""

    groups: frozenset[str]
    versions: frozenset[str]
    resources: frozenset[str]
    operations: frozenset[str]

    def fits(self, group: str, version: str | None, resource: str, operation: str) -> bool:
        """Whether a request is among them; no version: any that the rule names (`matchPolicy: Equivalent`)."""
        return (
            _among(group, self.groups)
            and (version is None or _among(version, self.versions))
            and _among(resource, self.resources)
            and _among(operation, self.operations)
        )


@dataclass(frozen=True)
class Hook:
    """One entry of a ValidatingWebhookConfiguration."""

    name: str
    rules: tuple[Rule, ...]
    failure_policy: str = "Fail"
    exact: bool = False
    object_selector: Mapping[str, Any] = field(default_factory=dict)
    namespace_selector: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()

    def asks(self, obj: K8sObject, old: K8sObject | None, namespace: Mapping[str, str] | None) -> bool | None:
        """Whether the API server calls it; None where that depends on what is not known.

        `namespace` are the labels of the object's Namespace, None where they are not known. What fails to be evaluated
        is taken as not known.
        """
        operation = "CREATE" if old is None else "UPDATE"
        version = obj.api_version.rpartition("/")[2] if self.exact else None
        if not any(rule.fits(obj.group, version, resource_of(obj.kind), operation) for rule in self.rules):
            return False
        selected = matches(self.object_selector, obj.labels) or (
            old is not None and matches(self.object_selector, old.labels)
        )
        if not selected:
            return False
        known = self._in_namespace(obj, namespace)
        if known is False:
            return False
        met = self._meets(obj, old, operation)
        return met if known or met is False else None

    def _in_namespace(self, obj: K8sObject, namespace: Mapping[str, str] | None) -> bool | None:
        selector = self.namespace_selector
        if not obj.namespace or not (selector.get("matchLabels") or selector.get("matchExpressions")):
            return True
        own = {"kubernetes.io/metadata.name": obj.namespace}
        if namespace is not None:
            return matches(selector, {**namespace, **own})
        keys = {*(selector.get("matchLabels") or ()), *(e.get("key") for e in selector.get("matchExpressions") or ())}
        return matches(selector, own) if keys <= own.keys() else None

    def _meets(self, obj: K8sObject, old: K8sObject | None, operation: str) -> bool | None:
        unknown = False
        request = {"operation": operation, "namespace": obj.namespace, "name": obj.name}
        values = {"object": obj.data, "oldObject": old.data if old else None, "request": request}
        for condition in self.conditions:
            try:
                if compile_expression(condition, _CEL_VARIABLES)(values) is False:
                    return False
            except CelError:
                unknown = True
        return None if unknown else True


def resource_of(kind: str) -> str:
    """The plural of a kind that the webhook is called for."""
    word = kind.lower()
    if word.endswith("y"):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith("s") else "s")


def read_hooks(webhooks: Iterable[Any]) -> tuple[Hook, ...]:
    """The hooks of a ValidatingWebhookConfiguration's `webhooks`, as far as they can be read."""
    return tuple(_hook(entry) for entry in mappings(list(webhooks)))


def _hook(entry: Mapping[str, Any]) -> Hook:
    return Hook(
        text(entry.get("name")),
        tuple(
            Rule(
                _words(rule.get("apiGroups")),
                _words(rule.get("apiVersions")),
                _words(rule.get("resources")),
                _words(rule.get("operations")),
            )
            for rule in mappings(entry.get("rules"))
        ),
        text(entry.get("failurePolicy")) or "Fail",
        entry.get("matchPolicy") == "Exact",
        mapping(entry.get("objectSelector")),
        mapping(entry.get("namespaceSelector")),
        tuple(text(condition.get("expression")) for condition in mappings(entry.get("matchConditions"))),
    )


def _words(value: Any) -> frozenset[str]:
    return frozenset(map(str, items(value)))


def _among(word: str, words: frozenset[str]) -> bool:
    return word in words or "*" in words


def _own(group: str, version: Sequence[str], kind: str, name: str = "", label: str = "") -> Hook:
    resource = resource_of(kind)
    rule = Rule(frozenset((group,)), frozenset(version), frozenset((resource,)), frozenset(("CREATE", "UPDATE")))
    selector = {"matchExpressions": [{"key": label, "operator": "Exists"}]} if label else {}
    return Hook(f"{name or resource}.validation.ingress-controller.konghq.com", (rule,), object_selector=selector)


OWN = (
    _own("", ("v1",), "Secret", "secrets.credentials", "konghq.com/credential"),
    _own("", ("v1",), "Secret", "secrets.plugins", "konghq.com/validate"),
    _own("", ("v1",), "Service"),
    _own("networking.k8s.io", ("v1",), "Ingress"),
    _own(GATEWAY_API, ("v1", "v1beta1"), "Gateway"),
    _own(GATEWAY_API, ("v1", "v1beta1"), "HTTPRoute"),
    _own(CONFIGURATION, ("v1",), "KongPlugin"),
    _own(CONFIGURATION, ("v1",), "KongClusterPlugin"),
    _own(CONFIGURATION, ("v1",), "KongConsumer"),
    _own(CONFIGURATION, ("v1beta1",), "KongConsumerGroup"),
    _own(CONFIGURATION, ("v1",), "KongIngress"),
    _own(CONFIGURATION, ("v1alpha1",), "KongVault"),
    _own(CONFIGURATION, ("v1alpha1",), "KongCustomEntity"),
)
