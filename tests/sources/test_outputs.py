"""What renderers print: run once for equal inputs, kept for later runs where that is safe."""

from __future__ import annotations

import gzip
import threading
from pathlib import Path
from typing import Any

import pytest

from gitops_kong.errors import RenderError
from gitops_kong.reuse.store import Store
from gitops_kong.sources.base import Limits, Rendered, Target
from gitops_kong.sources.once import Once
from gitops_kong.sources.outputs import Outputs
from gitops_kong.sources.render import render
from gitops_kong.sources.tools import Tools
from gitops_kong.sources.tree import MemoryTree

PROGRAM = """#!/bin/sh
PATH=/usr/bin:/bin
echo run >> {runs}
{then}
while [ $# -gt 0 ]; do case "$1" in build|template|-*) ;; ./*) cd "$1"; esac; shift; done
cat all.yaml templates/*.yaml 2>/dev/null
exit 0
"""
CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"
SECRET = b"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: aHVzaC1odXNo}\n"
KUSTOMIZATION = {"app/kustomization.yaml": b"resources: [all.yaml]\n", "app/all.yaml": CONFIG}
CHART = {"app/Chart.yaml": b"apiVersion: v2\nname: app\nversion: 1.0.0\n"}


class World:
    """Programs that count how often they run, a cache, and a run at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder / "cache")
        self.program()

    def program(self, then: str = "true") -> None:
        for name in ("kustomize", "helm"):
            file = self.folder / name
            file.write_text(PROGRAM.format(runs=self.folder / "runs", then=then))
            file.chmod(0o755)
        (self.folder / "runs").touch()
        (self.folder / "runs").chmod(0o666)

    def render(self, files: dict[str, bytes], source: str = "kustomize", **options: Any) -> Rendered:
        return self.again(Tools(search=str(self.folder), outputs=Outputs(self.store)), files, source, **options)

    def again(self, tools: Tools, files: dict[str, bytes], source: str = "kustomize", **options: Any) -> Rendered:
        return render(Target("app", source, "app", ("app",), options), MemoryTree(files), tools)

    @property
    def runs(self) -> int:
        return len((self.folder / "runs").read_text().split())

    def kept(self) -> bytes:
        return b"".join(file.read_bytes() for file in (self.folder / "cache").glob("*"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_an_equal_run_is_taken_from_an_earlier_one(world: World) -> None:
    first = world.render(KUSTOMIZATION)
    assert [found.name for found in first.objects] == ["a"]
    again = world.render(KUSTOMIZATION)
    assert [(each.data, each.origin) for each in again.objects] == [(each.data, each.origin) for each in first.objects]
    assert world.runs == 1


@pytest.mark.parametrize(
    "change",
    [
        {"app/all.yaml": CONFIG + b"# another\n"},
        {"app/kustomization.yaml": b"resources: [all.yaml]\nnamespace: x\n"},
        {
            "app/kustomization.yaml": b"resources: [all.yaml, b.yaml]\n",
            "app/b.yaml": CONFIG.replace(b"name: a", b"name: b"),
        },
    ],
)
def test_another_input_is_another_run(change: dict[str, bytes], world: World) -> None:
    world.render(KUSTOMIZATION)
    world.render({**KUSTOMIZATION, **change})
    assert world.runs == 2


def test_another_program_argument_or_limit_is_another_run(world: World) -> None:
    chart = {**CHART, "app/templates/a.yaml": CONFIG}
    world.render(chart, "helm")
    world.render(chart, "helm", releaseName="other")
    assert world.runs == 2
    world.program("echo '# newer'")
    world.render(chart, "helm")
    assert world.runs == 3
    tools = Tools(search=str(world.folder), outputs=Outputs(world.store))
    render(Target("app", "helm", "app", ("app",)), MemoryTree(chart), tools, Limits(output_bytes=1000))
    assert world.runs == 4
    world.render(chart, "helm")
    assert world.runs == 4


def test_a_renderer_that_failed_is_run_again_the_next_time(world: World) -> None:
    world.program("exit 3")
    tools = Tools(search=str(world.folder), outputs=Outputs(world.store))
    first = world.again(tools, KUSTOMIZATION)
    assert first.problems == world.again(tools, KUSTOMIZATION).problems
    assert world.runs == 1  # in one run it would fail again
    world.render(KUSTOMIZATION)
    assert world.runs == 2


@pytest.mark.parametrize(
    "secret", [SECRET, SECRET.replace(b"kind: Secret", b'"kind" : "Secret"'), CONFIG + b"---\n" + SECRET]
)
def test_no_value_of_a_secret_is_kept(secret: bytes, world: World) -> None:
    files = {**KUSTOMIZATION, "app/all.yaml": secret}
    world.render(files)
    assert world.render(files).objects
    assert world.runs == 2
    assert b"aHVzaC1odXNo" not in world.kept()


def test_what_only_names_a_secret_is_kept(world: World) -> None:
    gateway = (
        b"apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g}\nspec:\n  listeners:\n"
        b"  - tls:\n      certificateRefs:\n      - kind: Secret\n        name: c\n---\n"
    )
    files = {**KUSTOMIZATION, "app/all.yaml": gateway + CONFIG}
    world.render(files)
    world.render(files)
    assert world.runs == 1


@pytest.mark.parametrize(
    "action",
    [b"{{ now }}", b"{{- randAlphaNum 8 -}}", b'{{ tpl "x" . }}{{ $k := genPrivateKey\n"rsa" }}', b"{{ uuidv4 }}"],
)
def test_what_differs_from_one_time_to_the_next_is_not_kept(action: bytes, world: World) -> None:
    plain = {**CHART, "app/templates/a.yaml": CONFIG}
    varying = {"app/templates/a.yaml": CONFIG + b"# " + action + b"\n"}
    in_values = {"app/values.yaml": b"name: '" + action.replace(b"\n", b" ") + b"'\n"}
    for files in ({**plain, **varying}, {**plain, **in_values}, {**plain, "app/charts/a.tgz": gzip.compress(action)}):
        before = world.runs
        world.render(files, "helm")
        world.render(files, "helm")
        assert world.runs == before + 2
        tools = Tools(search=str(world.folder), outputs=Outputs(world.store))
        world.again(tools, files, "helm")
        world.again(tools, files, "helm")
        assert world.runs == before + 3  # base and head share it


def test_words_outside_of_actions_are_kept(world: World) -> None:
    chart = {**CHART, "app/templates/a.yaml": CONFIG + b"# for now {{ .Values.a }} random {{/* x */}} now\n"}
    world.render(chart, "helm")
    world.render(chart, "helm")
    assert world.runs == 1


def test_what_was_damaged_is_made_again(world: World) -> None:
    world.render(KUSTOMIZATION)
    for file in (world.folder / "cache").glob("*"):
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert [found.name for found in world.render(KUSTOMIZATION).objects] == ["a"]
    assert world.runs == 2


def test_threads_that_want_the_same_get_it_from_one() -> None:
    once: Once[str, int] = Once(10)
    made: list[int] = []
    begun = threading.Event()

    def slow() -> int:
        made.append(1)
        begun.wait(1)
        return len(made)

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(once.get("a", slow))) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.set()
    for thread in threads:
        thread.join()
    assert found == [1, 1, 1, 1]


def test_the_longest_unused_are_forgotten() -> None:
    once: Once[str, str] = Once(6, len)
    assert once.get("a", lambda: "aaa") == once.get("a", lambda: "other") == "aaa"
    once.get("b", lambda: "bbb")
    once.get("a", lambda: "other")
    once.get("c", lambda: "ccc")
    assert once.get("a", lambda: "other") == "aaa"
    assert once.get("b", lambda: "again") == "again"


def test_an_error_is_a_result_and_any_other_exception_is_not() -> None:
    once: Once[str, str] = Once(6)

    def wrong() -> str:
        raise RenderError("why")

    def crash() -> str:
        raise ValueError

    for make in (wrong, lambda: "not asked"):
        with pytest.raises(RenderError, match="why"):
            once.get("a", make)
    with pytest.raises(ValueError):  # noqa: PT011
        once.get("b", crash)
    assert once.get("b", lambda: "fine") == "fine"
