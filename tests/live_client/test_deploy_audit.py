"""deploy/audit as it renders: schemas, profile, a role that only reads, alerts and panels on metrics that are there."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from typing import Any

import kubernetes_validate
import pytest
import yaml

from gitops_kong.audit.rules import RULES
from gitops_kong.controller.settings import controller_options
from gitops_kong.live.resources import READ, WORKLOADS
from gitops_kong.report.audit import Audit, prometheus
from tests.tools import ROOT, search


def rendered(folder: str) -> list[dict[str, Any]]:
    command = ["kustomize", "build", str(ROOT / folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": search()})
    return list(yaml.safe_load_all(done.stdout))


OBJECTS = rendered("deploy/audit")
MONITORING = rendered("deploy/audit/monitoring")


@pytest.mark.parametrize("obj", OBJECTS, ids=lambda o: o["kind"])
def test_schemas(obj: dict[str, Any]) -> None:
    kubernetes_validate.validate(obj, "1.33", strict=True)


def test_the_role_reads_all_that_an_audit_reads_but_secrets_and_nothing_else() -> None:
    (role,) = (o for o in OBJECTS if o["kind"] == "ClusterRole")
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list"}
    given = {(group, name) for rule in role["rules"] for group in rule["apiGroups"] for name in rule["resources"]}
    needed = {(r.api_version.rpartition("/")[0], r.plural) for r in (*READ, *WORKLOADS)}
    assert given == (needed | {("", "events")}) - {("", "secrets")}


def test_the_restricted_profile() -> None:
    (cronjob,) = (o for o in OBJECTS if o["kind"] == "CronJob")
    pod = cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "volumes" not in pod


def metrics() -> tuple[set[str], set[str]]:
    """Names and labels of the metrics that an audit writes."""
    empty = Audit((), "s", controller_options("3.5.13"), "", Counter({"Ingress": 1}), (), 1.0, 1.0, lambda o, p: None)
    text = prometheus(empty)
    names = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    return names, {*re.findall(r"(\w+)=\"", text), "kind", "exported_namespace", "name"}


def expressions() -> list[str]:
    (rule,) = (o for o in MONITORING if o["kind"] == "PrometheusRule")
    alerts = [each["expr"] for group in rule["spec"]["groups"] for each in group["rules"]]
    return [*alerts, *(target["expr"] for panel in dashboard()["panels"] for target in panel["targets"])]


def dashboard() -> dict[str, Any]:
    (config_map,) = (o for o in MONITORING if o["kind"] == "ConfigMap")
    found: dict[str, Any] = json.loads(config_map["data"]["dashboard.json"])
    return found


@pytest.mark.parametrize("expression", expressions())
def test_alerts_and_panels_ask_for_metrics_and_rules_that_are_there(expression: str) -> None:
    names, labels = metrics()
    asked = set(re.findall(r"gitops_kong_\w+", expression))
    assert asked
    assert asked <= names
    assert set(re.findall(r"(\w+)=~?\"", expression)) <= labels
    for value in re.findall(r"rule=~?\"([^\"]*)\"", expression):
        assert set(value.split("|")) <= RULES.keys()
    assert expression.count("(") == expression.count(")")


def test_alerts_say_what_to_do() -> None:
    (rule,) = (o for o in MONITORING if o["kind"] == "PrometheusRule")
    for group in rule["spec"]["groups"]:
        for alert in group["rules"]:
            assert alert["labels"]["severity"] in ("critical", "warning")
            assert set(alert["annotations"]) == {"summary", "description"}
            assert re.fullmatch(r"\d+m", alert["for"])


def test_the_dashboard_has_no_overlapping_panels() -> None:
    taken: set[tuple[int, int]] = set()
    ids = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
        ids.add(panel["id"])
    assert len(ids) == len(dashboard()["panels"])
    assert dashboard()["templating"]["list"][0]["name"] == "datasource"
