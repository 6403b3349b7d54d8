"""Whatever Ingresses, Services and what hangs on them say, translation answers, and what it answers holds together."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.ca_certificates import LABEL
from tests.translate.world import endpoints, ingress, ingress_class, obj, run, service

K = "konghq.com"
NAMES = st.sampled_from(["web", "api", "gone"])
NAMESPACES = st.sampled_from(["a", "b"])
HOSTS = st.sampled_from(["", "h.example", "*.h.example", "H", "ü.example"])
VALUES = st.sampled_from(
    [
        "",
        "true",
        "False",
        "1",
        "-1",
        "x",
        "https",
        "grpc,http",
        "web",
        "api, gone",
        "/p",
        "/$1",
        "\\",
        "a.example,*.b",
        "~*^x",
    ]
) | st.text(max_size=4)
ANNOTATIONS = st.dictionaries(
    st.sampled_from(
        [
            *(
                f"{K}/{name}"
                for name in [
                    "strip-path",
                    "protocols",
                    "https-redirect-status-code",
                    "preserve-host",
                    "request-buffering",
                    "regex-priority",
                    "methods",
                    "snis",
                    "host-aliases",
                    "headers.X",
                    "headers-separator",
                    "path-handling",
                    "regex-prefix",
                    "tags",
                    "rewrite",
                    "protocol",
                    "path",
                    "connect-timeout",
                    "retries",
                    "host-header",
                    "client-cert",
                    "tls-verify",
                    "tls-verify-depth",
                    "ca-certificates-secrets",
                    "ca-certificates-configmaps",
                    "upstream-policy",
                    "override",
                ]
            ),
            "kubernetes.io/ingress.class",
            "ingress.kubernetes.io/force-ssl-redirect",
            "ingress.kubernetes.io/service-upstream",
        ]
    ),
    VALUES,
    max_size=4,
)
PORTS = st.sampled_from([{}, {"number": 80}, {"number": 81}, {"name": "http"}, {"name": "x"}])
RESOURCE = {"apiGroup": "incubator.ingress-controller.konghq.com", "kind": "KongServiceFacade"}


@st.composite
def backends(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(NAMES)
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return {"resource": {**RESOURCE, "name": name}}
    return {} if kind == 1 else {"service": {"name": name, "port": draw(PORTS)}}


@st.composite
def ingresses(draw: st.DrawFn) -> dict[str, Any]:
    types = st.sampled_from(["Prefix", "Exact", "ImplementationSpecific", None])
    texts = st.sampled_from(["", "/", "//a", "/~x(", "a"]) | st.text(max_size=4)
    paths = [
        {"path": draw(texts), "pathType": draw(types), "backend": draw(backends())}
        for _ in range(draw(st.integers(1, 3)))
    ]
    spec: dict[str, Any] = {}
    if draw(st.booleans()):
        spec["tls"] = [{"hosts": [draw(HOSTS)], "secretName": draw(NAMES)}]
    if draw(st.booleans()):
        spec["defaultBackend"] = {"service": {"name": draw(NAMES), "port": draw(PORTS)}}
    more = {"annotations": draw(ANNOTATIONS), "spec": spec, "host": draw(HOSTS)}
    return ingress(*paths, name=draw(st.sampled_from(["in", "out"])), namespace=draw(NAMESPACES), **more)


@st.composite
def services(draw: st.DrawFn) -> dict[str, Any]:
    port = {"port": draw(st.sampled_from([80, 81])), "targetPort": draw(st.sampled_from([8080, "http"]))}
    ports = [port | {"name": draw(st.sampled_from(["http", ""])), "protocol": draw(st.sampled_from(["TCP", "UDP"]))}]
    spec = {"type": draw(st.sampled_from(["ClusterIP", "ExternalName"])), "externalName": "e.example"}
    return service(draw(NAMES), draw(NAMESPACES), ports=ports, spec=spec, annotations=draw(ANNOTATIONS))


@st.composite
def others(draw: st.DrawFn) -> dict[str, Any]:
    name, namespace = draw(NAMES), draw(NAMESPACES)
    data = draw(
        st.dictionaries(
            st.sampled_from(["tls.crt", "tls.key", "id", "cert", "ca.crt"]), st.sampled_from(["", "eA==", "!"])
        )
    )
    labels = {LABEL: "true"} if draw(st.booleans()) else {}
    address = {
        "addresses": [draw(st.sampled_from(["10.0.0.1", "::1", "x"]))],
        "conditions": {"ready": draw(st.booleans())},
    }
    hashed = {draw(st.sampled_from(["input", "header", "cookie", "queryArg", "uriCapture"])): "ip"}
    policy = {"hashOn": hashed, "healthchecks": {"active": {"healthy": {"httpStatuses": []}}, "threshold": 1}}
    validation = {"hostname": "x", "caCertificateRefs": [{"kind": "Secret", "name": name}]}
    target = [{"group": "", "kind": "Service", "name": name}]
    choices = (
        obj("v1", "Secret", name, namespace, data=data, labels=labels),
        obj("v1", "ConfigMap", name, namespace, data=data, labels=labels),
        endpoints(name, address, namespace=namespace),
        obj(f"configuration.{K}/v1beta1", "KongUpstreamPolicy", name, namespace, spec=policy),
        obj(f"configuration.{K}/v1", "KongIngress", name, namespace, upstream={"slots": 1, "healthchecks": {}}),
        obj(
            "incubator.ingress-controller.konghq.com/v1alpha1",
            "KongServiceFacade",
            name,
            namespace,
            annotations=draw(ANNOTATIONS),
            spec={"backendRef": {"name": draw(NAMES), "port": 80}},
        ),
        obj(
            "gateway.networking.k8s.io/v1alpha3",
            "BackendTLSPolicy",
            name,
            namespace,
            spec={"targetRefs": target, "validation": validation},
        ),
    )
    return choices[draw(st.integers(0, len(choices) - 1))]


@settings(max_examples=150)
@given(
    objects=st.lists(ingresses() | services() | others(), max_size=8),
    version=st.sampled_from(["3.2.0", "3.3.1", "3.4.3", "3.4.20", "3.5.13"]),
    flavor=st.sampled_from(["traditional", "expressions"]),
    gates=st.fixed_dictionaries({"KongServiceFacade": st.booleans(), "RewriteURIs": st.booleans()}),
)
def test_any_cluster(objects, version, flavor, gates):
    unique = list({K8sObject(o).ref: o for o in [ingress_class(), *objects]}.values())
    settings_ = {"version": version, "router_flavor": flavor, "feature_gates": gates}
    result = run(*unique, **settings_)
    text = json.dumps(result.config)
    assert text == json.dumps(run(*unique, **settings_).config)
    kong_services = result.config.get("services", [])
    routes = [r for s in kong_services for r in s.get("routes", [])]
    for listed in (kong_services, routes, result.config.get("certificates", []), result.config.get("upstreams", [])):
        names = [e.get("name") or e["id"] for e in listed]
        assert len(names) == len(set(names))
    assert all(("expression" in r) == (flavor == "expressions") for r in routes)
    assert {s["host"] for s in kong_services} <= {u["name"] for u in result.config.get("upstreams", [])}
    assert all(f.message and f.objects for f in result.failures)
    assert ": null" not in text  # a path can be called so
