"""A run that builds on an earlier one gives byte for byte the report of a run on everything."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from gitops_kong.cli import pipeline
from gitops_kong.cli.earlier_run import EarlierRun
from gitops_kong.cli.inputs import CheckSettings, Revision
from gitops_kong.cli.progress import Progress
from gitops_kong.report import json_format, text
from gitops_kong.report.model import Report
from gitops_kong.reuse import snapshot
from gitops_kong.reuse.store import Store
from gitops_kong.sources.config import Config
from gitops_kong.sources.tree import MemoryTree, WorkTree

OLD = time.time() - 3600


def service(rng: random.Random, name: str, namespace: str) -> str:
    lines = rng.choice(["", "  annotations: {konghq.com/plugins: limit}\n", "  annotations: {konghq.com/plugin: x}\n"])
    return (
        f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n{namespace}{lines}"
        f"spec:\n  ports: [{{name: http, port: 80}}, {{name: x, port: 81}}, {{name: a, port: {rng.choice([8, 9])}}}]\n"
    )


def plugin(rng: random.Random, name: str, namespace: str) -> str:
    """Of one type for each name: the API server takes no other later."""
    config = {
        "limit": f"plugin: rate-limiting\nconfig: {{minute: {rng.randrange(1, 4)}, policy: local}}",
        "auth": f"plugin: key-auth\nconfig: {{hide_credentials: {rng.choice(['true', 'false'])}}}",
        "shared": "plugin: cors\nconfig: {credentials: true, origins: ['*']}" + rng.choice(["", "\ninstance_name: a"]),
    }[name]
    if rng.random() < 0.03:
        config = config.replace("config: {", "config: {surprise: 1, ")
    return (
        f"apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata:\n  name: {name}\n{namespace}{config}\n"
    )


def cluster_plugin(rng: random.Random, name: str, _: str) -> str:
    labels = rng.choice(["", "  labels: {global: 'true'}\n"])
    return (
        f"apiVersion: configuration.konghq.com/v1\nkind: KongClusterPlugin\nmetadata:\n  name: {name}\n{labels}"
        "  annotations: {kubernetes.io/ingress.class: kong}\nplugin: key-auth\n"
    )


def ingress(rng: random.Random, name: str, namespace: str) -> str:
    used = rng.sample(["limit", "auth", "shared"] + ["nowhere"] * (rng.random() < 0.03), rng.randrange(3))
    notes = rng.choice([f"konghq.com/plugins: {','.join(used)}" if used else "a: b", "konghq.com/strip-path: 'yes'"])
    host = rng.choice(["", "a.example.com", "b.example.com", "*.example.com", f"{name}.example.com"])
    tls = rng.choice([*[""] * 19, f"  tls: [{{hosts: ['{host or 'x'}'], secretName: cert}}]\n"])
    path = rng.choice(["/", "/a", "/~/b.*", "/c(.*)"])
    suppressed = rng.choice(["", "", "", "# gitops-kong: ignore=duplicate-route # known\n"])
    where = f"{{host: '{host}', " if host else "{"
    backend = f"{{service: {{name: {rng.choice(['web', 'api', 'shop'])}, port: {{number: {rng.choice([80, 81])}}}}}}}"
    return (
        f"{suppressed}apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n{namespace}"
        f"  annotations: {{{notes}}}\nspec:\n  ingressClassName: {rng.choice(['kong', 'kong', 'kong', 'nginx'])}\n{tls}"
        f"  rules:\n  - {where}http: {{paths: [{{path: '{path}', pathType: ImplementationSpecific,"
        f" backend: {backend}}}]}}}}\n"
    )


def deployment(rng: random.Random, name: str, namespace: str) -> str:
    image = rng.choice(["shop", "nginx"])
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n{namespace}"
        f"spec: {{template: {{spec: {{containers: [{{name: a, image: {image}}}]}}}}}}\n"
    )


def route(rng: random.Random, name: str, namespace: str) -> str:
    return (
        f"apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n  name: {name}\n{namespace}"
        f"spec:\n  parentRefs: [{{name: kong}}]\n  hostnames: [{rng.choice(['a', 'c'])}.example.com]\n"
        f"  rules: [{{backendRefs: [{{name: {rng.choice(['web', 'other'])}, port: 80}}]}}]\n"
    )


def secret(_: random.Random, name: str, namespace: str) -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n{namespace}stringData: {{key: value-of-{name}}}\n"


def consumer(rng: random.Random, name: str, namespace: str) -> str:
    return (
        f"apiVersion: configuration.konghq.com/v1\nkind: KongConsumer\nmetadata:\n  name: {name}\n{namespace}"
        f"  annotations: {{kubernetes.io/ingress.class: kong, konghq.com/plugins: {rng.choice(['limit', 'none'])}}}\n"
        f"username: {name}\n"
    )


NAMES = {
    service: ("web", "api", "shop"),
    plugin: ("limit", "auth", "shared"),
    ingress: ("one", "two", "three", "four"),
    deployment: ("web", "batch"),
    cluster_plugin: ("shared", "every"),
    route: ("web",),
    secret: ("cert", "token"),
    consumer: ("ann",),
}
RARE = (cluster_plugin, route, secret, consumer)


def document(rng: random.Random, team: int, rare: bool) -> tuple[str, str]:
    make = rng.choice([make for make in NAMES if make not in RARE or rare])
    name = rng.choice(NAMES[make])
    namespace = f"  namespace: team-{team}\n" if team else ""
    return f"{make.__name__}-{name}", make(rng, name, namespace)


def file_of(rng: random.Random, rare: bool) -> tuple[str, str]:
    team = rng.randrange(4)
    name, body = document(rng, team, rare)
    if rng.random() < 0.1:  # an object that no other file has, most of the time
        body += "---\n" + document(rng, 10 + rng.randrange(100), rare)[1]
    return f"team-{team}/{name}.yaml", body


def edit(rng: random.Random, files: dict[str, str], rare: bool) -> None:
    files.pop("team-1/broken.yaml", None)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        kind = rng.random()
        if kind < 0.05 and files:
            del files[rng.choice(sorted(files))]
        elif kind < 0.15 and (extra := [f for f in sorted(files) if "ingress" in f or "deployment" in f]):
            del files[rng.choice(extra)]
        elif kind < 0.25 and files:
            files[rng.choice(sorted(files))] += "# nothing\n"
        elif kind < 0.29:
            files["README.md"] = "text"
        elif kind < 0.30:
            files["team-1/broken.yaml"] = "apiVersion: v1\nkind: [\n"
        else:
            path, body = file_of(rng, rare)
            files[path] = body


def write(root: Path, files: dict[str, str], old: bool) -> None:
    for path in root.rglob("*"):
        if path.is_file() and path.relative_to(root).as_posix() not in files:
            path.unlink()
    for name, body in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != body:
            path.write_text(body)
        if old and path.stat().st_mtime > OLD + 10:
            os.utime(path, (OLD, OLD))


def run(root: Path, base: dict[str, str] | None, files: dict[str, str], store: Store | None) -> Report:
    head = Revision("the work tree", WorkTree(root))
    before = None
    if base is not None:
        changed = {path for path in {*base, *files} if base.get(path) != files.get(path)}
        tree = MemoryTree({path: body.encode() for path, body in base.items()})
        before = Revision("base", tree, frozenset(changed))
    return pipeline.check(head, before, Config(), CheckSettings(), Progress(quiet=True), store)


def start(rng: random.Random, rare: bool) -> dict[str, str]:
    files = dict(file_of(rng, rare) for _ in range(rng.choice([8, 25])))
    for team in range(4):  # what others refer to is there, at the start
        space = f"  namespace: team-{team}\n" if team else ""
        for make, names in ((service, NAMES[service]), (plugin, NAMES[plugin])):
            files |= {f"team-{team}/{make.__name__}-{name}.yaml": make(rng, name, space) for name in names}
    return files


def run_on(files: dict[str, str]) -> Report:
    tree = MemoryTree({path: body.encode() for path, body in files.items()})
    return pipeline.check(Revision("", tree), None, Config(), CheckSettings(), Progress(quiet=True))


def texts(report: Report) -> Iterator[str]:
    yield json_format.write(report)
    yield text.write(report, False, True)


@pytest.mark.parametrize("seed", range(12))
def test_equal_after_random_edits(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    rare, with_base = seed % 3 == 0, seed % 2 == 1
    parts = 0
    real = EarlierRun.whole

    def whole(*arguments: object) -> object:
        nonlocal parts
        found = real(*arguments)  # type: ignore[arg-type]
        parts += found is not None
        return found

    monkeypatch.setattr(EarlierRun, "whole", whole)
    root, store = tmp_path / "repository", Store(tmp_path / "cache")
    root.mkdir()
    files = start(rng, rare)
    while not rare and not run_on(files).targets[0].all_well:
        files = start(rng, rare)
    base = dict(files) if with_base else None
    for step in range(14):
        if step == 1:
            files[rng.choice(sorted(files))] += "# nothing\n"
        elif step:
            edit(rng, files, rare)
        if base is not None and rng.random() < 0.2:
            base = dict(files)
        write(root, files, old=seed % 4 < 2)
        again, whole = ([*texts(run(root, base, files, each))] for each in (store, None))
        for one, other in zip(again, whole, strict=True):
            assert one.split("\n") == other.split("\n"), f"step {step}"
    if not rare:
        assert parts, "no run built on an earlier one"
    for file in (tmp_path / "cache").glob("*"):
        assert b"value-of-" not in file.read_bytes()


def test_one_file_of_many_is_all_that_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, store = tmp_path / "repository", Store(tmp_path / "cache")
    rng = random.Random(1)
    files = {}
    for n in range(40):
        space = f"  namespace: team-{n}\n"
        files[f"team-{n}/web.yaml"] = service(rng, "web", space).replace("konghq.com/", "b-")
        body = f"""apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: one, namespace: team-{n}}}
