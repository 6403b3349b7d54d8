"""Stand-ins for Secrets that others will make."""

from __future__ import annotations

import pytest

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources.assumed import messages, secrets


def test_nothing_is_known_of_what_a_stand_in_holds() -> None:
    template = {"metadata": {"labels": {"konghq.com/credential": "key-auth"}, "annotations": {"a": "b"}}}
    maker = K8sObject(
        {
            "apiVersion": "external-secrets.io/v1",
            "kind": "ExternalSecret",
            "metadata": {"name": "key", "namespace": "shop"},
            "spec": {"target": {"name": "key", "template": template}, "data": [{"secretKey": "key"}]},
        }
    )
    (assumed,) = secrets([maker])
    assert assumed.keys == ("key",)
    assert assumed.stand_in is not None
    assert assumed.stand_in.content_unknown
    assert assumed.stand_in.labels == {"konghq.com/credential": "key-auth"}
    assert assumed.stand_in.annotations["a"] == "b"


def external(name: str) -> K8sObject:
    metadata = {"name": name, "namespace": "shop"}
    return K8sObject({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": metadata})


def test_many_secrets_are_one_line() -> None:
    assert [*messages(secrets([external("a")]))] == [
        "Secret shop/a is assumed to exist with unknown content: ExternalSecret shop/a makes it"
    ]
    encrypted = {"apiVersion": "v1", "kind": "Secret", "data": {"k": "ENC"}, "sops": {}}
    sops = [K8sObject({**encrypted, "metadata": {"name": name}}) for name in ("x", "y")]
    assert [*messages(secrets([external("a"), external("b"), *sops]))] == [
        "2 Secrets are assumed to exist with unknown content, made by objects of kind ExternalSecret: shop/a, shop/b",
        "2 Secrets are assumed to exist with unknown content, Secrets encrypted with SOPS hold them: x, y",
    ]


def made(kind: str, spec: dict[str, object], annotations: dict[str, str] | None = None, **more: object) -> list[str]:
    """The Secrets that an object `shop/x` makes, beside a Service in another namespace."""
    version, _, name = kind.rpartition("/")
    metadata = {"name": "x", "namespace": "shop", "annotations": annotations or {}}
    maker = K8sObject({"apiVersion": version, "kind": name, "metadata": metadata, "spec": spec, **more})
    other = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "other"}}
    found = secrets([maker, K8sObject(other)])
    assert all(each.stand_in and each.stand_in.content_unknown and each.stand_in.ref == each.ref for each in found)
    return [f"{each.ref.namespace}/{each.ref.name} {each.stand_in.data['type']} {','.join(each.keys)}".strip()
            for each in found if each.stand_in]  # fmt: skip


