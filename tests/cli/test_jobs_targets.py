"""`--jobs` with many targets: rendered by threads, judged by processes, and the same report with any number."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from git import Repo

from gitops_kong.cli import independent
from gitops_kong.cli.main import cli
from tests import tools
from tests.cli.test_jobs import PLUGIN, SERVICE

INGRESS = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: i{i}, namespace: shop, annotations: {{konghq.com/plugins: "p{i}"}}}}
spec:
  ingressClassName: kong
  rules:
  - host: h{i}.example.com
    http:
      paths:
      - {{path: "{path}", pathType: ImplementationSpecific, backend: {{service: {{name: s{i}, port: {{number: 80}}}}}}}}
"""
APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: argocd}}
spec:
  source: {{repoURL: "", path: {path}}}
  destination: {{namespace: shop}}
"""
FLUX = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec: {{path: ./{path}, interval: 1m, prune: true, sourceRef: {{kind: GitRepository, name: flux-system}}{more}}}
"""
RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: {name}, namespace: shop}}
spec:
  interval: 1m
  chart: {{spec: {{chart: ./{path}, sourceRef: {{kind: GitRepository, name: flux-system, namespace: flux-system}}}}}}
  valuesFrom: [{{kind: ConfigMap, name: {values}}}]
"""
BROKEN = ({"field": "minutes"}, {"port": 700_000}, {"path": "/~["}, {"path": "no-slash"}, {"field": "["})


@pytest.fixture(autouse=True)
def _worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(independent, "LEAST", 1)
    monkeypatch.setenv("PATH", tools.search())


def manifests(rng: random.Random, count: int, broken: float) -> str:
    documents = []
    for i in rng.sample(range(1, 9), count):
        values = {"port": 80, "path": f"/{i}", "field": "minute"}
        if rng.random() < broken:
            values |= rng.choice(BROKEN)
        documents += [text.format(i=i, **values) for text in (SERVICE, INGRESS, PLUGIN)]
    return "---\n".join(documents)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def repository(root: Path, seed: int, broken: float = 0.2) -> None:
    """Overlays, some of which cannot be built; a chart; Applications that deploy Applications, and one that fails."""
    rng = random.Random(seed)
    files: dict[str, str] = {}
    for n in range(5):
        files[f"overlays/{n}/kustomization.yaml"] = f"resources: [all.yaml]\nnameSuffix: -x{rng.randrange(3)}\n"
        files[f"overlays/{n}/all.yaml"] = manifests(rng, rng.randrange(1, 4), broken)
    lost = rng.randrange(5)
    if rng.random() < 0.6:
        files[f"overlays/{lost}/kustomization.yaml"] = "resources: [all.yaml, lost.yaml]\n"
    files["chart/Chart.yaml"] = "apiVersion: v2\nname: chart\nversion: 1.0.0\n"
    files["chart/templates/all.yaml"] = manifests(rng, 2, broken).replace("shop", "{{ .Values.team }}")
    files["chart/values.yaml"] = "team: shop\n" if rng.random() < 0.7 else "team: [\n"
    names = ["one", "two", "three"]
    paths = {name: f"apps/{name}" for name in names} | ({"four": "apps/none"} if rng.random() < 0.5 else {})
    files["root/apps.yaml"] = APPLICATION.format(name="apps", path="deployed")
    for name, path in paths.items():
        files[f"deployed/{name}.yaml"] = APPLICATION.format(name=name, path=path)
        if path != "apps/none":
            files[f"{path}/all.yaml"] = manifests(rng, 1, broken)
            if rng.random() < 0.5:
                files[f"{path}/kustomization.yaml"] = "resources: [all.yaml]\nnamePrefix: a-\n"
    files["clusters/one/apps.yaml"] = "---\n".join(
        [
            FLUX.format(name="first", path="flux/first", more=""),
            FLUX.format(name="more", path="flux/more", more=", dependsOn: [{name: first}]"),
            FLUX.format(name="gone", path="flux/none", more=""),
            RELEASE.format(name="release", path="flux-chart", values="none"),
            RELEASE.format(name="lost", path=rng.choice(["flux-chart", "flux/none"]), values="other"),
        ]
    )
    files["flux/first/all.yaml"] = manifests(rng, 1, broken)
    files["flux/more/inner.yaml"] = FLUX.format(name="inner", path="flux/inner", more=", targetNamespace: other")
    files["flux/inner/all.yaml"] = manifests(rng, 2, broken)
    files["flux-chart/Chart.yaml"] = "apiVersion: v2\nname: released\nversion: 1.0.0\n"
    files["flux-chart/templates/all.yaml"] = manifests(rng, 1, broken)
    if rng.random() < 0.5:
        files["deployed/zwei.yaml"] = APPLICATION.format(name="two", path="apps/one")  # a name that another one has
    write(root, files)


def check(jobs: int, *more: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, ["check", "--format", "json", "--all", "--jobs", str(jobs), *more])
    assert done.exit_code in (0, 1, 2), done.output
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that a test starts."""
    started: list[int] = []
    fork = os.fork

    def noted() -> int:
        process = fork()
        started.append(process)
        return process

    monkeypatch.setattr(os, "fork", noted)
    return started


@pytest.mark.parametrize("seed", range(4))
def test_the_report_is_the_same_byte_for_byte(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: list[int]
) -> None:
    repository(tmp_path, seed)
    monkeypatch.chdir(tmp_path)
    alone = check(1)
    assert alone[1].count('"target"') > 10
    assert not forked
    assert check(2) == alone
    assert len(forked) == 1
    assert check(4) == alone
    assert threading.active_count() == 1


