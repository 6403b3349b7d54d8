"""What a chart's Applications deploy is told of once, with the target of that chart."""

from __future__ import annotations

import json
from pathlib import Path

from gitops_kong.sources.base import Target
from gitops_kong.sources.deployed import without_deployed
from gitops_kong.sources.render import render
from gitops_kong.sources.tree import WorkTree
from tests import tools as real
from tests.integrations.shop import gitops_kong
from tests.sources.build import service, targets, tools, write

CHART = "apiVersion: v2\nname: {}\nversion: 1.0.0\n"
APPLICATIONS = """
{{- range .Values.apps }}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: {{ .name }}, namespace: argocd}
spec:
  source: {repoURL: "https://git.example.com/own", path: {{ .path }}}
  destination: {namespace: {{ .name }}, server: "https://kubernetes.default.svc"}
{{- end }}
"""
VALUES = "apps: [{name: web, path: apps/web}, {name: api, path: apps/api}]\n"
FILES = {
    "root/Chart.yaml": CHART.format("root"),
    "root/values.yaml": VALUES,
    "root/templates/apps.yaml": APPLICATIONS,
    "apps/web/kustomization.yaml": "resources: [web.yaml]\n",
    "apps/web/web.yaml": service("web"),
    "apps/api/Chart.yaml": CHART.format("api"),
    "apps/api/templates/api.yaml": service("api"),
    "apps/other/kustomization.yaml": "resources: [other.yaml]\n",
    "apps/other/other.yaml": service("other"),
}


def left(root: Path) -> list[str]:
    tree = WorkTree(root)
    found: list[Target] = targets(root)
    rendered = {target.name: render(target, tree, tools()) for target in found}
    return [target.name for target in without_deployed(found, rendered, tree, tools())]


def test_what_a_chart_of_applications_deploys_is_no_target_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert left(tmp_path) == ["apps/other", "argocd:root"]
    done = gitops_kong("check", "--all", "--format", "json", cwd=tmp_path, PATH=real.search())
    said = json.loads(done.stdout)
    assert said["summary"]["targets"] == 2
    assert sorted(p["object"]["name"] for p in said["predictions"]) == ["api", "other", "web"]


def test_a_chart_that_deploys_itself_stays(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "root/values.yaml": VALUES.replace("apps/web", "root")})
    assert left(tmp_path) == ["apps/other", "apps/web", "argocd:root"]


def test_what_another_repository_has_at_the_same_place_stays(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "root/values.yaml": VALUES.replace("apps/", "elsewhere/")})
    assert left(tmp_path) == ["apps/api", "apps/other", "apps/web", "argocd:root"]


def test_what_lies_below_a_deployed_directory_stays(tmp_path: Path) -> None:
    more = APPLICATIONS.replace("{{- range .Values.apps }}", "").replace("{{- end }}", "")
    more = more.replace("{{ .name }}", "more").replace("{{ .path }}", "apps/other")
    write(tmp_path, {**FILES, "apps/web/more/app.yaml": more})
    assert left(tmp_path) == ["argocd:apps/web/more", "argocd:root"]
