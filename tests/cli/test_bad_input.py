"""Whatever is wrong with a repository: one clear line with its place, the other targets are still checked."""

import subprocess
from pathlib import Path

import pytest

from tests.integrations.shop import gitops_kong, make

GOOD = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80}]}
"""
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join('*' + chr(97 + i) for _ in range(9))}]\n" for i in range(12)
)
KUSTOMIZATION = "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\nresources: [{}]\n"


def write(root: Path, files: dict[str, str]) -> Path:
    (root / ".gitops-kong.yaml").write_text("targets: [{path: good}, {path: bad}]")
    for name, text in ({"good/web.yaml": GOOD} | files).items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


CASES = {
    "broken YAML": ({"bad/a.yaml": "apiVersion: v1\nkind: Service\nmetadata: [\n"}, "bad/a.yaml:4:1: "),
    "no object": ({"bad/a.yaml": "apiVersion: v1\nkind: Service\n---\n- apiVersion: v1\n"}, "bad/a.yaml:4:"),
    "duplicate keys": ({"bad/a.yaml": "apiVersion: v1\nkind: Service\nkind: Secret\n"}, "bad/a.yaml:3:1: "),
    "alias bomb": ({"bad/a.yaml": "apiVersion: v1\nkind: ConfigMap\ndata:\n  x: 1\n" + BOMB}, "bad/a.yaml:"),
    "missing resource": ({"bad/kustomization.yaml": KUSTOMIZATION.format("gone.yaml")}, "gone.yaml"),
    "remote base": ({"bad/kustomization.yaml": KUSTOMIZATION.format("https://example.com/x.yaml")}, "example.com"),
    "a chart that does not render": (
        {
            "bad/Chart.yaml": "apiVersion: v2\nname: bad\nversion: 1.0.0\n",
            "bad/templates/a.yaml": '{{ fail "no way" }}',
        },
        "no way",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_read_is_told_and_the_rest_is_checked(tmp_path: Path, case: str) -> None:
    files, told = CASES[case]
    done = gitops_kong("check", "--color", "never", cwd=write(tmp_path, files))
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "bad could not be checked" in done.stdout
    assert told in " ".join(done.stdout.split())
    assert "good  1 object" in done.stdout


def test_a_large_file_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"bad/a.yaml": "apiVersion: v1\nkind: ConfigMap\n"})
    with (tmp_path / "bad/a.yaml").open("a") as file:
        file.write("# " + "x" * 50_000_000)
    done = gitops_kong("check", cwd=tmp_path)
    assert done.returncode == 2
    assert "50 MB is too large" in done.stdout


def test_a_link_out_of_the_repository_is_told(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(GOOD)
    root = tmp_path / "root"
    root.mkdir()
    write(root, {"bad/b.yaml": GOOD})
    (root / "bad/link.yaml").symlink_to(outside)
    (root / "bad/kustomization.yaml").write_text(KUSTOMIZATION.format("link.yaml"))
    done = gitops_kong("check", cwd=root)
    assert done.returncode == 2
    assert "a symbolic link out of the repository" in " ".join(done.stdout.split())


def test_unknown_kinds_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"bad/a.yaml": "apiVersion: example.com/v1\nkind: Teapot\nmetadata: {name: a}\n"})
    assert gitops_kong("check", cwd=tmp_path).returncode == 0


def test_no_git(tmp_path: Path) -> None:
    write(tmp_path, {"bad/a.yaml": GOOD.replace("web", "other")})
    assert gitops_kong("check", cwd=tmp_path).returncode == 0
    done = gitops_kong("check", "--base", "main", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip() == "gitops-kong: --base main: the working directory is in no Git repository"


def test_a_shallow_clone_without_the_base(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{shop}", clone], check=True)
    done = gitops_kong("check", "--base", "main", cwd=clone)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "fetch-depth: 0" in done.stderr


def test_a_renderer_that_is_missing_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"bad/Chart.yaml": "apiVersion: v2\nname: bad\nversion: 1.0.0\n", "bad/templates/a.yaml": GOOD})
    done = gitops_kong("check", cwd=tmp_path, PATH="/usr/bin:/bin")
    assert done.returncode == 2
    assert "helm is missing: install Helm" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--controller-version", "x"], "controller version 'x'"),
        (["--controller-version", "2.12"], "versions from 3.2.0 on are known"),
        (["--feature-gate", "FallbackConfiguration"], "NAME=true or NAME=false is needed"),
        (["--feature-gate", "Nonsense=true"], "feature gate 'Nonsense' is not known"),
        (["--gateway-version", "2.8"], "2.8"),
        (["--target", "nowhere"], "target 'nowhere' is not there"),
        (["--report", "pdf=x"], "FORMAT=FILE is needed"),
        (["--report", "json=bad/a.yaml/x"], "--report json=bad/a.yaml/x: "),
        (["nowhere"], "nowhere: no such file or directory"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = gitops_kong("check", *arguments, cwd=write(tmp_path, {"bad/a.yaml": GOOD}))
    assert done.returncode == 2, done.stdout
    assert told in done.stderr
    assert "Traceback" not in done.stderr


CRASH = """
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata:
  name: ada
  namespace: shop
  annotations: {kubernetes.io/ingress.class: kong, konghq.com/plugins: cors}
