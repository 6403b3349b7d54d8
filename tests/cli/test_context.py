"""`--context` and `context` of the file: what the cluster has beyond what is checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gitops_kong.cli.main import cli
from tests import tools
from tests.sources.build import service, write

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: d}
spec:
  ingressClassName: kong
  tls: [{secretName: cert, hosts: [a.example.com]}]
  rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend:
    {service: {name: web, port: {number: 80}}}}]}}]
"""
CERTIFICATE = (
    "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c, namespace: d}\nspec: {secretName: cert}\n"
)
LIST = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "web", "namespace": "d", "uid": "u", "managedFields": [{"manager": "kubectl"}]},
                "spec": {"ports": [{"port": 80}], "clusterIP": "10.0.0.1"},
                "status": {"loadBalancer": {}},
            },
            {
                "apiVersion": "cert-manager.io/v1",
                "kind": "Certificate",
                "metadata": {"name": "c", "namespace": "d"},
                "spec": {"secretName": "cert"},
            },
        ],
    }
)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "repo", {"app/i.yaml": INGRESS})
    write(tmp_path, {
        "dump.json": LIST,
        "other/k/kustomization.yaml": "resources: [s.yaml, c.yaml]\nnamespace: d\n",
        "other/k/s.yaml": service("web"),
        "other/k/c.yaml": CERTIFICATE.replace(", namespace: d", ""),
        "other/values.yaml": "not: a manifest\n",
        "other/app/i.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n",
        "broken.yaml": "apiVersion: v1\nkind: [\n",
    })  # fmt: skip
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str) -> Result:
    return CliRunner(env={"PATH": tools.search()}).invoke(cli, ["check", "--no-base", "--no-cache", *arguments])


def test_without_it_something_is_missing(repository: Path) -> None:
    assert check("repo").exit_code == 1


@pytest.mark.parametrize("path", ["dump.json", "../{}/dump.json", "{root}/dump.json", "other", "other/k"])
def test_it_lies_anywhere(repository: Path, path: str) -> None:
    done = check("repo", "--context", path.format(repository.name, root=repository))
    assert (done.exit_code, done.stderr) == (0, "")


def test_it_is_relative_to_the_working_directory_or_the_root(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(repository / "repo", {"shared/s.yaml": service("web", "d"), "shared/c.yaml": CERTIFICATE})
    assert check("repo/app", "--context", "repo/shared").exit_code == 0
    monkeypatch.chdir(repository / "repo" / "app")
    assert check(".", "--context", "../shared").exit_code == 0
    assert check(".", "--context", "../../dump.json").exit_code == 0


def test_what_the_file_names_counts_for_every_target(repository: Path) -> None:
    files = {"shared/s.yaml": service("web", "d"), "shared/c.yaml": CERTIFICATE}
    write(repository / "repo", {**files, ".gitops-kong.yaml": "targets: [{path: app}]\n"})
    assert check("repo").exit_code == 1
    write(repository / "repo", {".gitops-kong.yaml": "targets: [{path: app}]\ncontext: [shared]\n"})
    assert check("repo").exit_code == 0


def test_what_the_file_names_lies_in_the_repository(repository: Path) -> None:
    for path in ("../dump.json", str(repository / "dump.json")):
        write(repository / "repo", {".gitops-kong.yaml": f"context: ['{path}']\n"})
        done = check("repo")
        assert done.exit_code == 2 or isinstance(done.exception, Exception)
        assert "web" not in done.output


@pytest.mark.parametrize(
    ("path", "told"),
    [("nowhere", "context nowhere: no such file"), ("/nowhere", "no such file"), ("broken.yaml", "broken.yaml:3:1: ")],
)
def test_what_is_not_there_or_broken_is_told(repository: Path, path: str, told: str) -> None:
    done = check("repo", "--context", path)
    assert told in str(done.exception)
