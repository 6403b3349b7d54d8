"""`gitops-kong presync` against a server with the shapes of Kubernetes' API, and repositories of this machine."""

import copy
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_kong.live.argocd import pinned, sync_of
from gitops_kong.live.resources import READ
from tests.integrations.shop import gitops_kong, make
from tests.live_client.script import Answer, Request, Server, serving

PATHS = {resource.path(): resource for resource in READ}
APPLICATION = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/checkout"
FLAGS = ("--controller-version", "3.5.13", "--timeout", "5")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make(tmp_path / "shop")


def application(shop: Path, commit: str, **more: Any) -> dict[str, Any]:
    source = {"repoURL": f"file://{shop}", "path": "apps/checkout/overlays/production", "targetRevision": "main"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "checkout", "namespace": "argocd", "uid": "1", "resourceVersion": "9"},
        "spec": {
            "project": "default",
            "source": source,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "checkout"},
        },
        "status": {
            "sync": {"status": "OutOfSync", "revision": commit},
            "operationState": {
                "phase": "Running",
                "startedAt": "2026-11-29T21:00:00Z",
                "operation": {"sync": {"revision": commit, **more}, "initiatedBy": {"automated": True}},
                "syncResult": {"revision": commit, "source": source, "resources": []},
            },
        },
    }


class Cluster:
    """What the API server answers with: one Application and what main of the shop made of the cluster."""

    def __init__(self, content: dict[str, Any], objects: list[dict[str, Any]]) -> None:
        self.application: Any = content
        self.objects = objects
        self.forbidden = {"Secret"}
        self.asked = 0
        self.later: Callable[[int], Any] | None = None

    def __call__(self, request: Request) -> Answer:
        if request.path == "/version":
            return Answer(body={"gitVersion": "v1.33.4"})
        if request.path == APPLICATION:
            self.asked += 1
            content = self.later(self.asked) if self.later else self.application
            return Answer(404, {"kind": "Status", "message": "not found"}) if content is None else Answer(body=content)
        resource = PATHS.get(request.path)
        if resource is None or resource.kind in self.forbidden:
            return Answer(403, {"kind": "Status", "message": "forbidden"})
        items = [o for o in self.objects if (o["apiVersion"], o["kind"]) == (resource.api_version, resource.kind)]
        return Answer(body={"kind": f"{resource.kind}List", "metadata": {"resourceVersion": "9"}, "items": items})


@pytest.fixture
def cluster(shop: Path) -> Cluster:
    """The cluster as main left it, about to get the pull request's broken plugin."""
    broken = git(shop, "rev-parse", "pull-request")
    git(shop, "checkout", "--quiet", "main")
    rendered = gitops_kong("render", "--target", "production", cwd=shop).stdout
    import yaml

    objects = [o for o in yaml.safe_load_all(rendered) if o]
    for i, each in enumerate(objects):
        each["metadata"] |= {"uid": f"u{i}", "resourceVersion": str(i + 1), "creationTimestamp": "2026-11-01T00:00:00Z"}
    return Cluster(application(shop, broken), objects)


@pytest.fixture
def server(cluster: Cluster) -> Iterator[Server]:
    with serving(cluster) as found:
        yield found