custom_id: "7"
"""


def test_what_crashes_the_controller_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"bad/a.yaml": CRASH})
    crashed = "KongConsumer shop/ada has plugins and no username"
    done = gitops_kong("translate", "--controller-version", "3.3.1", cwd=tmp_path)
    assert done.returncode == 2
    assert f"gitops-kong: bad: the controller crashes: {crashed}" in done.stderr
    done = gitops_kong("check", "--color", "never", "--controller-version", "3.3.1", cwd=tmp_path)
    assert done.returncode == 1
    assert crashed in " ".join(done.stdout.split())


CREDENTIAL = """
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {name: ada, namespace: shop, annotations: {kubernetes.io/ingress.class: kong}}
username: ada
credentials: [key]
---
apiVersion: v1
kind: Secret
metadata: {name: key, namespace: shop, labels: {konghq.com/credential: key-auth}}
stringData: {key: hush-hush, ttl: hush-too, created_at: hush-three}
"""


@pytest.mark.parametrize("command", [["translate"], ["check", "--format", "json", "--all"]])
def test_values_of_secrets_stay_out_of_failures(tmp_path: Path, command: list[str]) -> None:
    done = gitops_kong(*command, cwd=write(tmp_path, {"bad/a.yaml": CREDENTIAL}))
    assert "Failed to parse ttl to int" in done.stdout + done.stderr
    assert "hush" not in done.stdout + done.stderr


MADE_BY_OTHERS = """
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: key, namespace: shop}
spec: {encryptedData: {key: AgX}, template: {metadata: {labels: {konghq.com/credential: key-auth}}}}
---
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {name: ada, namespace: shop, annotations: {kubernetes.io/ingress.class: kong}}
username: ada
credentials: [key]
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec: {secretName: tls, dnsNames: [shop.example]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: shop}
spec:
  ingressClassName: kong
  tls: [{hosts: [shop.example], secretName: tls}]
  rules:
  - host: shop.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"""


def test_secrets_that_others_will_make_are_no_failures(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(GOOD + "---\n" + MADE_BY_OTHERS)
    for version in ("3.2.4", "3.5.13"):
        done = gitops_kong("check", "--color", "never", "--controller-version", version, cwd=tmp_path)
        assert done.returncode == 0, done.stdout
        assert done.stdout.count("is assumed to exist with unknown content") == 2


def test_a_name_that_yaml_reads_as_something_else_is_told(tmp_path: Path) -> None:
    forgotten = "---\napiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {}\nplugin: cors\n"
    (tmp_path / "a.yaml").write_text(GOOD.replace("name: web", "name: y") + forgotten)
    done = gitops_kong("check", "--no-base", "--color", "never", cwd=tmp_path)
    assert done.returncode == 1, done.stdout
    assert "metadata.name: cannot read bool as string" in " ".join(done.stdout.split())
    assert "refuses KongPlugin default/" in " ".join(done.stdout.split())


def test_what_looks_like_git_and_is_none_is_told(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", "bare.git"], cwd=tmp_path, check=True)
    done = gitops_kong("check", "bare.git", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "gitops-kong: bare.git: a bare repository has no files; check a clone of it\n",
    )
    tree = tmp_path / "tree"
    tree.mkdir()
    write(tree, {".git": "gitdir: /nowhere/.git/worktrees/tree\n", "bad/a.yaml": GOOD})
    done = gitops_kong("check", cwd=tree)
    assert f"{tree}/.git: no repository that Git can read" in done.stderr
    assert "nothing is compared" in done.stderr
    assert done.returncode == 0
    done = gitops_kong("check", "--base", "main", cwd=tree)
    assert done.returncode == 2
    assert f"--base main: {tree}/.git: no repository that Git can read" in done.stderr


def test_a_pattern_of_a_crd_does_not_take_years(tmp_path: Path) -> None:
    schema = "{openAPIV3Schema: {type: object, properties: {plugin: {type: string, pattern: '^(a+)+$'}}}}"
    write(tmp_path, {"bad/crd.yaml": (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: kongplugins.configuration.konghq.com}\nspec:\n  group: configuration.konghq.com\n"
        "  names: {kind: KongPlugin, plural: kongplugins}\n  scope: Namespaced\n  versions:\n"
        f"  - {{name: v1, served: true, storage: true, schema: {schema}}}\n---\n"
        "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {name: p}\n"
        f"plugin: {'a' * 60}!\n"
    )})  # fmt: skip
    done = gitops_kong("check", "--no-base", cwd=tmp_path)
    assert done.returncode == 1
    assert "should match '^(a+)+$'" in " ".join(done.stdout.split())
