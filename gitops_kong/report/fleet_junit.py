"""`fleet --format junit`: a suite a cluster, a test case a target of a repository."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from gitops_kong.predict.model import Finding
from gitops_kong.report.fleet_model import Check, Checked, FleetReport
from gitops_kong.report.junit import totals, whole, xml_text
from gitops_kong.report.model import chain


def write(report: FleetReport) -> str:
    """The suites, in the order of the fleet."""
    root = ET.Element("testsuites", name="gitops-kong fleet")
    for each in report.clusters:
        suite = ET.SubElement(root, "testsuite", name=xml_text(each.name))
        for problem in each.problems:
            case = ET.SubElement(suite, "testcase", classname=xml_text(each.name), name="could be read", time="0")
            _error(case, problem)
        for check in each.checks:
            _case(suite, report, check)
        totals(suite)
    return whole(root)


def _case(suite: ET.Element, report: FleetReport, check: Check) -> None:
    name = xml_text(f"{check.repository}/{check.target}")
    case = ET.SubElement(suite, "testcase", classname=xml_text(check.cluster), name=name, time="0")
    for problem in check.problems:
        _error(case, problem)
    checked = check.checked
    if checked is None:
        return
    failing = [f for f in checked.findings if report.fails(f)]
    lesser = [f for f in checked.findings if not report.fails(f)]
    if failing:
        failure = ET.SubElement(case, "failure", type=failing[0].rule, message=xml_text(failing[0].message))
        failure.text = xml_text("\n\n".join(_told(checked, f) for f in failing))
    if lesser:
        ET.SubElement(case, "system-out").text = xml_text("\n\n".join(_told(checked, f) for f in lesser))


def _error(case: ET.Element, problem: str) -> None:
    ET.SubElement(case, "error", type="problem", message=xml_text(problem)).text = xml_text(problem)


def _told(checked: Checked, finding: Finding) -> str:
    place = checked.locate(finding.object, finding.path) if finding.object else None
    lines = [f"{finding.severity}: {finding.message} ({finding.rule})", *([f"at {place}"] if place else [])]
    if finding.object and finding.causes:
        lines.append(chain(finding.object, finding.causes))
    return "\n".join([*lines, *finding.effects])