TLS = {"tls": [{"hosts": ["a.example.com"], "secretName": "cert"}, {"secretName": "no-hosts"}, {"hosts": ["b"]}]}
LISTENERS = {
    "listeners": [
        {"hostname": "a", "tls": {"certificateRefs": [{"name": "own"}, {"name": "far", "namespace": "other"}]}},
        {"hostname": "b", "tls": {"mode": "Passthrough", "certificateRefs": [{"name": "passed"}]}},
        {"tls": {"certificateRefs": [{"name": "no-host"}]}},
    ]
}
EXTERNAL = {"target": {"name": "t", "template": {"type": "kubernetes.io/tls", "data": {"tls.crt": "", "tls.key": ""}}}}
STORE = {"secretObjects": [{"secretName": "csi", "type": "kubernetes.io/tls", "data": [{"key": "tls.crt"}]}]}
INFISICAL = {"managedKubeSecretReferences": [{"secretName": "i", "secretNamespace": "other", "secretType": "Opaque"}]}
MAKERS = [
    ("networking.k8s.io/v1/Ingress", TLS, {"cert-manager.io/cluster-issuer": "le"},
     ["shop/cert kubernetes.io/tls tls.crt,tls.key"]),
    ("networking.k8s.io/v1/Ingress", TLS, {"cert-manager.io/issuer": "le"},
     ["shop/cert kubernetes.io/tls tls.crt,tls.key"]),
    ("networking.k8s.io/v1/Ingress", TLS, {"kubernetes.io/tls-acme": "true"},
     ["shop/cert kubernetes.io/tls tls.crt,tls.key"]),
    ("networking.k8s.io/v1/Ingress", TLS, {}, []),
    ("gateway.networking.k8s.io/v1/Gateway", LISTENERS, {"cert-manager.io/cluster-issuer": "le"},
     ["shop/own kubernetes.io/tls tls.crt,tls.key"]),
    ("gateway.networking.k8s.io/v1/Gateway", LISTENERS, {}, []),
    ("external-secrets.io/v1/ExternalSecret", EXTERNAL, {}, ["shop/t kubernetes.io/tls tls.crt,tls.key"]),
    ("external-secrets.io/v1/ExternalSecret", {"target": {"creationPolicy": "Merge"}}, {}, []),
    ("external-secrets.io/v1/ClusterExternalSecret", {"externalSecretSpec": EXTERNAL, "namespaces": ["a", "b"]}, {},
     ["a/t kubernetes.io/tls tls.crt,tls.key", "b/t kubernetes.io/tls tls.crt,tls.key"]),
    ("external-secrets.io/v1/ClusterExternalSecret",
     {"externalSecretName": "e", "externalSecretSpec": {}, "namespaceSelector": {"matchLabels": {"team": "x"}}}, {},
     ["other/e Opaque", "shop/e Opaque"]),
    ("external-secrets.io/v1alpha1/PushSecret", {"selector": {"secret": {"name": "p"}}}, {}, []),
    ("secrets.hashicorp.com/v1beta1/VaultStaticSecret", {"destination": {"name": "v", "create": True}}, {},
     ["shop/v Opaque"]),
    ("secrets.hashicorp.com/v1beta1/VaultStaticSecret", {"destination": {"name": "v"}}, {}, []),
    ("ricoberger.de/v1alpha1/VaultSecret", {"path": "kv"}, {}, ["shop/x Opaque"]),
    ("redhatcop.redhat.io/v1alpha1/VaultSecret", {"output": {"name": "r"}}, {}, ["shop/r Opaque"]),
    ("secrets.infisical.com/v1alpha1/InfisicalSecret", INFISICAL, {}, ["other/i Opaque"]),
    ("secrets.doppler.com/v1alpha1/DopplerSecret", {"managedSecret": {"name": "d", "namespace": "other"}}, {},
     ["other/d Opaque"]),
    ("onepassword.com/v1/OnePasswordItem", {}, {}, ["shop/x Opaque"]),
    ("k8s.bitwarden.com/v1/BitwardenSecret", {"secretName": "b"}, {}, ["shop/b Opaque"]),
    ("secrets-store.csi.x-k8s.io/v1/SecretProviderClass", STORE, {}, ["shop/csi kubernetes.io/tls tls.crt"]),
    ("spv.no/v1/AzureKeyVaultSecret", {"output": {"secret": {"name": "az"}}}, {}, ["shop/az Opaque"]),
    ("database.example.org/v1/Postgres", {"writeConnectionSecretToRef": {"name": "conn"}}, {}, ["shop/conn Opaque"]),
    ("rds.aws.upbound.io/v1beta1/Instance", {"writeConnectionSecretToRef": {"name": "c", "namespace": "n"}}, {},
     ["n/c Opaque"]),
    ("v1/Secret", {}, {}, []),
    ("v1/Secret", {}, {"replicator.v1.mittwald.de/replicate-from": "a/b"}, ["shop/x Opaque"]),
    ("v1/Secret", {}, {"reflector.v1.k8s.emberstack.com/reflects": "a/b"}, ["shop/x Opaque"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "spec", "annotations", "expected"), MAKERS)
def test_what_makes_secrets(
    kind: str, spec: dict[str, object], annotations: dict[str, str], expected: list[str]
) -> None:
    assert made(kind, spec, annotations) == expected


def test_secrets_whose_content_is_elsewhere() -> None:
    assert made("v1/Secret", {}, type="kubernetes.io/service-account-token") == [
        "shop/x kubernetes.io/service-account-token"
    ]
    assert made("v1/Secret", {}, stringData={"password": "vault:secret/data/x#p", "user": "u"}) == [
        "shop/x Opaque password,user"
    ]
    assert made("v1/Secret", {}, stringData={"password": "<path:kv/data/x#p>"}) == ["shop/x Opaque password"]
    assert made("v1/Secret", {}, stringData={"password": "plain"}) == []
    assert made("v1/Secret", {}, data={"k": "ENC[...]"}, sops={}) == ["shop/x Opaque k"]


COPIES = [
    ({"reflection-auto-enabled": "true"}, ["other/x Opaque"]),
    (
        {"reflection-auto-enabled": "true", "reflection-auto-namespaces": "a, oth.*,z-.*"},
        ["a/x Opaque", "other/x Opaque"],
    ),
    ({"reflection-allowed": "true"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "expected"), COPIES)
def test_copies_of_reflector(annotations: dict[str, str], expected: list[str]) -> None:
    prefixed = {f"reflector.v1.k8s.emberstack.com/{name}": value for name, value in annotations.items()}
    assert made("v1/Secret", {}, prefixed, stringData={"a": "b"}) == expected


def test_other_copies() -> None:
    replicator = {"replicator.v1.mittwald.de/replicate-to": "b,o.+r"}
    assert made("v1/Secret", {}, replicator, stringData={"a": "b"}) == ["b/x Opaque", "other/x Opaque"]
    assert made("v1/Secret", {}, {"kubed.appscode.com/sync": ""}, stringData={"a": "b"}) == ["other/x Opaque"]


def test_a_certificate_is_copied_too() -> None:
    template = {"annotations": {"reflector.v1.k8s.emberstack.com/reflection-auto-enabled": "true"}}
    spec = {"secretName": "wildcard", "secretTemplate": template}
    assert made("cert-manager.io/v1/Certificate", spec) == [
        "shop/wildcard kubernetes.io/tls tls.crt,tls.key",
        "other/wildcard kubernetes.io/tls",
    ]
