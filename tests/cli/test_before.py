"""Which targets a change reaches, and what they were before it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from gitops_kong.cli.before import Before
from gitops_kong.cli.inputs import Revision
from gitops_kong.cli.main import cli
from gitops_kong.sources.base import Rendered, Target, Tree
from gitops_kong.sources.config import Config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.tree import MemoryTree, WorkTree
from tests.sources.build import names, service, tools, write

APPLICATION = """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: argocd}}
spec:
  source: {{repoURL: 'https://git.example.com/a', path: {path}{more}}}
  destination: {{server: 'https://kubernetes.default.svc', namespace: default}}
"""
SOURCES = """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: refs, namespace: argocd}
spec:
  sources:
  - {repoURL: 'https://git.example.com/a', path: c, helm: {valueFiles: [$values/far/v.yaml]}}
  - {repoURL: 'https://git.example.com/a', ref: values}
  destination: {server: 'https://kubernetes.default.svc'}
"""
FLUX = """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {path: ./apps, prune: true, sourceRef: {kind: GitRepository, name: flux-system}%s}
"""
CHART = {
    "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    "c/values.yaml": "name: a\n",
    "c/templates/s.yaml": service("{{ .Values.name }}"),
}
SECRET = (
    "apiVersion: v1\nkind: Secret\nmetadata: {name: c, labels: {argocd.argoproj.io/secret-type: cluster}}\n"
    "stringData: {name: prod, server: 'https://prod.example.com'}\n"
)
PLAIN = {"s.yaml": service("s"), "README.md": "x"}


def revisions(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Tree, Revision]:
    head, base = (MemoryTree({path: text.encode() for path, text in files.items()}) for files in (after, before))
    changed = frozenset(path for path in {*before, *after} if before.get(path) != after.get(path))
    return head, Revision("base", base, changed)


def both(before: Mapping[str, str], after: Mapping[str, str], source: str) -> tuple[Rendered, Rendered]:
    """What the only target of a source renders to after and before a change."""
    head, base = revisions(before, after)
    targets = discover(head, Config())
    target = next(target for target in targets if target.source == source)
    now, earlier = Before(head, base, Config(), (".",), targets).render(target, tools())
    assert earlier is not None
    assert (now.problems, earlier.problems) == ([], [])
    return now, earlier


# files, a file that is changed, the target's source
REACHED: dict[str, tuple[Mapping[str, str], str, str]] = {
    "a base": ({"k/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [s.yaml]\n",
                "b/s.yaml": service("s")}, "b/s.yaml", "kustomize"),
    "a component": ({"k/kustomization.yaml": "resources: [s.yaml]\ncomponents: [../x]\n", "k/s.yaml": service("s"),
                     "x/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\n"
                     "kind: Component\nnamePrefix: x-\n"},
                    "x/kustomization.yaml", "kustomize"),
    "a file of a ConfigMap": ({"k/kustomization.yaml": "configMapGenerator: [{name: m, files: [d/x.txt]}]\n",
                               "k/d/x.txt": "1"}, "k/d/x.txt", "kustomize"),
    "variables of a Secret": ({"k/kustomization.yaml": "secretGenerator: [{name: m, envs: [.env]}]\n",
                               "k/.env": "A=1\n"}, "k/.env", "kustomize"),
    "a generator": ({"k/kustomization.yaml": "generators: [g.yaml]\n", "k/g.yaml": "apiVersion: builtin\n"
                     "kind: ConfigMapGenerator\nmetadata: {name: g}\nliterals: [a=b]\n"}, "k/g.yaml", "kustomize"),
    "values of a chart": (CHART, "c/values.yaml", "helm"),
    "a chart it depends on": (
        {**CHART, "c/Chart.yaml": CHART["c/Chart.yaml"] + "dependencies: [{name: d, version: 1.0.0, "
         "repository: 'file://../lib/d'}]\n", "lib/d/Chart.yaml": "apiVersion: v2\nname: d\nversion: 1.0.0\n",
         "lib/d/templates/s.yaml": service("d"), "config.yaml": ""}, "lib/d/templates/s.yaml", "helm"),
    "values of an Application": (
        {**CHART, "a.yaml": APPLICATION.format(name="a", path="c", more=", helm: {valueFiles: [/far/v.yaml]}"),
         "far/v.yaml": "name: b\n"}, "far/v.yaml", "argocd"),
    "values of another source": ({**CHART, "a.yaml": SOURCES, "far/v.yaml": "name: b\n"}, "far/v.yaml", "argocd"),
    "what an Application deploys": (
        {"apps/a.yaml": APPLICATION.format(name="a", path="d", more=""), "d/s.yaml": service("s")},
        "d/s.yaml", "argocd"),
    "a cluster somewhere else": (
        {"apps/a.yaml": APPLICATION.format(name="a", path="d", more=""), "d/s.yaml": service("s"),
         "far/cluster.yaml": SECRET}, "far/cluster.yaml", "argocd"),
    "what Flux applies": ({"clusters/c/a.yaml": FLUX % "", "apps/s.yaml": service("s")}, "apps/s.yaml", "flux"),
    "variables of Flux": (
        {"clusters/c/a.yaml": FLUX % ", postBuild: {substituteFrom: [{kind: ConfigMap, name: v}]}",
         "clusters/c/v.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v, namespace: flux-system}\n"
         "data: {a: b}\n", "apps/s.yaml": service("${a}").replace("${a}", "'s-${a}'")}, "clusters/c/v.yaml", "flux"),
    "what Flux ignores": (
        {"clusters/c/a.yaml": FLUX % "", "apps/s.yaml": service("s"), ".sourceignore": "*.txt\n"},
        ".sourceignore", "flux"),
}  # fmt: skip


@pytest.mark.parametrize("name", REACHED)
def test_a_target_is_rendered_twice_where_the_change_reaches_it(name: str) -> None:
    files, path, source = REACHED[name]
    now, earlier = both({**files, path: files[path] + "\n# earlier\n"}, files, source)
    assert now is not earlier
    assert now.objects


@pytest.mark.parametrize("name", REACHED)
def test_and_once_where_it_does_not(name: str) -> None:
    files, _, source = REACHED[name]
    others = {"docs/README.md": "x", "other/k8s.yaml": service("other")}
    now, earlier = both({**files, **others}, {**files, **others, "docs/README.md": "y"}, source)
    assert now is earlier
    if source not in ("argocd", "flux"):
        now, earlier = both({**files, **others}, {**files, **others, "other/k8s.yaml": service("o")}, source)
        assert now is earlier


def test_a_plain_file_that_is_gone_was_there() -> None:
    now, earlier = both({**PLAIN, "d/gone.yaml": service("gone")}, PLAIN, "files")
    assert (names(now), names(earlier)) == (["Service s"], ["Service gone", "Service s"])


def test_each_target_has_the_files_that_it_lost() -> None:
    files = {"a/x.yaml": service("x"), "b/x.yaml": service("x")}
    head, base = revisions({**files, "a/gone.yaml": service("gone"), "values.yaml": "a: b\n"}, files)
    targets = discover(head, Config())
    earlier = {t.name: Before(head, base, Config(), (".",), targets).render(t, tools())[1] for t in targets}
    assert {name: names(found) for name, found in earlier.items() if found} == {
        "a": ["Service gone", "Service x"],
        "b": ["Service x"],
    }


def test_applications_that_come_and_go() -> None:
    files = {f"apps/{name}.yaml": APPLICATION.format(name=name, path=name, more="") for name in ("a", "b")}
    files |= {f"{name}/s.yaml": service(name) for name in ("a", "b")}
    less = {path: text for path, text in files.items() if path != "apps/b.yaml"}
    for before, after in ((files, less), (less, files)):
        now, earlier = both(before, after, "argocd")
        few, many = sorted((now, earlier), key=lambda each: len(each.objects))
        assert (names(few), names(many)) == (["Service default/a"], ["Service default/a", "Service default/b"])
        assert (now is many) is (after is files)


def test_a_target_that_is_gone() -> None:
    files = {"k/kustomization.yaml": "resources: [s.yaml]\n", "k/s.yaml": service("k"), **PLAIN}
    head, base = revisions(files, PLAIN)
    states = Before(head, base, Config(), (".",), discover(head, Config()))
    (gone,) = states.gone()
    assert gone == Target("k", "kustomize", "k", ("k", "k/kustomization.yaml", "k/s.yaml"))
    now, earlier = states.render_gone(gone, tools())
    assert (now.objects, earlier and names(earlier)) == ([], ["Service k"])
    assert [a.message for a in now.assumptions] == [
        "nothing is left of k: all that it had (1 object) is taken to be removed"
    ]
    head, base = revisions(files, files | {"k/s.yaml": service("other")})
    assert Before(head, base, Config(), (".",), discover(head, Config())).gone() == []


def test_a_state_that_could_not_be_rendered_is_told() -> None:
    files = {"k/kustomization.yaml": "resources: [s.yaml]\n", "k/s.yaml": service("s")}
    broken = {**files, "k/kustomization.yaml": "resources: [s.yaml, gone.yaml]\n"}
    head, base = revisions(broken, files)
    states = Before(head, base, Config(), (".",), discover(head, Config()))
    now, _ = states.render(discover(head, Config())[0], tools())
    assert [a.message for a in now.assumptions] == [
        "what could not be rendered before the change counts as new or changed by it: k/kustomization.yaml: it names "
        "gone.yaml, and there is no such file or directory"
    ]
    head, base = revisions({"README.md": "x"}, files)
    states = Before(head, base, Config(), (".",), discover(head, Config()))
    assert states.render(discover(head, Config())[0], tools())[0].assumptions == []


@pytest.mark.parametrize("changed", ["shared/s.yaml", "k/link.yaml", "dir"])
def test_links_lead_the_change_on(changed: str, tmp_path: Path) -> None:
    write(tmp_path, {"k/kustomization.yaml": "resources: [link.yaml, ../dir]\n", "shared/s.yaml": service("s"),
                     "one/kustomization.yaml": "resources: []\n"})  # fmt: skip
    (tmp_path / "k/link.yaml").symlink_to("../shared/s.yaml")
    (tmp_path / "dir").symlink_to("one")
    tree = WorkTree(tmp_path)
    targets = [target for target in discover(tree, Config()) if target.name == "k"]
    for path, reached in ((changed, True), ("other.yaml", False)):
        states = Before(tree, Revision("base", tree, frozenset((path,))), Config(), (".",), targets)
        now, earlier = states.render(targets[0], tools())
        assert now.problems == []
        assert (now is not earlier) is reached


def test_what_breaks_because_a_file_is_gone_is_new(tmp_path: Path) -> None:
    write(tmp_path, {
        "p.yaml": "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: p, namespace: d}\n"
        "plugin: cors\n",
        "s.yaml": service("web", "d"),
        "i.yaml": "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: d, annotations: "
        "{konghq.com/plugins: p}}\nspec:\n  ingressClassName: kong\n  rules: [{http: {paths: [{path: /, pathType: "
        "Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]\n",
    })  # fmt: skip
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"], ["rm", "-q", "p.yaml"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True, capture_output=True)
    done = CliRunner().invoke(cli, ["check", "--no-cache", "--base", "HEAD", str(tmp_path)])
    assert 'referenced KongPlugin or KongClusterPlugin "p" does not exist' in done.output
    assert "was there before" not in done.output
    assert done.exit_code == 1
