"""Attacks of a pull request on the machine that checks it."""

from __future__ import annotations

import http.server
import json
import stat
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_kong.errors import RenderError, UserError
from gitops_kong.sources.base import Limits
from gitops_kong.sources.config import Config, TargetConfig, read_config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.render import render
from gitops_kong.sources.tools import Tools, environment, isolation, run, workspace
from gitops_kong.sources.tree import WorkTree
from tests.sources.build import names, rendered, service, tools, write

CHART = {"c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n"}
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n"


class Listener:
    def __init__(self) -> None:
        self.requests: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(service("stolen").encode())

            def log_message(self, *_: object) -> None:
                return

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def message(root: Path, name: str = "") -> str:
    result = rendered(root, name)
    assert result.problems, names(result)
    return result.problems[0].message


REMOTE = [
    "https://example.com/a.yaml",
    "github.com/org/repo/base?ref=v1",
    "github.com/org/repo",
    "git@github.com:org/repo.git",
    "git::https://example.com/x.git",
    "ssh://git@example.com/x",
    "file:///etc",
]


@pytest.mark.parametrize("base", REMOTE)
@pytest.mark.parametrize("field", ["resources", "bases", "components", "transformers", "generators", "crds"])
def test_remote_bases_are_not_fetched(field: str, base: str, tmp_path: Path) -> None:
    write(tmp_path, {"k/kustomization.yaml": f"{field}: ['{base}']\n"})
    assert message(tmp_path) == (
        f"k/kustomization.yaml: the remote base {base} is not fetched; keep a copy of it in the repository, or give "
        "--allow-network"
    )


def test_nothing_is_fetched_where_a_url_is_hidden(tmp_path: Path, listener: Listener) -> None:
    write(
        tmp_path,
        {
            "k/kustomization.yaml": f"resources: ['{listener.url}/direct']\n",
            "p/kustomization.yaml": f"resources: [a.yaml]\npatches: [{{path: '{listener.url}/patch'}}]\n",
            "p/a.yaml": service("a"),
            "g/kustomization.yaml": f"configMapGenerator: [{{name: x, files: ['k={listener.url}/file']}}]\n",
            "o/kustomization.yaml": f"resources: [a.yaml]\nopenapi: {{path: '{listener.url}/openapi'}}\n",
            "o/a.yaml": service("a"),
            **CHART,
            "c/templates/m.yaml": MAP + '  a: {{ getHostByName "example.com" | quote }}\n',
        },
    )
    for name in "kpgo":
        assert "not fetched" in message(tmp_path, name)
    (found,) = rendered(tmp_path, "c").objects
    assert found.data["data"] == {"a": ""}
    assert listener.requests == []


def test_values_files_of_charts_are_never_urls(tmp_path: Path, listener: Listener) -> None:
    write(tmp_path, {**CHART, "c/templates/m.yaml": MAP + "  a: b\n"})
    config = Config(targets=(TargetConfig("t", "c", "helm", {"valueFiles": [f"{listener.url}/v.yaml"]}),))
    assert rendered(tmp_path, "t", config).problems
    assert listener.requests == []


