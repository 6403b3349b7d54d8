"""The admission webhook in a change, over real translators and schemas."""

import base64
from typing import Any

import pytest

from gitops_kong.controller.settings import controller_options
from gitops_kong.gateway.catalogue import load
from gitops_kong.manifests.objects import CONTENT_UNKNOWN, K8sObject
from gitops_kong.predict.webhook import Asked, Webhook, WebhookSettings

PREFIX = 'admission webhook "validations.kong.konghq.com" denied the request: '
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


def asked(*head: K8sObject, base: tuple[K8sObject, ...] = (), installed: bool | None = True) -> Asked:
    options = controller_options("3.5.13", gateway_version="3.9")
    webhook = Webhook(WebhookSettings(installed), options, load("3.9"))
    return webhook.asked({obj.ref: obj for obj in base}, head, ())


def refusals(*head: K8sObject, base: tuple[K8sObject, ...] = ()) -> dict[str, str]:
    return {str(ref): message for ref, message in asked(*head, base=base).refusals().items()}


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
    assert "a Secret without the label" in asked(plain).note(plain)


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
    assert told == f"{PREFIX}Ingress has invalid Kong annotations: invalid konghq.com/protocols value: nope"
    assert "missing closing parenthesis" in refusals(ingress("/~/(a"))["Ingress n/i"]


def test_only_the_later_of_two_that_clash_is_refused() -> None:
    consumers = (
        kong("KongConsumer", "a", username="a", credentials=["k1"]),
        kong("KongConsumer", "b", username="b", credentials=["k2"]),
    )
    told = refusals(key("k2", "same"), key("k1", "same"), *consumers)
    what = "consumer credential failed validation: unique key constraint violated for key"
    assert told == {"KongConsumer n/b": PREFIX + what}


def test_sync_waves_go_before_names() -> None:
    first = kong("KongConsumer", "b", username="b", credentials=["k2"])
    annotations = {**CLASS, "argocd.argoproj.io/sync-wave": "-1"}
    first = first.with_data({**first.data, "metadata": {**first.metadata, "annotations": annotations}})
    later = kong("KongConsumer", "a", username="a", credentials=["k1"])
    assert list(refusals(key("k2", "same"), key("k1", "same"), later, first)) == ["KongConsumer n/a"]


def test_a_consumer_that_the_gateway_runs_already() -> None:
    there = kong("KongConsumer", "old", username="ann")
    assert refusals(kong("KongConsumer", "new", username="ann"), base=(there,)) == {
        "KongConsumer n/new": f"{PREFIX}consumer already exists"
    }


def test_credentials_are_refused_by_their_own_hook_without_their_values() -> None:
    bad = secret("s", {"konghq.com/credential": "basic-auth"}, username="geheim")
    told = refusals(bad)["Secret n/s"]
    assert told.startswith('admission webhook "secrets.credentials.validation.ingress-controller.konghq.com" denied')
    assert told.endswith("missing required field(s): password")
    assert "geheim" not in told
