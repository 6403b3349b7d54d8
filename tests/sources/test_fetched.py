"""What `--allow-network` fetches, from a chart repository and a web server on this machine."""

from __future__ import annotations

import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from gitops_kong.sources.base import Limits, Rendered
from gitops_kong.sources.config import Config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.render import render
from gitops_kong.sources.tree import WorkTree
from tests.sources.build import names, service, tools, write
from tests.sources.test_argocd import URL
from tests.sources.test_flux import flux

CHART = {
    "far/Chart.yaml": "apiVersion: v2\nname: far\nversion: 1.2.3\n",
    "far/values.yaml": "name: default\n",
    "far/templates/s.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: '{{ .Values.name }}'}\n",
}


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A chart repository with the chart `far`, and a manifest."""
    root = tmp_path_factory.mktemp("server")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in CHART.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    (root / "far-1.2.3.tgz").write_bytes(packed.getvalue())
    (root / "s.yaml").write_text(service("base"))

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(root)))
    url = f"http://127.0.0.1:{found.server_port}"
    entry = {"apiVersion": "v2", "name": "far", "version": "1.2.3", "urls": [f"{url}/far-1.2.3.tgz"]}
    (root / "index.yaml").write_text(json.dumps({"apiVersion": "v1", "entries": {"far": [entry]}}))
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield url
    found.shutdown()
    thread.join()
    found.server_close()


def result(root: Path, *, network: bool = True) -> Rendered:
    tree = WorkTree(root)
    (target,) = discover(tree, Config())
    return render(target, tree, tools(allow_network=network), Limits(seconds=60))


def kept(found: Rendered) -> list[str]:
    return [name for name in names(found) if name.startswith("Service")]


def test_charts_of_applications(server: str, tmp_path: Path) -> None:
    sources = [
        {"repoURL": server, "chart": "far", "targetRevision": "1.*", "helm": {"valueFiles": ["$v/values.yaml"]}},
        {"repoURL": URL, "ref": "v"},
    ]
    found = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "a", "namespace": "argocd"},
        "spec": {"sources": sources, "destination": {"name": "in-cluster", "namespace": "x"}},
    }
    write(tmp_path, {"apps/a.yaml": json.dumps(found), "values.yaml": "name: ours\n"})
    fetched = result(tmp_path)
    assert (fetched.problems, kept(fetched)) == ([], ["Service x/ours"])
    assert [each.origin.file for each in fetched.objects if each.origin] == ["apps/a.yaml"]
    absent = result(tmp_path, network=False)
    assert [(each.what, each.why) for each in absent.not_seen] == [
        (f"chart far 1.* of {server}", "Application argocd/a deploys it; give --allow-network")
    ]


def test_charts_of_releases(server: str, tmp_path: Path) -> None:
    source = {"kind": "HelmRepository", "name": "r"}
    chart = {"spec": {"chart": "far", "version": "1.x", "sourceRef": source}}
    write(
        tmp_path,
        {
            "f/r.yaml": flux("HelmRepository", "r", {"url": server}),
            "f/h.yaml": flux("HelmRelease", "h", {"chart": chart, "values": {"name": "ours"}}),
        },
    )
    fetched = result(tmp_path)
    assert (fetched.problems, kept(fetched)) == ([], ["Service flux-system/ours"])
    assert kept(result(tmp_path, network=False)) == []


def test_sub_charts(server: str, tmp_path: Path) -> None:
    entry = f"dependencies: [{{name: far, version: 1.2.3, repository: '{server}'}}]\n"
    write(tmp_path, {"c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n" + entry})
    fetched = result(tmp_path)
    assert (fetched.problems, kept(fetched)) == ([], ["Service default"])


def test_remote_bases_and_charts_of_kustomizations(server: str, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "kustomization.yaml": f"resources: ['{server}/s.yaml']\nnamePrefix: x-\n"
            f"helmCharts: [{{name: far, repo: '{server}', version: 1.2.3}}]\n"
        },
    )
    fetched = result(tmp_path)
    assert (fetched.problems, kept(fetched)) == ([], ["Service x-base", "Service x-default"])


def test_what_cannot_be_fetched_is_a_problem(tmp_path: Path) -> None:
    source = {"repoURL": "http://127.0.0.1:1", "chart": "far", "targetRevision": "1.0.0"}
    found = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "a", "namespace": "argocd"},
        "spec": {"source": source, "destination": {"name": "in-cluster"}},
    }
    write(tmp_path, {"apps/a.yaml": json.dumps(found)})
    (problem,) = result(tmp_path).problems
    assert problem.message.startswith("chart far 1.0.0 of http://127.0.0.1:1 could not be fetched: helm: ")