@pytest.mark.parametrize("kind", ["exec", "go plugin", "function", "exec function", "container"])
def test_kustomize_runs_no_programs(kind: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    script = f"#!/bin/sh\ntouch {made}\n"
    annotations = {
        "exec": "",
        "go plugin": "",
        "function": ", annotations: {config.kubernetes.io/function: 'exec: {path: ./run.sh}'}",
        "exec function": ", annotations: {config.kubernetes.io/function: 'exec: {path: /bin/sh}'}",
        "container": ", annotations: {config.kubernetes.io/function: 'container: {image: evil}'}",
    }
    text = (
        f"apiVersion: someteam.example.com/v1\nkind: Evil\nmetadata: {{name: x{annotations[kind]}}}\nargsOneLiner: x\n"
    )
    write(
        tmp_path / "repo",
        {
            "k/kustomization.yaml": "generators: [e.yaml]\ntransformers: [e.yaml]\n",
            "k/e.yaml": text,
            "k/run.sh": script,
            "k/someteam.example.com/v1/evil/Evil": script,
        },
    )
    for path in (tmp_path / "repo").rglob("*"):
        if path.name in ("run.sh", "Evil"):
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
    assert message(tmp_path / "repo", "k")
    assert not made.exists()


def test_charts_of_kustomizations_run_no_post_renderer_and_pull_nothing(tmp_path: Path, listener: Listener) -> None:
    write(tmp_path, {"k/kustomization.yaml": f"helmCharts: [{{name: x, repo: '{listener.url}', version: 1.0.0}}]\n"})
    assert message(tmp_path).startswith("k/kustomization.yaml: chart x 1.0.0 is not in the repository")
    assert listener.requests == []


OUTSIDE = {
    "resources": "resources: [../../outside]\n",
    "a file": "resources: [a.yaml]\npatches: [{path: ../../outside/a.yaml}]\n",
    "an absolute path": "configMapGenerator: [{name: x, files: [/etc/passwd]}]\n",
    "an absolute base": "resources: [/etc]\n",
    "a renamed file": "secretGenerator: [{name: x, files: [k=/etc/passwd]}]\n",
    "an env file": "configMapGenerator: [{name: x, envs: [../../outside/a.env]}]\n",
    "an openapi schema": "openapi: {path: ../../outside/a.json}\n",
    "a chart home": "helmGlobals: {chartHome: ../../outside}\nhelmCharts: [{name: c}]\n",
    "values of a chart": "helmCharts: [{name: c, valuesFile: ../../outside/v.yaml}]\n",
    "a replacement": "replacements: [{path: ../../outside/r.yaml}]\n",
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_kustomize_reads_nothing_outside(name: str, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "repo/k/kustomization.yaml": OUTSIDE[name],
            "repo/k/a.yaml": service("a"),
            "outside/kustomization.yaml": "resources: [a.yaml]\n",
            "outside/a.yaml": service("outside"),
            "outside/a.env": "SECRET=1\n",
        },
    )
    text = message(tmp_path / "repo", "k")
    assert "leads out of the repository" in text or "absolute path" in text


GENERATORS = {
    "files": "kind: ConfigMapGenerator\nmetadata: {name: x}\nfiles: [/etc/passwd]\n",
    "files above": "kind: SecretGenerator\nmetadata: {name: x}\nfiles: [../../../../../../etc/passwd]\n",
    "a chart": "kind: HelmChartInflationGenerator\nmetadata: {name: x}\nname: c\nvaluesFile: /etc/passwd\n",
    "a patch": "kind: PatchTransformer\nmetadata: {name: x}\npath: /etc/passwd\n",
}


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_in_files_read_nothing_outside(name: str, tmp_path: Path) -> None:
    text = "apiVersion: builtin\n" + GENERATORS[name]
    write(tmp_path, {"k/kustomization.yaml": "generators: [g.yaml]\n", "k/g.yaml": text})
    assert "root:" not in message(tmp_path)


def test_matrices_cannot_grow_without_end(tmp_path: Path) -> None:
    elements = ", ".join("{a: b}" for _ in range(1500))
    generator = f"{{list: {{elements: [{elements}]}}}}"
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec:\n  template: {}\n"
        f"  generators: [{{matrix: {{generators: [{generator}, {generator}]}}}}]\n"
    )
    write(tmp_path, {"a.yaml": text})
    assert "more than 2000 applications" in message(tmp_path)


@pytest.mark.parametrize("kind", ["file", "directory", "chain"])
def test_kustomize_follows_no_link_outside(kind: str, tmp_path: Path) -> None:
    write(tmp_path, {"repo/k/kustomization.yaml": "resources: [l]\n", "outside/kustomization.yaml": "resources: []\n"})
    link = tmp_path / "repo/k/l"
    if kind == "chain":
        link.symlink_to("../m")
        link = tmp_path / "repo/m"
    link.symlink_to("/etc/passwd" if kind == "file" else "../../outside")
    assert "symbolic link out of the repository" in message(tmp_path / "repo", "k")


