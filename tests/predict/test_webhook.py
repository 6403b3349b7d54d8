"""The admission webhook in a change, over real translators and schemas."""

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from gitops_kong.controller.settings import controller_options
from gitops_kong.gateway.catalogue import load
from gitops_kong.manifests.objects import CONTENT_UNKNOWN, K8sObject
from gitops_kong.predict.webhook import Asked, Webhook, WebhookSettings
from gitops_kong.sources.chart_webhooks import chart_webhooks

DENIED = 'admission webhook "{}.validation.ingress-controller.konghq.com" denied the request: '
PREFIX = DENIED.format("kongplugins")
CLASS = {"kubernetes.io/ingress.class": "kong"}


def kong(kind: str, name: str, version: str = "1", **content: Any) -> K8sObject:
    metadata = {"name": name, "namespace": "n", "annotations": CLASS, "resourceVersion": version}
    api = "configuration.konghq.com/v1"
    return K8sObject({"apiVersion": api, "kind": kind, "metadata": metadata, **content})


def plugin(config: dict[str, Any], version: str = "1", **content: Any) -> K8sObject:
    return kong("KongPlugin", "p", version, plugin="rate-limiting", config=config, **content)


def secret(name: str, labels: dict[str, str] | None = None, **values: str) -> K8sObject:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    metadata = {"name": name, "namespace": "n", "labels": labels or {}, "resourceVersion": "1"}
    return K8sObject({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})


def key(name: str, value: str) -> K8sObject:
    return secret(name, {"konghq.com/credential": "key-auth"}, key=value)


