from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gitops_kong.errors import UserError
from gitops_kong.sources.config import Config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.files import looks_like_manifests
from gitops_kong.sources.tree import WorkTree
from tests.sources.build import names, rendered, service, targets, write


def test_plain_files_are_one_target(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a/x.yaml": service("a"),
            "b/y.yml": service("b"),
            "b/z.json": '{"kind":"X","apiVersion":"v1","metadata":{"name":"x"}}',
        },
    )
    (target,) = targets(tmp_path)
    assert (target.name, target.source, target.path) == (".", "files", ".")
    assert names(rendered(tmp_path)) == ["Service a", "Service b", "X x"]


def test_other_yaml_is_no_manifest(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "app.yaml": service("a"),
            ".archive/old.yaml": service("old"),
            "pkg/testdata/in.yaml": service("in"),
            "skaffold.yaml": "apiVersion: skaffold/v4beta1\nkind: Config\n",
            "values.yaml": "autoscaling:\n  apiVersion: v2\n  kind: X\n",
            ".github/workflows/ci.yml": "on: push\n",
            "package.json": '{"name": "x"}',
            "node_modules/p/k.yaml": service("dependency"),
            "notes.txt": service("text"),
        },
    )
    result = rendered(tmp_path)
    assert names(result) == ["Service a"]
    assert result.problems == []
    (target,) = discover(WorkTree(tmp_path), Config(), [".archive"])
    assert target.inputs == (".archive/old.yaml",)


def test_clusters_side_by_side_are_targets_of_their_own(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "clusters/eu/a.yaml": service("a"),
            "clusters/eu/sub/b.yaml": service("b"),
            "clusters/us/a.yaml": service("a"),
        },
    )
    assert [(target.name, target.inputs) for target in targets(tmp_path)] == [
        ("clusters/eu", ("clusters/eu/a.yaml", "clusters/eu/sub/b.yaml")),
        ("clusters/us", ("clusters/us/a.yaml",)),
    ]


def test_one_broken_file_leaves_the_others(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": service("a"), "b.yaml": "apiVersion: v1\nkind: X\na: 1\na: 2\n", "c.yaml": service("c")})
    result = rendered(tmp_path)
    assert names(result) == ["Service a", "Service c"]
    (problem,) = result.problems
    assert (problem.file, problem.line, problem.column) == ("b.yaml", 4, 1)
    assert problem.message == "b.yaml:4:1: duplicate key 'a'; remove one of the two"


def test_links_within_the_repository_are_followed(tmp_path: Path) -> None:
    write(tmp_path, {"base/a.yaml": service("a")})
    (tmp_path / "b.yaml").symlink_to("base/a.yaml")
    tree = WorkTree(tmp_path)
    assert tree.read("b.yaml") == (tmp_path / "base/a.yaml").read_bytes()
    (tmp_path / "dir").symlink_to("base")
    assert WorkTree(tmp_path).read("dir/a.yaml") == tree.read("b.yaml")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside.yaml", "loop.yaml"])
def test_links_out_of_the_repository_are_not_read(tmp_path: Path, target: str) -> None:
    write(tmp_path, {"repo/a.yaml": service("a"), "outside.yaml": service("outside")})
    (tmp_path / "repo" / "loop.yaml").symlink_to(target)
    tree = WorkTree(tmp_path / "repo")
    with pytest.raises(UserError, match=r"symbolic link"):
        tree.read("loop.yaml")


def test_files_that_become_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"repo/a.yaml": service("a"), "outside.yaml": "secret"})
    tree = WorkTree(tmp_path / "repo")
    (tmp_path / "repo/a.yaml").unlink()
    (tmp_path / "repo/a.yaml").symlink_to(tmp_path / "outside.yaml")
    with pytest.raises(UserError, match=r"^a\.yaml: "):
        tree.read("a.yaml")


def test_pipes_do_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    write(tmp_path, {"b.yaml": service("b")})
    assert names(rendered(tmp_path)) == ["Service b"]


def test_large_files_are_a_problem_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": service("a")})
    with (tmp_path / "b.yaml").open("wb") as file:
        file.truncate(50_000_000)
    result = rendered(tmp_path)
    assert names(result) == ["Service a"]
    assert [problem.message[:30] for problem in result.problems] == ["b.yaml:1:1: 50 MB is too large"]


