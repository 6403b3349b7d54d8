"""Whatever Kong's own kinds say, translation answers, and every plugin is bound to what is there."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.settings import controller_options
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.build import translate
from gitops_kong.translate.context import ControllerPanic
from tests.translate.kong_objects import KONG, NOW, Schemas, grant, kong, obj, secret

NAMES = st.sampled_from(["a", "b", "c"])
NAMESPACES = st.sampled_from(["shop", "infra"])
PLUGINS = st.lists(st.sampled_from(["a", "b", "c", " a", "infra:a", "shop:b", ":a", "a:", "", "x:y:z"]), max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "minute"]), inner, max_size=2),
    max_leaves=4,
)
VALUES = st.sampled_from(["x", "{}", '{"minute": 5}', "minute: 5", "[1]", "12", "", "\ufffd", "1e400"])
KEYS = st.sampled_from(["key", "username", "ttl", "hash_secret", "redirect_uris", "tags", "Key", "client_id", "name"])


@st.composite
def secrets(draw: st.DrawFn) -> K8sObject:
    kind = draw(
        st.sampled_from([None, "key-auth", "basic-auth", "jwt", "oauth2", "acl", "hmac-auth", "mtls-auth", "x"])
    )
    data = draw(st.dictionaries(KEYS, VALUES, max_size=4))
    return secret(draw(NAMES), draw(NAMESPACES), credential=kind, **data)


@st.composite
def plugins(draw: st.DrawFn) -> K8sObject:
    cluster = draw(st.booleans())
    reference = {"name": draw(NAMES), "key": draw(KEYS), **({"namespace": draw(NAMESPACES)} if cluster else {})}
    content: dict[str, Any] = {"plugin": draw(st.sampled_from(["cors", "rate-limiting", "ours"]))}
    if draw(st.booleans()):
        content["config"] = draw(JSON)
    if draw(st.booleans()):
        content["configFrom"] = {"secretKeyRef": reference}
    if draw(st.booleans()):
        path = draw(st.sampled_from(["", "/a", "/a/b", "/a/0", "/minute", "a", '"', "//", "/-"]))
        content["configPatches"] = [{"path": path, "valueFrom": {"secretKeyRef": reference}}]
    if draw(st.booleans()):
        content["instance_name"] = "n"
    labels = {"global": "true"} if draw(st.booleans()) else {}
    kind, namespace = ("KongClusterPlugin", "") if cluster else ("KongPlugin", draw(NAMESPACES))
    return kong(kind, draw(NAMES), namespace, labels=labels, **content)


@st.composite
def askers(draw: st.DrawFn) -> K8sObject:
    kind = draw(st.sampled_from(["KongConsumer", "KongConsumerGroup", "Service", "Ingress"]))
    name, namespace, wanted = draw(NAMES), draw(NAMESPACES), ",".join(draw(PLUGINS))
    if kind == "KongConsumer":
        content = {
            "username": draw(st.sampled_from(["", "a", "b"])),
            "custom_id": draw(st.sampled_from(["", "1"])),
            "credentials": draw(st.lists(NAMES, max_size=2)),
            "consumerGroups": draw(st.lists(NAMES, max_size=2)),
        }
        return kong(kind, name, namespace, wanted, **content)
    if kind == "KongConsumerGroup":
        return kong(kind, name, namespace, wanted)
    annotations = {"konghq.com/plugins": wanted}
    if kind == "Service":
        return obj("v1", kind, name, namespace, annotations=annotations, spec={"ports": [{"port": 80}]})
    backend = {"service": {"name": draw(NAMES), "port": {"number": 80}}}
    rule = {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    spec = {"ingressClassName": "kong", "rules": [rule]}
    return obj("networking.k8s.io/v1", kind, name, namespace, annotations=annotations, spec=spec)


@st.composite
def others(draw: st.DrawFn) -> K8sObject:
    if draw(st.booleans()):
        spec = {"backend": "env", "prefix": draw(NAMES), "config": draw(JSON)}
        return kong("KongVault", draw(NAMES), "", spec=spec)
    parent = {"group": KONG, "kind": "KongPlugin", "name": draw(NAMES), "namespace": draw(NAMESPACES)}
    kind = draw(st.sampled_from(["acls", "filter_chains", "key_sets", "services", "vaults", "tides"]))
    spec = {"type": kind, "controllerName": "kong", "fields": draw(JSON), "parentRef": parent}
    return kong("KongCustomEntity", draw(NAMES), draw(NAMESPACES), spec=spec)


GRANT = grant("infra", "networking.k8s.io", "Ingress", "shop")
VERSIONS = st.sampled_from(["3.2.4", "3.3.1", "3.4.3", "3.4.20", "3.5.13"])


@settings(max_examples=150)
@given(st.lists(secrets() | plugins() | plugins() | askers() | askers() | others(), max_size=12), VERSIONS)
def test_every_plugin_is_bound_to_what_is_there(objects: list[K8sObject], version: str) -> None:
    options = controller_options(version)
    try:
        translation = translate(ObjectStore([*objects, GRANT]), options, Schemas(), NOW)
    except ControllerPanic:
        assert version < "3.4"
        return
    config = json.loads(json.dumps(translation.config))
    services = config.get("services", [])
    people = config.get("consumers", [])
    known = {
        "service": {s["name"] for s in services},
        "route": {r["name"] for s in services for r in s.get("routes", [])},
        "consumer": {c.get("username") or c["custom_id"] for c in people},
        "consumer_group": {g["name"] for g in config.get("consumer_groups", [])},
    }
    for plugin in config.get("plugins", []):
        bound = {scope: plugin[scope] for scope in known if scope in plugin}
        assert all(plugin[scope] in known[scope] for scope in bound)
        assert not {"consumer", "consumer_group"} <= bound.keys()
        assert not {"service", "route"} <= bound.keys()
    assert {o.ref for o in translation.configured} <= {o.ref for o in objects}
