"""Verdicts on targets that did not change are taken from an earlier run: whatever is wrong in them, in every format."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gitops_kong.cli import judging, pipeline
from gitops_kong.cli.check import FORMATS, writer
from gitops_kong.cli.inputs import CheckSettings, Revision
from gitops_kong.cli.progress import Progress
from gitops_kong.cli.settings import ControllerSettings
from gitops_kong.cli.target_run import TargetRun
from gitops_kong.report.model import Report
from gitops_kong.reuse.store import Store
from gitops_kong.sources.config import Config
from gitops_kong.sources.tree import MemoryTree
from tests.reuse.test_equal import edit, start

CERTIFICATE = """apiVersion: v1
kind: Secret
metadata: {name: cert, namespace: team-1, labels: {konghq.com/credential: key-auth}}
type: kubernetes.io/tls
stringData: {tls.crt: value-of-crt, tls.key: value-of-key, key: value-of-key}
"""
MORE = """apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: kong, namespace: team-1}
spec: {gatewayClassName: kong, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: kong, annotations: {konghq.com/gatewayclass-unmanaged: "true"}}
spec: {controllerName: konghq.com/kic-gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: rpc, namespace: team-1}
spec:
  parentRefs: [{name: kong}]
  hostnames: [rpc.example.com, WRONG]
  rules: [{backendRefs: [{name: web, port: 80}, {name: nowhere, port: 80}]}]
---
apiVersion: configuration.konghq.com/v1beta1
kind: KongConsumerGroup
metadata: {name: gold, namespace: team-1, annotations: {kubernetes.io/ingress.class: kong}}
"""


def clusters(rng: random.Random) -> dict[str, dict[str, str]]:
    """Some clusters, in which the same objects stand, so that each is a target."""
    found = {}
    for name in ("blue", "green", "red"):
        found[name] = start(rng, rare=True) | {"team-1/more.yaml": MORE, "team-1/cert.yaml": CERTIFICATE}
    return found


def files_of(found: dict[str, dict[str, str]]) -> dict[str, str]:
    return {f"{name}/{path}": text for name, files in found.items() for path, text in files.items()}


def run(
    files: dict[str, str], base: dict[str, str] | None, store: Store | None, settings: CheckSettings, config: Config
) -> Report:
    trees = [MemoryTree({path: text.encode() for path, text in each.items()}) for each in (files, base or {})]
    before = None
    if base is not None:
        changed = {path for path in {*base, *files} if base.get(path) != files.get(path)}
        before = Revision("base", trees[1], frozenset(changed))
    return pipeline.check(Revision("head", trees[0]), before, config, settings, Progress(quiet=True), store)


def texts(report: Report) -> Iterator[tuple[str, str]]:
    for form in FORMATS:
        yield form, writer(form)(report)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The targets that were not taken from an earlier run."""
    names: list[str] = []
    real = TargetRun.target

    def noted(self: TargetRun, target: judging.Target, *more: object) -> object:
        names.append(target.name)
        return real(self, target, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(TargetRun, "target", noted)
    return names


SETTINGS = CheckSettings(compare_routes=True, all_predictions=True)


@pytest.mark.parametrize("seed", range(6))
def test_equal_after_random_edits(seed: int, tmp_path: Path, judged: list[str]) -> None:
    rng = random.Random(seed)
    store = Store(tmp_path / "cache")
    there = clusters(rng)
    base = files_of(there) if seed % 2 else None
    settings = replace(SETTINGS, compare_routes=seed % 3 == 0)
    reused = 0
    for _ in range(5):
        files = files_of(there)
        del judged[:]
        kept = [*texts(run(files, base, store, settings, Config()))]
        found = len(set(judged))
        del judged[:]
        anew = [*texts(run(files, base, None, settings, Config()))]
        reused += len(set(judged)) - found
        for (form, one), (_, other) in zip(kept, anew, strict=True):
            assert one.split("\n") == other.split("\n"), form
        edit(rng, there[rng.choice(sorted(there))], rare=True)
        if base is not None and rng.random() < 0.3:
            base = files_of(there)
    assert reused >= 5, "hardly any target was taken from an earlier run"
    for file in (tmp_path / "cache").glob("*"):
        assert b"value-of-" not in file.read_bytes()


def test_what_verdicts_hang_on_is_in_their_name(tmp_path: Path, judged: list[str]) -> None:
    store = Store(tmp_path / "cache")
    files = files_of(clusters(random.Random(3)))
    rule = "id: own\ngroup: security\nseverity: error\ntitle: t\nmeaning: m\nremediation: r\nkinds: [Ingress]\n"
    rule += (
        "expression: 'true'\nmessage: '\"{word}\"'\nexamples: {{pass: [{{objects: []}}], fail: [{{objects: []}}]}}\n"
    )
    own = ".gitops-kong/policies/own.yaml"

    def again(files: dict[str, str], base: dict[str, str] | None = None, **changed: object) -> bool:
        settings = replace(SETTINGS, **{k: v for k, v in changed.items() if k in vars(SETTINGS)})  # type: ignore[arg-type]
        config = replace(Config(), **{k: v for k, v in changed.items() if k not in vars(SETTINGS)})  # type: ignore[arg-type]
        del judged[:]
        run(files, base, store, settings, config)
        return len(set(judged)) == 0

    assert not again(files)
    assert again(files)
    assert again({**files, "README.md": "another"})
    variants: list[dict[str, object]] = [
        {"today": date(2027, 1, 1)},
        {"scenarios": ("rollout",)},
        {"compare_routes": False},
        {"controller": ControllerSettings(controller_version="3.4.3")},
        {"kubernetes_version": "1.31.0"},
        {"policies": {"groups": {"security": "error"}}},
        {"controller": ControllerSettings(gateway_version="3.4", feature_gates={"FallbackConfiguration": True})},
        {"base": {**files, "blue/team-1/more.yaml": MORE.replace("rpc.", "rpd.")}},
    ]
    for changed in variants:
        assert not again(files, **changed), changed  # type: ignore[arg-type]
        assert again(files, **changed), changed  # type: ignore[arg-type]
    for word in ("one", "two"):
        with_rule = {**files, own: rule.format(word=word)}
        assert not again(with_rule)
        assert again(with_rule)
    moved = {path.replace("team-1/more", "team-1/moved"): text for path, text in files.items()}
    assert not again(moved)
    assert again(files)


def test_a_target_of_plain_files_with_failures_is_known_too(tmp_path: Path, judged: list[str]) -> None:
    store = Store(tmp_path / "cache")
    files = {"more.yaml": MORE, "cert.yaml": CERTIFICATE}
    first = run(files, None, store, SETTINGS, Config())
    assert first.exit_status == 1
    del judged[:]
    assert [*texts(run(files, None, store, SETTINGS, Config()))] == [*texts(first)]
    assert not judged