def test_helm_follows_no_link_outside(tmp_path: Path) -> None:
    write(tmp_path / "repo", {**CHART, "c/templates/m.yaml": MAP + '  a: {{ .Files.Get "secret.txt" | quote }}\n'})
    write(tmp_path, {"secret.txt": "hunter2"})
    (tmp_path / "repo/c/secret.txt").symlink_to("../../secret.txt")
    (tmp_path / "repo/c/templates/passwd.yaml").symlink_to("/etc/passwd")
    result = rendered(tmp_path / "repo")
    assert "hunter2" not in repr(result)
    assert "root:" not in repr(result)


def test_helm_reads_no_values_outside(tmp_path: Path) -> None:
    write(tmp_path, {**{f"repo/{path}": text for path, text in CHART.items()}, "v.yaml": "a: b\n"})
    for path in ("../../v.yaml", "/etc/passwd"):
        config = Config(targets=(TargetConfig("t", "c", "helm", {"valueFiles": [path]}),))
        assert rendered(tmp_path / "repo", "t", config).problems


def test_sub_charts_lie_inside(tmp_path: Path) -> None:
    for entry in ("{name: x, repository: 'file://../../outside'}", "{name: ../../x, repository: 'file://../d'}"):
        chart = CHART["c/Chart.yaml"] + f"dependencies: [{entry}]\n"
        write(tmp_path / "repo", {"c/Chart.yaml": chart, "d/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n"})
        assert rendered(tmp_path / "repo", "c").problems


def test_flags_cannot_be_smuggled_in(tmp_path: Path) -> None:
    write(tmp_path, {**CHART, "c/templates/m.yaml": MAP + "  a: b\n"})
    made = tmp_path / "made"
    for name in (f"--post-renderer={made}", "--kubeconfig=/etc/passwd", "-x"):
        config = Config(targets=(TargetConfig("t", "c", "helm", {"releaseName": name}),))
        assert rendered(tmp_path, "t", config).problems
        config = Config(targets=(TargetConfig("t", "c", "helm", {"namespace": name}),))
        assert rendered(tmp_path, "t", config).problems or not made.exists()


def test_renderers_have_an_empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("HOME", "/root")
    known = environment(tmp_path)
    assert "hunter2" not in repr(known)
    assert known["HOME"] == str(tmp_path / "home")
    assert known["PATH"] == str(tmp_path / "bin")
    write(tmp_path, {**CHART, "c/templates/m.yaml": MAP + '  a: {{ env "AWS_SECRET_ACCESS_KEY" }}\n'})
    assert "hunter2" not in repr(rendered(tmp_path))


def test_time_is_limited(tmp_path: Path) -> None:
    endless = "{{- range untilStep 0 2000000000 1 }}{{ range untilStep 0 2000000000 1 }}{{ end }}{{ end }}"
    write(tmp_path, {**CHART, "c/templates/m.yaml": endless})
    started = time.monotonic()
    result = rendered(tmp_path, limits=Limits(seconds=1))
    assert [problem.message for problem in result.problems] == ["c: helm took longer than 1 s"]
    assert time.monotonic() - started < 10


def test_output_is_limited(tmp_path: Path) -> None:
    text = MAP + '  a: "{{ range until 20000 }}0123456789{{ end }}"\n'
    write(tmp_path, {**CHART, "c/templates/m.yaml": text})
    result = rendered(tmp_path, limits=Limits(seconds=60, output_bytes=100_000))
    assert [problem.message for problem in result.problems] == ["c: helm printed more than 0 MiB"]


def test_children_of_a_renderer_end_with_it(tmp_path: Path) -> None:
    with workspace() as directory, pytest.raises(RenderError, match="took longer"):
        run(
            ["/bin/sh", "-c", f"(/bin/sleep 30; /usr/bin/touch {tmp_path}/late) & wait"], directory, Limits(seconds=0.3)
        )
    assert not (tmp_path / "late").exists()


def test_depth_is_limited(tmp_path: Path) -> None:
    files = {f"k{number}/kustomization.yaml": f"resources: [../k{number + 1}]\n" for number in range(70)}
    write(tmp_path, {**files, "k70/kustomization.yaml": "resources: []\n"})
    assert "nested deeper than 50" in message(tmp_path, "k0")