def test_a_change_is_compared_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: list[int]) -> None:
    repository(tmp_path, 7, broken=0.1)
    monkeypatch.chdir(tmp_path)
    git = Repo.init(tmp_path)
    git.git.add(all=True)
    git.git(c=("user.name=test", "user.email=test@example.com")).commit(message="before")
    rng = random.Random(8)
    for name in ("overlays/1/all.yaml", "apps/two/all.yaml", "chart/templates/all.yaml"):
        (tmp_path / name).write_text(manifests(rng, 2, 0.4))
    (tmp_path / "deployed/three.yaml").unlink()
    alone = check(1, "--base", "HEAD", "--report", "html=1.html", "--report", "text=1.txt")
    assert '"added"' in alone[1]
    assert check(2, "--base", "HEAD", "--report", "html=2.html", "--report", "text=2.txt") == alone
    assert forked
    assert (tmp_path / "2.html").read_text() == (tmp_path / "1.html").read_text()
    assert (tmp_path / "2.txt").read_text() == (tmp_path / "1.txt").read_text()
    assert check(4, "--base", "HEAD") == alone


def test_other_processes_give_their_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path, 1)
    monkeypatch.chdir(tmp_path)
    received: list[int] = []
    take = independent._received
    monkeypatch.setattr(independent, "_received", lambda sent, objects: received.append(1) or take(sent, objects))
    check(3)
    assert len(received) >= 3


def _killed(_: object, __: object) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def _out_of_memory(_: object, __: object) -> bytes:
    raise MemoryError


@pytest.mark.parametrize("end", [_killed, _out_of_memory])
def test_what_a_process_does_not_answer_is_done_without_it(
    end: Callable[[object, object], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: list[int]
) -> None:
    repository(tmp_path, 2)
    monkeypatch.chdir(tmp_path)
    alone = check(1)
    monkeypatch.setattr(independent, "_sent", end)
    assert check(3) == alone
    assert len(forked) == 2


def test_a_heavy_target_is_worked_on_by_all_processes_together() -> None:
    assert independent._parts([1000, 10, 10], 2) == [[0, 1, 2]]
    assert independent._parts([300, 310, 290, 300], 2) == [[0, 1], [2, 3]]
    assert independent._parts([], 2) == [[]]
    assert independent._parts([0, 0, 400, 0], 4) == [[0, 1, 2, 3]]
    assert [each for part in independent._parts([5, 1, 9, 9, 3, 8, 0], 3) for each in part] == [*range(7)]


SLOW = """#!/bin/sh
sleep 60 &
echo $! >> {started}
wait
"""


def test_an_interruption_ends_renderers_too(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    started = tmp_path / "started"
    (tmp_path / "bin" / "kustomize").write_text(SLOW.format(started=started))
    (tmp_path / "bin" / "kustomize").chmod(0o755)
    started.touch()
    started.chmod(0o666)
    repository(tmp_path / "repository", 3)
    process = subprocess.Popen(
        [sys.executable, "-m", "gitops_kong", "check", "--no-base", "--jobs", "3"],
        cwd=tmp_path / "repository",
        env={**os.environ, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{tools.search()}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 30
    while len(started.read_text().split()) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode not in (0, 1, 2)
    assert "Traceback" not in errors
    left = [pid for pid in started.read_text().split() if Path(f"/proc/{pid}").exists()]
    assert not [pid for pid in left if Path(f"/proc/{pid}/stat").read_text().split()[2] not in "ZX"]


@pytest.mark.parametrize(
    "command", [["render"], ["translate"], ["upgrade-check", "--to-gateway", "3.4", "--format", "json"]]
)
def test_other_commands_print_the_same(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path, 1)
    monkeypatch.chdir(tmp_path)
    alone, several = (CliRunner().invoke(cli, [*command, "--jobs", jobs]) for jobs in ("1", "3"))
    assert len(alone.stdout) > 500
    assert (several.exit_code, several.stdout, several.stderr) == (alone.exit_code, alone.stdout, alone.stderr)


def test_the_cache_changes_nothing_with_any_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path / "repository", 5)
    monkeypatch.chdir(tmp_path / "repository")
    formats = [f"--report={form}={tmp_path / form}" for form in ("html", "markdown", "sarif", "junit", "text")]

    def everything(jobs: int, *more: str) -> tuple[object, ...]:
        done = check(jobs, "--no-base", *formats, *more)
        return *done, *((tmp_path / each.split("=")[1]).read_text() for each in formats)

    monkeypatch.setenv("GITOPS_KONG_CACHE", "1")
    rng = random.Random(6)
    for step in range(3):
        alone = everything(1, "--no-cache")
        for jobs in (1, 2, 4):
            monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache-{jobs}"))
            assert everything(jobs) == alone, f"step {step}, {jobs} processes, one file changed"
            assert everything(jobs) == alone, f"step {step}, {jobs} processes, nothing changed"
        Path("overlays", str(step), "all.yaml").write_text(manifests(rng, 2, 0.3))
    kept = {jobs: len([*(tmp_path / f"cache-{jobs}" / "gitops-kong" / "results").glob("*")]) for jobs in (1, 2, 4)}
    assert kept[1] == kept[2] == kept[4] > 10
