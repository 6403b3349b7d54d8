"""The real API server of the live tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_kong.controller.known_kinds import KNOWN_KINDS
from gitops_kong.live.client import Client
from gitops_kong.live.kubeconfig import connect
from tests.live import server


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Cluster]:
    """One API server for all live tests of this process, with the CRDs of every kind that the controller reads."""
    found = server.Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        found.start()
        kinds = [(k.api_version, k.kind, k.namespaced) for k in KNOWN_KINDS if "konghq" in k.api_version]
        gateway = [(k.api_version, k.kind, k.namespaced) for k in KNOWN_KINDS if "gateway." in k.api_version]
        more = [
            ("gateway.networking.k8s.io/v1", "GatewayClass", False),
            ("gateway.networking.k8s.io/v1", "Gateway", True),
        ]
        found.create(*server.definitions([*kinds, *dict.fromkeys([*gateway, *more])]), status=False)
        _established(found)
        yield found
    finally:
        found.stop()


def _established(cluster: server.Cluster) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    until = time.monotonic() + 60
    while True:
        conditions = [
            {c["type"]: c["status"] for c in (crd.get("status") or {}).get("conditions") or ()}
            for crd in cluster.request("GET", path)["items"]
        ]
        if all(c.get("Established") == "True" for c in conditions):
            return
        assert time.monotonic() < until, conditions
        time.sleep(0.1)


@pytest.fixture
def client(tmp_path: Path) -> Callable[..., Client]:
    """A client of the cluster, as the administrator or as another user."""

    def made(cluster: server.Cluster, user: Mapping[str, Any] | None = None) -> Client:
        file = cluster.kubeconfig(tmp_path / "of-the-client", user)
        return Client(connect(str(file), None, {}))

    return made