def test_missing_tools_are_named_and_others_go_on(tmp_path: Path) -> None:
    write(
        tmp_path,
        {**CHART, "k/kustomization.yaml": "resources: [a.yaml]\n", "k/a.yaml": service("a"), "p/a.yaml": service("p")},
    )
    tree = WorkTree(tmp_path)
    results = {target.name: render(target, tree, Tools(search="/nowhere")) for target in discover(tree, Config())}
    assert results["c"].problems[0].message.startswith("helm is missing: install Helm v3 or v4")
    assert results["k"].problems[0].message.startswith("kustomize is missing: install kustomize")
    assert names(results["p"]) == ["Service p"]


def test_kubectl_builds_kustomizations_too(tmp_path: Path) -> None:
    write(tmp_path, {"k/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: x-\n", "k/a.yaml": service("a")})
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "kubectl"
    build, verb = tools().kustomize
    script.write_text(f'#!/bin/sh\n[ "$1" = kustomize ] && exec {build} {verb} "$2"\n')
    script.chmod(0o755)
    tree = WorkTree(tmp_path)
    (target,) = discover(tree, Config())
    assert names(render(target, tree, Tools(search=str(tmp_path / "bin")))) == ["Service x-a"]


def test_private_copies_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with workspace() as directory:
        assert directory.parent == tmp_path
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


PLUGIN = "apiVersion: builtin\nkind: {}\nmetadata: {{name: x}}\n"

FETCHING: dict[str, dict[str, str]] = {
    "a scheme in capitals": {"kustomization.yaml": "resources: ['HTTP://{}/r.yaml']\n"},
    "a field in capitals": {"kustomization.yaml": "Resources: ['{url}/r.yaml']\n"},
    "a field in letters that fold": {"kustomization.yaml": "re\u017fources: ['{url}/r.yaml']\n"},
    "a file of a generator": {"kustomization.yaml": "configMapGenerator: [{name: x, files: ['k=HTTP://{}/f']}]\n"},
    "a transformer": {
        "kustomization.yaml": "resources: [m.yaml]\ntransformers: [t.yaml]\n",
        "t.yaml": PLUGIN.format("PatchTransformer") + "path: '{url}/p'\n",
    },
    "a generator": {
        "kustomization.yaml": "generators: [g.yaml]\n",
        "g.yaml": PLUGIN.format("ConfigMapGenerator") + "name: n\nfiles: ['k={url}/f']\n",
    },
    "an inline generator": {
        "kustomization.yaml": "generators:\n- |-\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n"
        "  metadata: {name: x}\n  name: n\n  files: ['k={url}/f']\n",
    },
    "a transformer that a kustomization makes": {
        "kustomization.yaml": "resources: [m.yaml]\ntransformers: [t]\n",
        "t/kustomization.yaml": "resources: [t.yaml]\n",
        "t/t.yaml": PLUGIN.format("PatchTransformer") + "path: '{url}/p'\n",
    },
    "a transformer that a patch makes": {
        "kustomization.yaml": "resources: [m.yaml]\ntransformers: [t]\n",
        "t/kustomization.yaml": "resources: [t.yaml]\npatches: [{path: p.yaml}]\n",
        "t/t.yaml": PLUGIN.format("PatchTransformer"),
        "t/p.yaml": PLUGIN.format("PatchTransformer") + "path: '{url}/p'\n",
    },
    "a chart of a generator beside one that is here": {
        "kustomization.yaml": "helmCharts: [{name: c}]\ngenerators: [g.yaml]\n",
        "g.yaml": PLUGIN.format("HelmChartInflationGenerator") + "name: far\nrepo: '{url}'\nversion: 1.0.0\n",
        "charts/c/Chart.yaml": CHART["c/Chart.yaml"],
        "charts/c/templates/m.yaml": MAP,
    },
    "another version of a chart that is here": {
        "kustomization.yaml": "helmCharts: [{name: c, version: 2.0.0, repo: '{url}'}]\n",
        "charts/c/Chart.yaml": CHART["c/Chart.yaml"],
        "charts/c/templates/m.yaml": MAP,
    },
}


