"""The reports of a fleet: what a person sees, word for word, and that nothing of a manifest becomes markup."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gitops_kong import __version__
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.predict.model import Cause, Finding, TargetPrediction
from gitops_kong.report import fleet_html, fleet_junit, fleet_markdown, fleet_text
from gitops_kong.report.fleet_model import Check, Checked, ClusterChecks, FleetReport
from gitops_kong.report.model import Place

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "x<script>alert(1)</script>\x1b[31m](http://evil) @team | `y`"


def _object(kind: str, name: str) -> K8sObject:
    return K8sObject({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}})


def _checked(key: str, repository: str, target: str, *findings: Finding) -> Checked:
    predicted = TargetPrediction(target, (), findings, 7)
    return Checked(
        key, repository, predicted, (), (), {"configured": 7}, {"written": 7},
        lambda obj, path: Place(f"{target}/{obj.name}.yaml", 3, 1),
    )  # fmt: skip


def sample() -> FleetReport:
    """Three clusters of two repositories: one well, one with findings, one that could not be read in whole."""
    plugin = _object("KongPlugin", "limit")
    cause = (Cause(plugin, "config.minutes: unknown field"),)
    refused = Finding(
        "gateway-rejected", "error", "Kong refuses KongPlugin shop/limit: config.minutes: unknown field", "web", plugin,
        ("config", "minutes"), cause, "Mend the field that the message names.", (),
        ("every scenario: left out, not in effect",), caught_by="gateway",
    )  # fmt: skip
    empty = [
        Finding(
            "status-empty", "error", f"Ingress shop/{name}: served, but status stays empty", "web",
            _object("Ingress", name), (), cause, "Update the controller.",
        )
        for name in ("a", "b")
    ]  # fmt: skip
    old = Finding("wildcard-host", "warning", HOSTILE, "web", _object("Ingress", "a"), existing=True)
    bad = _checked("k1", "apps", "web", refused, *empty, old)
    good, platform = _checked("k2", "apps", "web"), _checked("k3", "platform", "all")

    def check(cluster: str, checked: Checked, *problems: str) -> Check:
        return Check(cluster, checked.repository, "", "main", checked.target.target, (), problems, checked)

    clusters = (
        ClusterChecks("eu-1", {"env": "prod"}, (), (check("eu-1", bad), check("eu-1", platform))),
        ClusterChecks("eu-2", {}, (), (check("eu-2", good), check("eu-2", platform))),
        ClusterChecks(
            "eu-3", {}, (f"context {HOSTILE}: no such file or directory",), (check("eu-3", bad, "helm is missing"),)
        ),
    )
    unused = Finding("suppression-unused", "info", "app.yaml:3: the suppression of x suppresses nothing")
    return FleetReport("fleet.yaml", ("apps", "platform"), clusters, (("apps", unused, Place("app.yaml", 3, 1)),))


@pytest.mark.parametrize(("module", "suffix"), [(fleet_text, "txt"), (fleet_markdown, "md"), (fleet_junit, "xml")])
def test_golden(module: object, suffix: str) -> None:
    written = module.write(sample()).replace(__version__, "VERSION")  # type: ignore[attr-defined]
    golden = GOLDEN / f"fleet.{suffix}"
    assert written == golden.read_text(), f"if this is meant, write it to {golden}"


def test_verdicts_and_exit_status() -> None:
    report = sample()
    assert dict(report.by_verdict) == {"passed": 1, "failed": 1, "unchecked": 1}
    assert [report.cell(c, "platform") for c in report.clusters] == ["passed", "passed", None]
    assert report.exit_status == 2
    assert FleetReport("f", report.repositories, report.clusters[:2]).exit_status == 1
    assert FleetReport("f", report.repositories, report.clusters[1:2]).exit_status == 0
    assert (report.checks, report.distinct) == (5, 3)
    assert [len(s.clusters) for s in report.spread] == [2, 2, 2, 2]
    assert [len(group) for group in report.groups] == [1, 2, 1]


def test_all_that_is_well_is_one_line_unless_asked_for() -> None:
    clusters = tuple(ClusterChecks(f"c{i}", {}) for i in range(100))
    text = fleet_text.write(FleetReport("f", (), clusters))
    assert "100 clusters without anything that fails" in text
    assert "c99" not in text
    assert "c99" in fleet_text.write(FleetReport("f", (), clusters), verbose=True)


def test_a_manifest_never_becomes_markup() -> None:
    page = fleet_html.write(sample())
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    assert re.search(r"script-src|default-src 'none'", page)
    assert "\x1b" not in fleet_text.write(sample())
    assert "<script" not in fleet_markdown.write(sample())
    ET.fromstring(fleet_junit.write(sample()))


def test_colours() -> None:
    assert "\x1b[31m" in fleet_text.write(sample(), color=True)
