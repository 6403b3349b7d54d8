"""Secrets that others will make: nothing is concluded from what their stand-ins lack."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_kong.cluster import gateway_api
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import CONTENT_UNKNOWN
from tests import gateway_objects
from tests.translate.world import failures, ingress, obj, run, service


def secret(known: bool, **labels: str) -> dict[str, Any]:
    annotations = {} if known else {CONTENT_UNKNOWN: "true"}
    return obj("v1", "Secret", "s", labels={f"konghq.com/{k}": v for k, v in labels.items()}, annotations=annotations)


VERIFIED = {"konghq.com/protocol": "https", "konghq.com/tls-verify": "true", "konghq.com/ca-certificates-secrets": "s"}
USES = {
    "host names": ([service(), ingress(spec={"tls": [{"hosts": ["h.example"], "secretName": "s"}]})], {}),
    "client certificate": ([service(annotations={"konghq.com/client-cert": "s"} | VERIFIED), ingress()], {}),
    "CA certificate": ([service(annotations=VERIFIED), ingress()], {"ca-cert": "true"}),
}


@pytest.mark.parametrize("use", USES)
def test_certificates(use: str) -> None:
    objects, labels = USES[use]
    assert failures(run(*objects, secret(True, **labels)))
    result = run(*objects, secret(False, **labels))
    assert failures(result) == []
    assert not {"certificates", "ca_certificates"} & result.config.keys()
    assert [s["name"] for s in result.config["services"]] == ["a.web.80"]


@pytest.mark.parametrize("annotations", [{}, {CONTENT_UNKNOWN: "true"}])
def test_listeners(annotations: dict[str, str]) -> None:
    tls = {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": "s"}]}
    edge = gateway_objects.gateway(gateway_objects.listener("web", "HTTPS", 443, tls=tls))
    held = gateway_objects.obj("v1", "Secret", "s", "edge", metadata={"annotations": annotations})
    store = ObjectStore([gateway_objects.gateway_class(), edge, held])
    (listener,) = gateway_api.take_in(store, gateway_objects.options()).gateways[edge.ref].listeners.values()
    assert listener.is_programmed is bool(annotations)
