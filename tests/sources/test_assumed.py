"""Stand-ins for Secrets that others will make."""

from __future__ import annotations

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
