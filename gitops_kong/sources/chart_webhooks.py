"""The webhooks that Kong's charts install for a controller, as their ValidatingWebhookConfiguration has them.

Source: `templates/admission-webhook.yaml` of the releases `kong-2.38.0` … `kong-3.4.1` of github.com/Kong/charts.
KongConsumerGroups, KongVaults and KongCustomEntities are not among what they are called for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_kong.manifests.lenient import items, mapping, text

_NOT_HELM = {"key": "owner", "operator": "NotIn", "values": ["helm"]}
_NOT_KONNECT = {"key": "konghq.com/credential", "operator": "NotIn", "values": ["konnect"]}
_KINDS = (
    ("configuration.konghq.com", ["*"], ["kongconsumers", "kongplugins", "kongclusterplugins", "kongingresses"]),
    ("", ["v1"], ["services"]),
    ("networking.k8s.io", ["v1"], ["ingresses"]),
    ("gateway.networking.k8s.io", ["v1alpha2", "v1beta1", "v1"], ["gateways", "httproutes"]),
)


def chart_webhooks(values: Mapping[str, Any], chart: tuple[int, ...] | None) -> list[dict[str, Any]]:
    """The webhooks for the chart's values `ingressController.admissionWebhook`.

    `chart` is the version of the chart kong, None where it is not known: then the newest is taken.
    """
    version = chart or (999,)
    given = mapping(values.get("objectSelector"))
    wanted = items(given.get("matchExpressions")) if "matchExpressions" in given else [_NOT_HELM]
    labels = mapping(given.get("matchLabels"))
    common: dict[str, Any] = {
        "failurePolicy": text(values.get("failurePolicy")) or "Ignore",
        "matchPolicy": text(values.get("matchPolicy")) or "Equivalent",
        "namespaceSelector": mapping(values.get("namespaceSelector")),
    }
    everywhere = version >= (3, 1, 0)
    konnect = [_NOT_KONNECT] if version >= (2, 44, 0) else []
    of_secrets = [*konnect, *(wanted if everywhere else ())]
    credential = [{"key": "konghq.com/credential", "operator": "Exists"}, *of_secrets]
    if values.get("filterSecrets") is True:
        plugin = [{"key": "konghq.com/validate", "operator": "Exists"}, *of_secrets]
    else:
        plugin = of_secrets if everywhere else [_NOT_HELM, *konnect]
    secret_labels = labels if everywhere else {}
    own = (
        {"matchExpressions": wanted, "matchLabels": labels}
        if version >= (2, 42, 0)
        else {"matchExpressions": [_NOT_HELM]}
    )
    return [
        _webhook(
            f"secrets.{name}.validation.ingress-controller.konghq.com", common, selector, [("", ["v1"], ["secrets"])]
        )
        for name, selector in (
            ("credentials", {"matchExpressions": credential, "matchLabels": secret_labels}),
            ("plugins", {"matchExpressions": plugin, "matchLabels": secret_labels}),
        )
    ] + [
        {
            **_webhook("validations.kong.konghq.com", common, own, _KINDS),
            "matchConditions": items(values.get("matchConditions")),
        }
    ]


def _webhook(name: str, common: Mapping[str, Any], selector: Mapping[str, Any], kinds: Any) -> dict[str, Any]:
    rules = [
        {"apiGroups": [group], "apiVersions": versions, "resources": resources, "operations": ["CREATE", "UPDATE"]}
        for group, versions, resources in kinds
    ]
    return {"name": name, **common, "objectSelector": selector, "rules": rules}
