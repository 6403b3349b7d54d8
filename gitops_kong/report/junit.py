"""`--format junit`: JUnit XML as Jenkins, GitLab and Azure read it. A suite a target, a test case an object.

An object's case fails on what fails the run; lesser findings are its output.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import Ref
from gitops_kong.predict.model import Finding
from gitops_kong.report.identity import place_of
from gitops_kong.report.model import Report, chain, worst_first

_NOT_XML = regex("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: Report) -> str:
    """The suites: the controller's settings where they have findings, every target, what could not be checked."""
    root = ET.Element("testsuites", name="gitops-kong")
    if report.general:
        _suite(root, report, "controller", report.general, ())
    for target in report.targets:
        refs = dict.fromkeys(p.object.ref for p in target.predictions)
        _suite(root, report, target.target, target.findings, refs)
    for problem in report.problems:
        suite = ET.SubElement(root, "testsuite", name=xml_text(problem.target))
        case = ET.SubElement(suite, "testcase", classname=xml_text(problem.target), name="could be checked", time="0")
        ET.SubElement(case, "error", type="problem", message=xml_text(problem.message)).text = xml_text(problem.message)
        totals(suite)
    return whole(root)


def whole(root: ET.Element) -> str:
    """The document, with the totals of its suites."""
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, report: Report, name: str, findings: Iterable[Finding], objects: Iterable[Ref]) -> None:
    suite = ET.SubElement(root, "testsuite", name=xml_text(name))
    of_object: defaultdict[Ref, list[Finding]] = defaultdict(list)
    of_rule: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in worst_first(tuple(findings)):
        if finding.object:
            of_object[finding.object.ref].append(finding)
        else:
            of_rule[finding.rule].append(finding)
    for rule, found in of_rule.items():
        _case(suite, report, name, rule, found)
    for ref in dict.fromkeys((*objects, *of_object)):
        _case(suite, report, f"{name}.{ref.kind}", f"{ref.namespace}/{ref.name}".lstrip("/"), of_object.get(ref, ()))
    totals(suite)


def _case(suite: ET.Element, report: Report, classname: str, name: str, findings: Iterable[Finding]) -> None:
    case = ET.SubElement(suite, "testcase", classname=xml_text(classname), name=xml_text(name), time="0")
    failing = [f for f in findings if report.fails(f)]
    lesser = [f for f in findings if not report.fails(f)]
    if failing:
        failure = ET.SubElement(case, "failure", type=failing[0].rule, message=xml_text(failing[0].message))
        failure.text = xml_text("\n\n".join(_told(report, f) for f in failing))
    if lesser:
        ET.SubElement(case, "system-out").text = xml_text("\n\n".join(_told(report, f) for f in lesser))


def _told(report: Report, finding: Finding) -> str:
    lines = [f"{finding.severity}: {finding.message} ({finding.rule})", f"at {place_of(report, finding)}"]
    if finding.object and finding.causes:
        lines.append(chain(finding.object, finding.causes))
    lines += [*finding.effects, *([f"→ {finding.help}"] if finding.help else [])]
    return "\n".join(lines)


def totals(suite: ET.Element) -> None:
    """Counts its cases, failures and errors."""
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in suite)))
    suite.set("errors", str(sum(case.find("error") is not None for case in suite)))
    suite.set("time", "0")


def xml_text(text: str) -> str:
    """Text without characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
