"""What a read-back takes away, told of the objects that lose it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.predict.losses import Loss, losses

NOTHING = ObjectStore(())
HOST = "shop.example.com"


def tags(kind: str, name: str, group: str = "configuration.konghq.com") -> list[str]:
    return [f"k8s-name:{name}", "k8s-namespace:shop", f"k8s-kind:{kind}", f"k8s-group:{group}"]


def consumer(password: str) -> dict[str, Any]:
    credential = {"username": "ada", "password": password}
    return {"username": "ada", "tags": tags("KongConsumer", "ada"), "basicauth_credentials": [credential]}


def lost(before: dict[str, Any], after: dict[str, Any], store: ObjectStore = NOTHING) -> list[Loss]:
    return list(losses(before, after, store))


def test_a_password_that_is_hashed_again_is_told_without_its_value() -> None:
    (loss,) = lost({"consumers": [consumer("open")]}, {"consumers": [consumer("hash")]})
    assert (loss.rule, str(loss.object)) == ("consumer-lost", "KongConsumer shop/ada")
    assert "hash of its password is hashed again" in loss.what
    assert "open" not in loss.what


def test_what_stays_as_it_was_loses_nothing() -> None:
    same = {
        "consumers": [consumer("open")],
        "consumer_group_consumers": [{"consumer": "ada", "consumer_group": "gold"}],
        "certificates": [{"cert": "C", "tags": tags("Secret", "tls", ""), "snis": [{"name": HOST}]}],
        "services": [{"name": "s", "ca_certificates": ["1"], "tags": tags("Service", "s", "")}],
        "ca_certificates": [{"id": "1", "cert": "C"}],
        "degraphql_routes": [{"uri": "/", "tags": tags("KongCustomEntity", "e")}],
    }
    assert lost(same, same) == []


@pytest.mark.parametrize("tagged", [True, False])
def test_hosts_whose_certificate_is_not_served_any_more(tagged: bool) -> None:
    data = {"tls.crt": base64.b64encode(b"C\n").decode(), "tls.key": ""}
    metadata = {"name": "tls", "namespace": "shop"}
    secret = K8sObject({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    own = {"tags": tags("Secret", "tls", "")} if tagged else {}
    before = {"certificates": [{"cert": "C", **own, "snis": [{"name": HOST}]}]}
    (loss,) = lost(before, {"certificates": [{"cert": "C", **own}]}, ObjectStore([secret]))
    assert (loss.rule, str(loss.object)) == ("certificate-lost", "Secret shop/tls")
    assert HOST in loss.what


def test_services_whose_ca_certificates_get_other_ids() -> None:
    service = {"name": "s", "ca_certificates": ["1"], "tags": tags("Service", "s", "")}
    (loss,) = lost(
        {"services": [service], "ca_certificates": [{"id": "1", "cert": "C"}]},
        {"services": [service], "ca_certificates": [{"cert": "C"}]},
    )
    assert (loss.rule, str(loss.object)) == ("certificate-lost", "Service shop/s")


def test_custom_entities_are_gone() -> None:
    entity = {"uri": "/", "tags": tags("KongCustomEntity", "e")}
    (loss,) = lost({"degraphql_routes": [entity, entity]}, {})
    assert (loss.rule, str(loss.object)) == ("custom-entity-lost", "KongCustomEntity shop/e")
