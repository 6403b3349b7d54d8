"""Certificates of Gateways' listeners."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context
from gitops_kong.translate.gateways import TOO_MANY_CERTIFICATES, listener_certificates
from tests.gateway_objects import gateway, gateway_class, grant, listener, obj, options
from tests.translate.translated import NoSchemas

SECRET = obj("v1", "Secret", "cert", "edge")
REMOTE = obj("v1", "Secret", "cert", "infra")


def edge(*refs: dict[str, Any], programmed: str = "True", generation: int = 1, **content: Any) -> K8sObject:
    condition = {"type": "Programmed", "reason": "Programmed", "status": programmed, "observedGeneration": generation}
    tls = {"certificateRefs": list(refs or ({"group": "", "kind": "Secret", "name": "cert"},))}
    status = {"listeners": [{"name": "tls", "conditions": [condition]}]}
    return gateway(listener("tls", "HTTPS", 443, tls=tls, **content), metadata={"generation": 1}, status=status)


def certificates(version: str, *objects: K8sObject) -> tuple[list[tuple[str, str]], list[str]]:
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    context = Context(ObjectStore(objects), options(version), NoSchemas(), now)
    found = [(c.secret.namespace, c.hostname) for c in listener_certificates(context)]
    return found, [f.message for f in context.failures]


def test_host_names() -> None:
    assert certificates("3.4.3", edge(), SECRET) == ([("edge", "*")], [])
    assert certificates("3.4.3", edge(hostname="a.example"), SECRET) == ([("edge", "a.example")], [])


@pytest.mark.parametrize(
    ("version", "gateway_class_", "programmed", "taken"),
    [
        ("3.4.3", None, "True", True),
        ("3.4.3", gateway_class(), "False", False),
        ("3.4.8", gateway_class(unmanaged=False), "False", False),
        ("3.4.9", None, "True", False),
        ("3.5.1", None, "True", True),
        ("3.5.2", None, "True", False),
        ("3.5.13", gateway_class(), "True", True),
        ("3.5.13", gateway_class(), "False", False),
        ("3.5.13", gateway_class(unmanaged=False), "False", True),
        ("3.5.13", gateway_class(controller="other.example/gateways"), "True", False),
    ],
)
def test_classes_and_conditions(version: str, gateway_class_: K8sObject | None, programmed: str, taken: bool) -> None:
    objects = [edge(programmed=programmed), SECRET, *([gateway_class_] if gateway_class_ else [])]
    assert bool(certificates(version, *objects)[0]) is taken


def test_an_older_generation_is_not_programmed() -> None:
    assert certificates("3.4.3", edge(generation=2), SECRET) == ([], [])


@pytest.mark.parametrize(
    ("version", "granted", "taken"), [("3.4.13", False, True), ("3.5.13", False, False), ("3.5.13", True, True)]
)
def test_secrets_of_other_namespaces(version: str, granted: bool, taken: bool) -> None:
    remote = edge({"group": "", "kind": "Secret", "name": "cert", "namespace": "infra"})
    objects = [gateway_class(), remote, REMOTE]
    if granted:
        objects.append(grant("infra", kind="Gateway", origin="edge", to="Secret"))
    assert bool(certificates(version, *objects)[0]) is taken


def test_several_certificates_of_one_listener() -> None:
    assert certificates("3.4.3", edge({"name": "cert"}, {"name": "other"}), SECRET) == ([], [TOO_MANY_CERTIFICATES])
