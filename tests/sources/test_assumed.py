"""Stand-ins for Secrets that others will make."""

from __future__ import annotations

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.sources.assumed import secrets


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