@pytest.mark.parametrize("attack", FETCHING)
def test_kustomize_fetches_nothing_by_other_ways(tmp_path: Path, listener: Listener, attack: str) -> None:
    host = listener.url.removeprefix("http://")
    files = {"m.yaml": MAP, **FETCHING[attack]}
    write(tmp_path, {f"k/{n}": t.replace("{url}", listener.url).replace("{}", host) for n, t in files.items()})
    config = Config(targets=(TargetConfig("k", "k", "kustomize"),))
    assert rendered(tmp_path, "k", config).problems
    assert listener.requests == []


def test_argo_cd_adds_nothing_remote(tmp_path: Path, listener: Listener) -> None:
    for number, added in enumerate(("components: ['{}/c']", "patches: [{path: '{}/p'}]")):
        root = tmp_path / str(number)
        source = (
            "{repoURL: 'https://git.example.com/a', path: k, kustomize: {" + added.replace("{}", listener.url) + "}}"
        )
        write(
            root,
            {
                "a.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n"
                f"spec: {{source: {source}, destination: {{server: 'https://kubernetes.default.svc'}}}}\n",
                "k/kustomization.yaml": "resources: [m.yaml]\n",
                "k/m.yaml": MAP,
            },
        )
        assert "is not fetched" in message(root)
    assert listener.requests == []


def test_transformers_that_load_nothing_run(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "kustomization.yaml": "resources: [s.yaml]\ntransformers: [t.yaml]\n",
            "s.yaml": service("web"),
            "t.yaml": PLUGIN.format("PrefixTransformer") + "prefix: a-\nfieldSpecs: [{path: metadata/name}]\n",
        },
    )
    result = rendered(tmp_path)
    assert (result.problems, names(result)) == ([], ["Service a-web"])


@pytest.mark.parametrize("reference", ["{}/s.json", "file:///etc/hostname", "../../outside.json"])
@pytest.mark.parametrize("field", ["$ref", "$schema"])
def test_schemas_of_values_load_nothing(tmp_path: Path, listener: Listener, field: str, reference: str) -> None:
    target = reference.replace("{}", listener.url)
    schema = json.dumps({"properties": {"a": {field: target}}})
    write(tmp_path, {**CHART, "c/templates/m.yaml": MAP, "c/values.yaml": "a: 1\n", "c/values.schema.json": schema})
    assert message(tmp_path) == (
        f"c/values.schema.json: the schema refers to {target}, which is not read; write it into the schema"
    )
    with tarfile.open(tmp_path / "packed.tgz", "w:gz") as archive:
        for name in ("Chart.yaml", "values.schema.json"):
            archive.add(tmp_path / "c" / name, f"c/{name}")
    write(tmp_path, {"outer/Chart.yaml": "apiVersion: v2\nname: outer\nversion: 1.0.0\n"})
    (tmp_path / "outer/charts").mkdir()
    (tmp_path / "packed.tgz").rename(tmp_path / "outer/charts/c-1.0.0.tgz")
    assert message(tmp_path, "outer").startswith("outer/charts/c-1.0.0.tgz/c/values.schema.json: the schema refers to")
    assert listener.requests == []


def test_file_parameters_name_no_other_files(tmp_path: Path) -> None:
    source = (
        "{repoURL: 'https://git.example.com/a', path: c, helm: "
        "{fileParameters: [{name: 'a=/etc/hostname,b', path: v}]}}"
    )
    write(
        tmp_path,
        {
            **CHART,
            "c/templates/m.yaml": MAP + "  a: {{ .Values.a }}\n",
            "c/v": "x",
            "a.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n"
            f"spec: {{source: {source}, destination: {{server: 'https://kubernetes.default.svc'}}}}\n",
        },
    )
    assert message(tmp_path) == "c: 'a=/etc/hostname,b' is no name of a file parameter"


@pytest.mark.parametrize("network", [False, True])
def test_a_renderer_that_heeds_no_proxy_reaches_nothing(network: bool, listener: Listener) -> None:
    ask = f"import urllib.request as r; r.build_opener(r.ProxyHandler({{}})).open({listener.url!r}, timeout=5)"
    reached = True
    with workspace() as directory:
        try:
            run([sys.executable, "-c", ask], directory, Limits(seconds=30), network=network)
        except RenderError:
            reached = False
    assert reached is bool(listener.requests)
    assert reached is (network or not isolation())


