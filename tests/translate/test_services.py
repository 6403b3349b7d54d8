import pytest

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.services import with_backend_tls_policy
from tests.translate.world import context, failures, ingress, obj, path, routes, run, service

NOT_THERE = "failed to resolve Kubernetes Service for backend: failed to fetch Service a/gone: Service a/gone not found"


def secret(name: str, data=None, **more):
    return obj("v1", "Secret", name, data=data or {}, **more)


def policy(name: str = "p", target: str = "web", options=None, **validation):
    spec = {"targetRefs": [{"group": "", "kind": "Service", "name": target}], "validation": validation}
    if options:
        spec["options"] = options
    return obj("gateway.networking.k8s.io/v1alpha3", "BackendTLSPolicy", name, spec=spec)


def test_missing_service_keeps_service_and_route_with_tags_that_say_so():
    to = {"service": {"name": "gone", "port": {"number": 80}}}
    result = run(ingress(path(to=to)))
    assert failures(result) == [
        (NOT_THERE, ["Ingress a/in"]),
        ("can't add target for backend gone: no kubernetes service found", ["Ingress a/in"]),
    ]
    [kong_service] = result.config["services"]
    assert kong_service["port"] == 80
    assert kong_service["tags"][:2] == ["k8s-name:UNKNOWN", "k8s-namespace:UNKNOWN"]
    assert "targets" not in result.config["upstreams"][0]
    assert [str(o.ref) for o in result.configured] == ["Ingress a/in"]


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"konghq.com/client-cert": "gone"}, "Failed to fetch secret 'a/gone': Secret a/gone not found"),
        (
            {"konghq.com/client-cert": "pair"},
            "Client certificate requested for incompatible service protocol 'http'",
        ),
        (
            {"konghq.com/client-cert": "pair", "konghq.com/protocol": "ws"},
            "Client certificate requested for incompatible service protocol 'http'",
        ),
        (
            {"konghq.com/ca-certificates-secrets": "ca"},
            "CA certificates requested for service without TLS verification enabled",
        ),
        (
            {"konghq.com/ca-certificates-configmaps": "ca", "konghq.com/tls-verify": "yes"},
            "CA certificates requested for service without TLS verification enabled",
        ),
        (
            {
                "konghq.com/ca-certificates-secrets": "ca",
                "konghq.com/tls-verify": "true",
                "konghq.com/protocol": "grpc",
            },
            "CA certificates requested for incompatible service protocol 'grpc'",
        ),
        (
            {
                "konghq.com/ca-certificates-secrets": " gone ",
                "konghq.com/tls-verify": "true",
                "konghq.com/protocol": "https",
            },
            "Failed to fetch secret for CA Certificate 'a/gone': Secret a/gone not found",
        ),
        (
            {
                "konghq.com/ca-certificates-configmaps": "gone",
                "konghq.com/tls-verify": "true",
                "konghq.com/protocol": "https",
            },
            "Failed to fetch configmap for CA Certificate 'a/gone': ConfigMap a/gone not found",
        ),
    ],
)
def test_unusable_certificates(annotations, message):
    result = run(service(annotations=annotations), secret("pair"), ingress())
    assert failures(result) == [(message, ["Service a/web"])]
    assert not {"client_certificate", "ca_certificates"} & set(result.config["services"][0])


def test_ca_certificates_of_secrets_then_config_maps():
    annotations = {
        "konghq.com/ca-certificates-secrets": "one, none",
        "konghq.com/ca-certificates-configmaps": "two",
        "konghq.com/tls-verify": "true",
        "konghq.com/protocol": "https",
    }
    result = run(
        service(annotations=annotations),
        secret("one", {"id": "aWQtMQ=="}),
        secret("none"),
        obj("v1", "ConfigMap", "two", data={"id": "id-2"}),
        ingress(),
    )
    assert result.config["services"][0]["ca_certificates"] == ["id-1", "id-2"]
    assert failures(result) == [
        ("Invalid CA certificate 'a/none': missing 'id' field in data", ["Secret a/none", "Service a/web"])
    ]


def test_ca_certificates_are_not_known_before_3_4():
    annotations = {"konghq.com/ca-certificates-secrets": "gone"}
    result = run(service(annotations=annotations), ingress(), version="3.3.1")
    assert failures(result) == []


def test_client_certificate_wording_before_3_4():
    result = run(service(annotations={"konghq.com/client-cert": "pair"}), secret("pair"), ingress(), version="3.3.1")
    assert failures(result)[0][0] == "client certificate requested for incompatible service protocol 'http'"


def annotations_with(*policies, version="3.5.13", **own):
    found = with_backend_tls_policy(K8sObject(service(annotations=own)), ctx := context(*policies, version=version))
    return found.annotations, [f.message for f in ctx.failures]


def test_backend_tls_policy_becomes_annotations():
    refs = [{"kind": "ConfigMap", "name": "cm"}, {"kind": "Secret", "name": "s"}, {"kind": "Other", "name": "o"}]
    tls = policy(hostname="be.example", caCertificateRefs=refs, options={"tls-verify-depth": "4"})
    found, problems = annotations_with(tls, **{"konghq.com/ca-certificates-secrets": "mine"})
    assert problems == []
    assert found == {
        "konghq.com/tls-verify": "true",
        "konghq.com/host-header": "be.example",
        "konghq.com/protocol": "https",
        "konghq.com/ca-certificates-configmaps": "cm",
        "konghq.com/ca-certificates-secrets": "mine,s",
        "konghq.com/tls-verify-depth": "4",
    }


@pytest.mark.parametrize("depth", ["-1", "x", ""])
def test_backend_tls_policy_with_unusable_depth(depth):
    found, _ = annotations_with(policy(hostname="b", options={"tls-verify-depth": depth}))
    assert "konghq.com/tls-verify-depth" not in found


def test_two_backend_tls_policies_fail():
    assert annotations_with(policy(), policy("q")) == ({}, ["Multiple BackendTLSPolicies attached to service"])


def test_backend_tls_policies_came_with_3_4():
    assert annotations_with(policy(hostname="b"), version="3.3.1") == ({}, [])


def test_backend_tls_policy_reaches_service_and_upstream():
    refs = [{"kind": "Secret", "name": "ca"}]
    result = run(
        service(),
        secret("ca", {"id": "aWQtMQ=="}),
        policy(hostname="be.example", caCertificateRefs=refs),
        ingress(),
    )
    [kong_service] = result.config["services"]
    assert kong_service["protocol"] == "https"
    assert kong_service["tls_verify"] is True
    assert kong_service["ca_certificates"] == ["id-1"]
    assert result.config["upstreams"][0]["host_header"] == "be.example"
    assert routes(result)
