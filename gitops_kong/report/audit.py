"""The report of `gitops-kong audit`: text, JSON, and Prometheus' text format."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops_kong import __version__
from gitops_kong.audit.rules import RULES
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.predict.model import SEVERITIES, Finding, Severity
from gitops_kong.report.model import Locate, Place
from gitops_kong.report.text import MARKS, Style, printable, wrapped

_NAMED = 10  # objects of one rule; --verbose names all


@dataclass(frozen=True)
class Audit:
    """What one audit found. `taken` is Unix time; `compared` names what the cluster was compared with."""

    findings: tuple[Finding, ...]
    server: str
    options: ControllerOptions
    source: str
    objects: Counter[str]
    compared: tuple[str, ...]
    taken: float
    seconds: float
    locate: Locate
    fail_on: Severity = "error"

    def counts(self) -> dict[Severity, int]:
        """Findings by severity."""
        counted = Counter(f.severity for f in self.findings)
        return {severity: counted[severity] for severity in SEVERITIES}

    @property
    def exit_status(self) -> int:
        """1 where there is a finding at `fail_on` or above."""
        limit = SEVERITIES.index(self.fail_on)
        return int(any(SEVERITIES.index(f.severity) <= limit for f in self.findings))


def text(audit: Audit, color: bool = False, verbose: bool = False) -> str:
    """For people: by rule, worst first."""
    style = Style(color)
    lines = [style(f"gitops-kong {__version__}", bold=True) + f"  audit of {audit.server}"]
    source = f" ({audit.source})" if audit.source else ""
    compared = f"; compared with {', '.join(audit.compared)}" if audit.compared else ""
    about = f"controller {audit.options.version_text}{source}, class {audit.options.ingress_class}{compared}"
    lines.append(style(about, dim=True))
    for rule, found in _by_rule(audit.findings):
        mark, fg = MARKS[found[0].severity]
        lines += ["", f"{style(mark, fg)} {style(RULES[rule].title, bold=True)}  {style(rule, dim=True)}"]
        lines += wrapped(RULES[rule].meaning, "    ", "    ")
        lines += wrapped(f"mend: {RULES[rule].remediation}", "    ", "          ")
        for finding in found if verbose else found[:_NAMED]:
            place = _place(audit, finding)
            name = f"{finding.object.ref}: " if finding.object else ""
            lines += wrapped(f"- {name}{finding.message}{f'  {place}' if place else ''}", "    ", "      ")
        if not verbose and len(found) > _NAMED:
            lines.append(f"    … and {len(found) - _NAMED} more (--verbose names all)")
    counts = audit.counts()
    told = ", ".join(f"{counts[s]} {s}{'' if counts[s] == 1 else 's'}" for s in SEVERITIES)
    lines += ["", f"{sum(audit.objects.values())} objects: {told}"]
    return "".join(f"{printable(line) if not color else line}\n" for line in lines)


def to_json(audit: Audit) -> str:
    """The format `audit` of `gitops-kong schema`."""
    counts = audit.counts()
    return (
        json.dumps(
            {
                "schemaVersion": "1",
                "server": audit.server,
                "controller": {
                    "version": audit.options.version_text,
                    "source": audit.source,
                    "ingressClass": audit.options.ingress_class,
                },
                "compared": list(audit.compared),
                "summary": {
                    "objects": dict(sorted(audit.objects.items())),
                    **{f"{severity}s": counts[severity] for severity in SEVERITIES},
                },
                "findings": [_finding(audit, finding) for finding in audit.findings],
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


def prometheus(audit: Audit) -> str:
    """A textfile for node_exporter's collector, or for a push gateway. Names and help never change."""
    rules = Counter((f.rule, f.severity) for f in audit.findings)
    known = {(name, rule.severity): 0 for name, rule in RULES.items()}
    lines = [
        *_metric(
            "gitops_kong_audit_findings",
            "Findings of the last audit by rule.",
            (({"rule": rule, "severity": severity}, n) for (rule, severity), n in sorted({**known, **rules}.items())),
        ),
        *_metric(
            "gitops_kong_audit_finding", "1 for each object that a rule finds fault with.", _objects(audit.findings)
        ),
        *_metric(
            "gitops_kong_audit_objects",
            "Objects that the last audit read, by kind.",
            (({"kind": kind}, n) for kind, n in sorted(audit.objects.items())),
        ),
        *_metric(
            "gitops_kong_audit_controller_info",
            "The controller that was audited.",
            [({"version": audit.options.version_text, "ingress_class": audit.options.ingress_class}, 1)],
        ),
        *_metric("gitops_kong_audit_last_run_timestamp_seconds", "When the last audit ended.", [({}, audit.taken)]),
        *_metric("gitops_kong_audit_duration_seconds", "How long the last audit took.", [({}, audit.seconds)]),
    ]
    return "\n".join(lines) + "\n"


def _objects(findings: Iterable[Finding]) -> Iterator[tuple[dict[str, str], float]]:
    seen = set()
    for finding in findings:
        if finding.object is None:
            continue
        ref = finding.object.ref
        key = (finding.rule, finding.severity, ref)
        if key not in seen:
            seen.add(key)
            about = {"kind": ref.kind, "exported_namespace": ref.namespace, "name": ref.name}
            yield {"rule": finding.rule, "severity": finding.severity, **about}, 1


def _metric(name: str, about: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{told}}} {value:.15g}" if told else f"{name} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _by_rule(findings: Iterable[Finding]) -> list[tuple[str, list[Finding]]]:
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.severity, finding.rule), []).append(finding)
    return [(rule, found) for (_, rule), found in groups.items()]


def _place(audit: Audit, finding: Finding) -> Place | None:
    return audit.locate(finding.object, finding.path) if finding.object else None


def _finding(audit: Audit, finding: Finding) -> dict[str, Any]:
    place = _place(audit, finding)
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "object": _object(finding.object) if finding.object else None,
        "path": list(finding.path),
        "source": place._asdict() if place else None,
        "help": finding.help,
    }


def _object(obj: K8sObject) -> dict[str, str]:
    return {"apiVersion": obj.api_version, **obj.ref.to_json()}


FORMATS = {"text": text, "json": to_json, "prometheus": prometheus}