def test_charts_see_no_cluster_and_no_files_but_their_own(tmp_path: Path) -> None:
    look = [
        'lookup "v1" "Secret" "kube-system" "token" | toJson', '.Files.Get "../outside.txt"',
        '.Files.Get "/etc/passwd"', '(.Files.Glob "../*").AsConfig', '(.Files.Glob "/etc/*").AsSecrets',
        '.Files.Get "link"',
    ]  # fmt: skip
    template = MAP + "".join(f"  k{n}: {{{{ {each} | quote }}}}\n" for n, each in enumerate(look))
    write(tmp_path, {**CHART, "c/templates/m.yaml": template, "outside.txt": "hunter2"})
    (tmp_path / "c/link").symlink_to("../outside.txt")
    (found,) = rendered(tmp_path, "c").objects
    assert set(found.data["data"].values()) <= {"", "{}"}


AS_JSON = '{{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "m"}}, "data": {}}}'


@pytest.mark.parametrize("kind", ["JSON", "flow", "block", "a settings file"])
def test_nesting_is_limited_and_quick(kind: str, tmp_path: Path) -> None:
    start, count = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n", 100_000
    deep = "[" * count + "]" * count
    files = {
        "JSON": {
            "a.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": ' + deep + "}"
        },
        "flow": {"a.yaml": start + f"data: {deep}\n"},
        "block": {"a.yaml": start + "data:\n" + "".join(" " * n + "a:\n" for n in range(1, 3000))},
        "a settings file": {"a.yaml": start, ".gitops-kong.yaml": f"targets: {deep}\n"},
    }[kind]
    write(tmp_path, files)
    started = time.monotonic()
    if kind == "a settings file":
        with pytest.raises(UserError, match="nested deeper than 100 levels"):
            read_config(WorkTree(tmp_path))
    else:
        assert "nested deeper than 100 levels" in message(tmp_path)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("depth", [90, 150, 700])
def test_json_is_as_deep_as_yaml(depth: int, tmp_path: Path) -> None:
    text = (
        '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "x": ' + "[" * depth + "]" * depth + "}"
    )
    write(tmp_path, {"a.json": text})
    assert bool(rendered(tmp_path).problems) is (depth > 100)


OLD = {
    "helm": (
        'echo "Error: unknown flag: --api-versions" >&2; exit 1',
        "helm: unknown flag: --api-versions; this helm may be too old: install Helm v3 or v4",
    ),
    "kustomize": (
        "echo 'Error: json: unknown field \"buildMetadata\"' >&2; exit 1",
        "this kustomize may be too old: install kustomize",
    ),
    "kubectl": (
        'echo \'error: unknown command "kustomize" for "kubectl"\' >&2; exit 1',
        'kubectl: unknown command "kustomize" for "kubectl"; this kubectl may be too old: install kustomize',
    ),
}


@pytest.mark.parametrize("name", OLD)
def test_old_tools_are_told(name: str, tmp_path: Path) -> None:
    script, told = OLD[name]
    write(tmp_path / "repo", {**CHART, "c/templates/m.yaml": MAP, "k/kustomization.yaml": "resources: []\n"})
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    tree = WorkTree(tmp_path / "repo")
    (target,) = [each for each in discover(tree, Config()) if each.name == ("c" if name == "helm" else "k")]
    (problem,) = render(target, tree, Tools(search=str(tmp_path / "bin"))).problems
    assert told in problem.message


def test_what_kubectl_logs_is_told_in_its_own_words(tmp_path: Path) -> None:
    write(tmp_path / "repo", {"k/kustomization.yaml": "resources: []\n"})
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "kubectl"
    logged = 'E1130 01:53:41.353378   26470 run.go:72] "command failed" err="no \\"such\\" thing"'
    program.write_text(f"#!/bin/sh\n/bin/cat >&2 <<'X'\n{logged}\nX\nexit 1\n")
    program.chmod(0o755)
    tree = WorkTree(tmp_path / "repo")
    (target,) = discover(tree, Config())
    (problem,) = render(target, tree, Tools(search=f"{tmp_path / 'bin'}:/bin")).problems
    assert problem.message == 'kubectl: no "such" thing'
