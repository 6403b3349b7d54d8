"""Objects of the Gateway API with any of their fields missing or odd are translated without an exception."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_kong.cluster.gateway_api import take_in
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject
from tests.gateway_objects import GROUP, gateway_class, obj, options, service
from tests.translate.translated import Translated

NAMES = st.sampled_from(["kong", "web", "a", "gone"])
NAMESPACES = st.sampled_from(["shop", "edge"])
TEXTS = st.sampled_from(["", "/", "/a", "/a/", "X-A", "*.example", "a.example", '"', "é"])
PORTS = st.sampled_from([80, 443, 5432])


def fields(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=optional)


def lists(items: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(items, max_size=3)


HEADER = fields(name=TEXTS, value=TEXTS, type=st.sampled_from(["Exact", "RegularExpression", "Odd"]))
PATH = fields(value=TEXTS, type=st.sampled_from(["Exact", "PathPrefix", "RegularExpression", "Odd"]))
METHOD = fields(service=TEXTS, method=TEXTS, type=st.sampled_from(["Exact", "RegularExpression"]))
HTTP_MATCH = fields(path=PATH, method=st.just("GET"), headers=lists(HEADER), queryParams=lists(HEADER))
GRPC_MATCH = fields(method=METHOD, headers=lists(HEADER))
PATH_MODIFIER = fields(
    type=st.sampled_from(["ReplaceFullPath", "ReplacePrefixMatch", "Odd"]),
    replaceFullPath=TEXTS,
    replacePrefixMatch=TEXTS,
)
MODIFIER = fields(set=lists(HEADER), add=lists(HEADER), remove=lists(TEXTS))
FILTER = fields(
    type=st.sampled_from(
        [
            "RequestHeaderModifier",
            "ResponseHeaderModifier",
            "RequestRedirect",
            "URLRewrite",
            "ExtensionRef",
            "RequestMirror",
            "CORS",
        ]
    ),
    requestHeaderModifier=MODIFIER,
    responseHeaderModifier=MODIFIER,
    requestRedirect=fields(hostname=TEXTS, port=PORTS, path=PATH_MODIFIER, statusCode=st.just(302), scheme=TEXTS),
    urlRewrite=fields(hostname=TEXTS, path=PATH_MODIFIER),
    extensionRef=fields(group=TEXTS, kind=TEXTS, name=NAMES),
)
BACKEND = fields(
    name=NAMES, namespace=NAMESPACES, port=PORTS, weight=st.integers(0, 5), kind=NAMES | st.just("Service"), group=TEXTS
)
RULE_FIELDS = {"backendRefs": lists(BACKEND), "name": TEXTS}
TIMEOUTS = fields(backendRequest=st.sampled_from(["1s", "1m1ms", "0s"]))
HTTP_RULE = fields(matches=lists(HTTP_MATCH), filters=lists(FILTER), timeouts=TIMEOUTS, **RULE_FIELDS)
GRPC_RULE = fields(matches=lists(GRPC_MATCH), **RULE_FIELDS)
L4_RULE = fields(**RULE_FIELDS)
PARENT = fields(name=NAMES, namespace=NAMESPACES, sectionName=TEXTS, port=PORTS, kind=NAMES | st.just("Gateway"))
PROTOCOL = st.sampled_from(["HTTP", "HTTPS", "TCP", "UDP", "TLS", "odd"])
ALLOWED = fields(
    kinds=lists(fields(group=st.just(GROUP), kind=st.just("HTTPRoute"))),
    namespaces=fields(**{"from": st.sampled_from(["All", "Same", "Selector"])}),
)
LISTENER = fields(
    name=TEXTS,
    protocol=PROTOCOL,
    port=PORTS,
    hostname=TEXTS,
    allowedRoutes=ALLOWED,
    tls=fields(mode=st.sampled_from(["Passthrough", "Terminate"]), certificateRefs=lists(BACKEND)),
)


def route(kind: str, version: str, rule: st.SearchStrategy[Any]) -> st.SearchStrategy[K8sObject]:
    spec = fields(rules=lists(rule), parentRefs=lists(PARENT), hostnames=lists(TEXTS))
    return st.builds(lambda name, ns, s: obj(f"{GROUP}/{version}", kind, name, ns, spec=s), NAMES, NAMESPACES, spec)


GATEWAY = st.builds(
    lambda name, ns, spec: obj(f"{GROUP}/v1", "Gateway", name, ns, spec={"gatewayClassName": "kong", **spec}),
    NAMES,
    NAMESPACES,
    fields(listeners=lists(LISTENER)),
)
OBJECTS = lists(
    st.one_of(
        GATEWAY,
        route("HTTPRoute", "v1", HTTP_RULE),
        route("GRPCRoute", "v1", GRPC_RULE),
        route("TCPRoute", "v1alpha2", L4_RULE),
        route("UDPRoute", "v1alpha2", L4_RULE),
        route("TLSRoute", "v1alpha2", L4_RULE),
    )
)


@settings(max_examples=150)
@given(
    OBJECTS,
    st.sampled_from(["3.2.4", "3.4.3", "3.5.13"]),
    st.sampled_from(["traditional_compatible", "expressions"]),
    st.booleans(),
)
def test_no_exception(objects: Sequence[K8sObject], version: str, flavor: str, combined: bool) -> None:
    gates = {"CombinedServicesFromDifferentHTTPRoutes": combined, "GatewayAlpha": True}
    of_version = options(version, gates, router_flavor=flavor)
    everything = [gateway_class(), service(), *objects]
    result = Translated(of_version, *everything)
    assert result.result.config == json.loads(json.dumps(result.result.config))
    assert {o.ref for o in result.result.configured} <= {o.ref for o in everything}
    assert Translated(of_version, *everything).result.config == result.result.config
    intake = take_in(ObjectStore(everything), of_version)
    decided = {o.ref for o in intake.taken_in} | set(intake.left_out)
    assert decided == {o.ref for o in everything if o.kind != "Service"}
    assert all(intake.left_out.values())