def ingress(path: str, **annotations: str) -> K8sObject:
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    rule = {"host": "h.example", "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}
    metadata = {"name": "i", "namespace": "n", "annotations": annotations, "resourceVersion": "1"}
    spec = {"ingressClassName": "kong", "rules": [rule]}
    return K8sObject({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec})


def asked(
    *head: K8sObject,
    base: tuple[K8sObject, ...] = (),
    installed: bool | None = True,
    hooks: Sequence[dict[str, Any]] = (),
    version: str = "3.5.13",
    looked_up: tuple[K8sObject, ...] = (),
) -> Asked:
    options = controller_options(version, gateway_version="3.9")
    webhook = Webhook(WebhookSettings(installed, hooks), options, load("3.9"))
    return webhook.asked({obj.ref: obj for obj in base}, head, looked_up)


def refusals(*head: K8sObject, **given: Any) -> dict[str, str]:
    return {str(ref): objection.message for ref, objection in asked(*head, **given).refusals().items()}


def test_a_plugin_against_its_schema() -> None:
    wrong = plugin({"minute": 5, "minutes": 5})
    message = "plugin failed schema validation: schema violation (config.minutes: unknown field)"
    assert refusals(wrong) == {"KongPlugin n/p": PREFIX + message}
    assert refusals(plugin({"minute": 5})) == {}


def test_unchanged_objects_are_not_asked_about() -> None:
    wrong = plugin({"minutes": 5})
    assert refusals(wrong, base=(wrong,)) == {}
    assert "KongPlugin n/p" in refusals(plugin({"minutes": 6}, "2"), base=(wrong,))


@pytest.mark.parametrize(
    ("installed", "told"),
    [
        (None, "The admission webhook would refuse it, if it is installed."),
        (False, "The admission webhook would refuse it, but it is off."),
    ],
)
def test_whether_it_would_be_caught(installed: bool | None, told: str) -> None:
    wrong = plugin({"minutes": 5})
    assert asked(wrong, installed=installed).note(wrong) == told


def test_why_an_object_comes_through() -> None:
    wrong, fine = plugin({"minutes": 5}), plugin({"minute": 5})
    assert "not called for an object that is not changed" in asked(wrong, base=(wrong,)).note(wrong)
    assert "looks at the object alone" in asked(fine).note(fine)
    plain = secret("plain")
    assert "its labels or its namespace are none that" in asked(plain).note(plain)
    lone = kong("TCPIngress", "t")
    assert "lets every TCPIngress pass" in asked(lone).note(lone)


def test_a_missing_secret_of_a_plugin() -> None:
    source = {"secretKeyRef": {"name": "gone", "key": "k"}}
    told = refusals(kong("KongPlugin", "p", plugin="key-auth", configFrom=source))["KongPlugin n/p"]
    assert told == (
        f"{PREFIX}could not load secret plugin configuration: error fetching plugin configuration secret 'n/gone':"
        ' Secret "gone" not found'
    )


def test_a_secret_of_unknown_content_is_no_reason() -> None:
    source = {"secretKeyRef": {"name": "s", "key": "k"}}
    metadata = {"name": "s", "namespace": "n", "annotations": {CONTENT_UNKNOWN: "true"}}
    unknown = K8sObject({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
    assert refusals(kong("KongPlugin", "p", plugin="key-auth", configFrom=source), unknown) == {}


def test_routes_of_an_ingress() -> None:
    assert refusals(ingress("/a")) == {}
    told = refusals(ingress("/a", **{"konghq.com/protocols": "http,nope"}))["Ingress n/i"]
    assert (
        told
        == f"{DENIED.format('ingresses')}Ingress has invalid Kong annotations: invalid konghq.com/protocols value: nope"
    )
    assert "missing closing parenthesis" in refusals(ingress("/~/(a"))["Ingress n/i"]


def test_only_the_later_of_two_that_clash_is_refused() -> None:
    consumers = (
        kong("KongConsumer", "a", username="a", credentials=["k1"]),
        kong("KongConsumer", "b", username="b", credentials=["k2"]),
    )
    told = refusals(key("k2", "same"), key("k1", "same"), *consumers)
    what = "consumer credential failed validation: unique key constraint violated for key"
    assert told == {"KongConsumer n/b": DENIED.format("kongconsumers") + what}


def test_sync_waves_go_before_names() -> None:
    first = kong("KongConsumer", "b", username="b", credentials=["k2"])
    annotations = {**CLASS, "argocd.argoproj.io/sync-wave": "-1"}
    first = first.with_data({**first.data, "metadata": {**first.metadata, "annotations": annotations}})
    later = kong("KongConsumer", "a", username="a", credentials=["k1"])
    assert list(refusals(key("k2", "same"), key("k1", "same"), later, first)) == ["KongConsumer n/a"]


def test_a_consumer_that_the_gateway_runs_already() -> None:
    there = kong("KongConsumer", "old", username="ann")
    assert refusals(kong("KongConsumer", "new", username="ann"), base=(there,)) == {
        "KongConsumer n/new": f"{DENIED.format('kongconsumers')}consumer already exists"
    }


def test_credentials_are_refused_by_their_own_hook_without_their_values() -> None:
    bad = secret("s", {"konghq.com/credential": "basic-auth"}, username="geheim")
    told = refusals(bad)["Secret n/s"]
    assert told.startswith('admission webhook "secrets.credentials.validation.ingress-controller.konghq.com" denied')
    assert told.endswith("missing required field(s): password")
    assert "geheim" not in told


def test_refusals_point_at_the_field() -> None:
    def path(obj: K8sObject) -> tuple[str | int, ...]:
        return asked(obj, *GATEWAY).refusals()[obj.ref].path

    assert path(plugin({"minute": 5, "minutes": 5})) == ("config", "minutes")
    assert path(ingress("/~/(a")) == ("spec", "rules", 0, "http", "paths", 0, "path")
    assert path(ingress("/a", **{"konghq.com/methods": "GET", "konghq.com/protocols": "nope"}))[-1] == (
        "konghq.com/protocols"
    )
    assert path(http_route({"path": {"type": "RegularExpression", "value": "/(a"}})) == (
        *("spec", "rules", 0, "matches", 0, "path", "value"),
    )


GATEWAY = tuple(
    K8sObject(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": "kong", **({"namespace": "n"} if kind == "Gateway" else {})},
            "spec": spec,
        }
    )
    for kind, spec in (
        ("GatewayClass", {"controllerName": "konghq.com/kic-gateway-controller"}),
        ("Gateway", {"gatewayClassName": "kong"}),
    )
)


def http_route(*matches: dict[str, Any], **annotations: str) -> K8sObject:
    metadata = {"name": "r", "namespace": "n", "annotations": annotations, "resourceVersion": "1"}
    spec = {"parentRefs": [{"name": "kong"}], "rules": [{"matches": list(matches)}]}
    api = "gateway.networking.k8s.io/v1"
    return K8sObject({"apiVersion": api, "kind": "HTTPRoute", "metadata": metadata, "spec": spec})


def test_before_3_4_only_the_first_match_of_a_rule_tells_the_headers() -> None:
    same = [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]
    route = http_route({"path": {"value": "/a"}}, {"path": {"value": "/b"}, "headers": same})
    assert "multiple header matches for the same header" in refusals(*GATEWAY, route)["HTTPRoute n/r"]
    assert refusals(*GATEWAY, route, version="3.3.1") == {}
    first = http_route({"path": {"value": "/b"}, "headers": same})
    assert "multiple header matches for the same header" in refusals(*GATEWAY, first, version="3.3.1")["HTTPRoute n/r"]


@pytest.mark.parametrize(("version", "refused"), [("3.4.4", False), ("3.4.5", True), ("3.5.13", True)])
def test_annotations_are_judged_since_3_4_5(version: str, refused: bool) -> None:
    wrong = {"konghq.com/path-handling": "v7"}
    assert bool(refusals(ingress("/a", **wrong), version=version)) is refused
    route = http_route({"path": {"value": "/a"}}, **wrong)
    assert bool(refusals(*GATEWAY, route, version=version)) is refused


def chart(version: tuple[int, ...] | None = None, **values: Any) -> list[dict[str, Any]]:
    return chart_webhooks(values, version)


def test_the_charts_webhook_is_not_called_for_every_kind() -> None:
    vaults = [kong("KongVault", name, spec={"backend": "env", "prefix": "same"}) for name in ("a", "b")]
    assert refusals(*vaults)
    assert refusals(*vaults, hooks=chart()) == {}
    told = refusals(plugin({"minutes": 5}), hooks=chart())
    assert next(iter(told.values())).startswith('admission webhook "validations.kong.konghq.com" denied the request: ')


def test_the_charts_webhook_is_called_for_secrets_without_a_label() -> None:
    source = {"secretKeyRef": {"name": "s", "key": "config"}}
    used = kong("KongPlugin", "p", plugin="rate-limiting", configFrom=source)
    wrong = secret("s", config="minutes: 5")
    assert refusals(wrong, base=(used,)) == {}
    told = refusals(wrong, base=(used,), hooks=chart())["Secret n/s"]
    assert told.startswith('admission webhook "secrets.plugins.validation.ingress-controller.konghq.com" denied')
    assert "Change on secret will generate invalid configuration for KongPlugin n/p" in told
    assert refusals(wrong, base=(used,), hooks=chart(filterSecrets=True)) == {}
    helm = secret("s", {"owner": "helm"}, config="minutes: 5")
    assert refusals(helm, base=(used,), hooks=chart()) == {}


def test_konnect_credentials_are_left_out_by_the_chart_since_2_44() -> None:
    konnect = secret("s", {"konghq.com/credential": "konnect"})
    assert refusals(konnect, version="3.3.1", hooks=chart((2, 43, 0)))
    assert refusals(konnect, version="3.3.1", hooks=chart((2, 44, 0))) == {}


def test_an_answer_that_fails_counts_by_the_failure_policy() -> None:
    nameless = kong("KongConsumer", "c", custom_id="7")
    assert refusals(nameless)["KongConsumer n/c"].startswith("Internal error occurred: failed calling webhook")
    assert refusals(nameless, hooks=chart()) == {}  # the chart's failurePolicy is Ignore
    assert refusals(nameless, hooks=chart(failurePolicy="Fail"))


def namespace(**labels: str) -> K8sObject:
    return K8sObject({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": labels}})


def test_a_namespace_selector() -> None:
    hooks = chart(namespaceSelector={"matchLabels": {"kong": "checked"}})
    wrong = plugin({"minutes": 5})
    assert refusals(wrong, hooks=hooks, looked_up=(namespace(kong="checked"),))
    assert refusals(wrong, hooks=hooks, looked_up=(namespace(kong="other"),)) == {}
    unseen = asked(wrong, hooks=hooks)
    assert unseen.refusals() == {}
    assert "if it is called for it" in unseen.note(wrong)
    by_name = chart(namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "n"}})
    assert refusals(wrong, hooks=by_name)


def test_match_conditions() -> None:
    wrong = plugin({"minutes": 5})
    others = [{"name": "c", "expression": "object.metadata.namespace != 'n'"}]
    assert refusals(wrong, hooks=chart(matchConditions=others)) == {}
    creation = [{"name": "c", "expression": "request.operation == 'CREATE' && oldObject == null"}]
    assert refusals(wrong, hooks=chart(matchConditions=creation))
    asks_more = [{"name": "c", "expression": "authorizer.group('').resource('pods').check('get').allowed()"}]
    assert "if it is called for it" in asked(wrong, hooks=chart(matchConditions=asks_more)).note(wrong)