def test_lfs_pointers_say_what_to_run(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"})
    assert [problem.message for problem in rendered(tmp_path).problems] == [
        "a.yaml: a Git LFS pointer, not the file; run `git lfs pull`"
    ]


def test_paths_and_excluded_paths(tmp_path: Path) -> None:
    write(tmp_path, {"a/x.yaml": service("a"), "b/y.yaml": service("b"), "b/skip/z.yaml": service("z")})
    tree = WorkTree(tmp_path)
    assert [target.inputs for target in discover(tree, Config(), ["b"])] == [("b/skip/z.yaml", "b/y.yaml")]
    assert [target.inputs for target in discover(tree, Config(exclude=("**/skip",)), ["b"])] == [("b/y.yaml",)]
    assert [target.inputs for target in discover(tree, Config(exclude=("b/*.yaml",)), ["."])] == [
        ("a/x.yaml", "b/skip/z.yaml")
    ]
    with pytest.raises(UserError, match=r"^c: no such file or directory$"):
        discover(tree, Config(), ["c"])
    with pytest.raises(UserError, match="leads out of the repository"):
        discover(tree, Config(), ["../x"])


def test_many_files_are_read_fast(tmp_path: Path) -> None:
    write(tmp_path, {f"d{number % 20}/{number}.yaml": service(f"s{number}") for number in range(2000)})
    started = time.process_time()
    assert len(rendered(tmp_path).objects) == 2000
    assert time.process_time() - started < 2


def test_json_schemas_are_no_manifests() -> None:
    schema = b'{"type": "object", "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}}'
    assert not looks_like_manifests(schema)
    assert looks_like_manifests(b'{"apiVersion": "v1", "kind": "Service"}')
    assert looks_like_manifests(b"{apiVersion: v1, kind: Service}")


def test_templates_of_other_tools_are_not_seen(tmp_path: Path) -> None:
    head = "apiVersion: v1\nkind: Service\nmetadata:\n"
    write(
        tmp_path,
        {
            "a.yaml": service("a"),
            "jinja.yaml": head + "{% for x in y %}\n  name: b\n",
            "go.yaml": head + "  name: {{ .Values.name }}-x\n",
            "k/kustomization.yaml": "resources: [{{ app }}.yaml]\n",
            "broken.yaml": head + "  name: '{{ fine }}'\n  labels: {a: [b\n",
        },
    )
    plain = rendered(tmp_path, ".")
    assert names(plain) == ["Service a"]
    (template,) = plain.not_seen
    assert template.what == "what 2 files become"
    assert template.why == "they are templates that another tool fills in: go.yaml, jinja.yaml"
    (problem,) = plain.problems  # the line that is wrong has no template
    assert problem.file == "broken.yaml"
    other = rendered(tmp_path, "k")
    assert (other.problems, [each.what for each in other.not_seen]) == ([], ["what k/kustomization.yaml becomes"])


SKELETON = "apiVersion: v1\nkind: Service\nmetadata:\n  name: ${{ values.name }}\n{%- if values.owner %}\n"
LOOP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n<#list a as b>\n  ${b.name}\n: x\n</#list>\n"
TALOS = "machine: {}\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nauto: off\n"
SCRIPT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata:\n  t: |\n    {{ if x }}\n  u: [\n"


def test_discovery_leaves_scaffolds_out_and_says_so_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "app/service.yaml": service("a"),
            "skeletons/one/catalog.yaml": SKELETON,
            "skeletons/two/catalog.yaml": SKELETON,
            "skeletons/two/named.yaml": "---\n".join(
                (service("($name)"), service("NAME", "NAMESPACE"), service("APP_NAME"))
            ),
            "skeletons/two/list.ftl.yaml": LOOP,
            "talos/worker.yaml": TALOS,
        },
    )
    app, skeletons = targets(tmp_path)
    assert (app.path, skeletons.name) == ("app", "skeletons (templates)")
    assert rendered(tmp_path, "app").not_seen == []
    (told,) = rendered(tmp_path, "skeletons (templates)").not_seen
    assert told.what == "what 4 files become"
    assert told.why.endswith(
        "skeletons/one/catalog.yaml, skeletons/two/catalog.yaml, skeletons/two/list.ftl.yaml and 1 more"
    )


@pytest.mark.parametrize("text", [SCRIPT, service("my}app") + "  a: b", "apiVersion: v1\nkind: Service\nx\n"])
def test_a_slip_is_no_template(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"a.yaml": text})
    (target,) = targets(tmp_path)
    result = rendered(tmp_path, target.name)
    assert (len(result.problems), result.not_seen) == (1, [])