@pytest.fixture
def presync(server: Server, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server.url}}],
        "users": [{"name": "u", "user": {"token": "secret-token"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(config))

    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        given = ("--application", "checkout", "--kubeconfig", str(file), *FLAGS, *arguments)
        return gitops_kong("presync", *given, cwd=tmp_path, **env)

    return run


def test_a_broken_revision_stops_the_sync(presync: Callable[..., Any], shop: Path) -> None:
    done = presync()
    assert done.returncode == 1, done.stderr
    assert "did you mean config.minute?" in done.stdout
    assert "Ingress checkout/checkout: left out with what it needs" in done.stdout
    assert "argocd/checkout  " in done.stdout
    assert "at apps/checkout/base/rate-limit.yaml:7:3" in done.stdout
    assert "against the cluster, read " in done.stdout
    assert git(shop, "rev-parse", "pull-request")[:12] in done.stderr
    assert "secret-token" not in done.stdout + done.stderr


def test_a_healthy_revision_goes_on_and_only_reads(presync: Callable[..., Any], cluster: Cluster, shop: Path) -> None:
    cluster.application = application(shop, git(shop, "rev-parse", "main"))
    done = presync()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 changed" in done.stdout


def test_what_the_cluster_has_broken_already_does_not_stop_a_sync(
    presync: Callable[..., Any], cluster: Cluster, shop: Path
) -> None:
    cluster.application = application(shop, git(shop, "rev-parse", "main"))
    plugin = next(o for o in cluster.objects if o["kind"] == "KongPlugin")
    broken = copy.deepcopy(plugin)
    broken["metadata"] |= {"name": "other", "namespace": "search", "uid": "other"}
    broken["config"] = {"nonsense": True}
    cluster.objects.append(broken)
    done = presync()
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_repository_says_which_controller_runs(presync: Callable[..., Any], shop: Path) -> None:
    assert "FallbackConfiguration on" in presync().stdout  # from .gitops-kong.yaml of the shop
    assert "FallbackConfiguration off" in presync("--feature-gate", "FallbackConfiguration=false").stdout


def test_errors_stop_the_sync_unless_it_fails_open(presync: Callable[..., Any], cluster: Cluster, shop: Path) -> None:
    cluster.application = None
    done = presync()
    assert done.returncode == 2
    assert "argocd/checkout is not in this cluster" in done.stderr
    done = presync("--fail-open")
    assert done.returncode == 0
    assert "goes on unchecked" in done.stderr
    cluster.application = application(shop, "0" * 40)
    done = presync()
    assert done.returncode == 2
    assert "no such revision" in done.stderr or "0000000000" in done.stderr
    assert "Traceback" not in done.stderr


def test_findings_stop_the_sync_although_it_fails_open(presync: Callable[..., Any]) -> None:
    assert presync("--fail-open").returncode == 1


def test_the_commit_that_argo_cd_resolves_is_waited_for(
    presync: Callable[..., Any], cluster: Cluster, shop: Path
) -> None:
    early = copy.deepcopy(cluster.application)
    del early["status"]["operationState"]["syncResult"]
    early["status"]["operationState"]["operation"]["sync"]["revision"] = ""
    early["spec"]["source"]["targetRevision"] = ""
    cluster.later = lambda n: early if n < 3 else cluster.application
    assert presync().returncode == 1
    assert cluster.asked == 3


def test_manifests_of_a_local_sync_are_taken(presync: Callable[..., Any], cluster: Cluster, shop: Path) -> None:
    plugin = next(o for o in cluster.objects if o["kind"] == "KongPlugin" and o["metadata"]["name"] == "rate-limit")
    manifest = {k: plugin[k] for k in ("apiVersion", "kind", "plugin")} | {
        "metadata": {"name": "rate-limit", "namespace": "checkout"},
        "config": {"minutes": 1},
    }
    cluster.application = application(shop, "", manifests=[json.dumps(manifest)])
    done = presync()
    assert done.returncode == 1, done.stderr
    assert "did you mean config.minute?" in done.stdout


def test_a_chart_of_elsewhere_is_named_and_alone_cannot_be_checked(
    presync: Callable[..., Any], cluster: Cluster, shop: Path
) -> None:
    chart = {"repoURL": "https://charts.example.com", "chart": "kong", "targetRevision": "2.48.0"}
    state = cluster.application["status"]["operationState"]
    git_source = state["syncResult"].pop("source")
    state["syncResult"] |= {
        "sources": [git_source, chart],
        "revisions": [state["syncResult"].pop("revision"), "2.48.0"],
    }
    done = presync()
    assert done.returncode == 1
    assert "chart kong is not fetched, so it is not checked" in done.stderr
    state["syncResult"] |= {"sources": [chart], "revisions": ["2.48.0"]}
    done = presync()
    assert done.returncode == 2
    assert "no source is in Git" in done.stderr


def test_a_rollback_is_read_from_the_operation(shop: Path) -> None:
    content = application(shop, "abc", source={"repoURL": "https://example.com/old.git", "path": "old"})
    del content["status"]["operationState"]["syncResult"]
    (source,) = sync_of(content).sources
    assert (source.url, source.revision) == ("https://example.com/old.git", "abc")


def test_two_revisions_of_one_repository_are_two_repositories(shop: Path) -> None:
    content = application(shop, "")
    sources = [{"repoURL": "https://example.com/a.git", "path": p} for p in ("x", "y", "z")]
    content["status"]["operationState"]["syncResult"] = {"sources": sources, "revisions": ["1", "2", "1"]}
    made, found = pinned(sync_of(content))
    assert [s["repoURL"] for s in made["spec"]["sources"]] == [
        "https://example.com/a@1",
        "https://example.com/a@2",
        "https://example.com/a@1",
    ]
    assert {url: s.revision for url, s in found.items()} == {
        "https://example.com/a@1": "1",
        "https://example.com/a@2": "2",
    }


def test_a_sync_that_is_over_is_not_taken_for_one_that_runs(shop: Path) -> None:
    content = application(shop, "abc")
    content["status"]["operationState"]["phase"] = "Succeeded"
    sync = sync_of(content)
    assert not sync.running
    assert [s.revision for s in sync.sources] == ["main"]


def test_links_in_a_repository_lead_nowhere(presync: Callable[..., Any], cluster: Cluster, shop: Path) -> None:
    outside = shop.parent / "outside"
    outside.mkdir()
    (outside / "settings.yaml").write_text("keep: me\n")
    for name, target in ((".gitops-kong.yaml", outside / "settings.yaml"), (".gitops-kong-sync", outside)):
        (shop / name).unlink(missing_ok=True)
        (shop / name).symlink_to(target)
    git(shop, "add", "--all")
    git(shop, "-c", "user.name=S", "-c", "user.email=s@example.com", "commit", "--quiet", "--message", "Link")
    cluster.application = application(shop, git(shop, "rev-parse", "HEAD"))
    assert presync().returncode == 0
    assert [f.name for f in outside.iterdir()] == ["settings.yaml"]
    assert (outside / "settings.yaml").read_text() == "keep: me\n"