spec:
  ingressClassName: kong
  rules: [{{host: h{n}.example.com, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service:
    {{name: web, port: {{name: http}}}}}}}}]}}}}]
"""
        files[f"team-{n}/one.yaml"] = body
    write(root, files, old=True)
    monkeypatch.setattr(snapshot, "_RACY", 0)
    first = run(root, None, files, store)
    assert first.targets[0].objects == 80
    read: list[str] = []
    monkeypatch.setattr(snapshot, "_RACY", 0)
    real = WorkTree._read_file
    monkeypatch.setattr(WorkTree, "_read_file", lambda self, path: (read.append(path), real(self, path))[1])
    files["team-3/one.yaml"] = files["team-3/one.yaml"].replace("h3.", "other.")
    write(root, files, old=False)
    again = run(root, None, files, store)
    assert set(read) == {"team-3/one.yaml", "team-3/web.yaml"}
    assert [*texts(again)] == [*texts(run(root, None, files, None))]


def test_on_another_day_what_can_expire_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, store = tmp_path / "repository", Store(tmp_path / "cache")
    files = {"web.yaml": service(random.Random(2), "web", "").replace("konghq.com/", "b-")}
    used = []
    real = EarlierRun.part

    def part(self: EarlierRun) -> object:
        found = real(self)
        used.append(found is not None)
        return found

    monkeypatch.setattr(EarlierRun, "part", part)
    for more in ({}, {"secret.yaml": secret(random.Random(1), "cert", "")}):
        files |= more
        write(root, files, old=False)
        for day in (1, 1, 2):
            head = Revision("the work tree", WorkTree(root))
            settings = CheckSettings(today=date(2026, 1, day))
            pipeline.check(head, None, Config(), settings, Progress(quiet=True), store)
    assert used == [False, True, True, False, True, False]
