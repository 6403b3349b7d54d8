"""Findings that people have decided to live with: by annotation, by comment, by the baseline file.

- annotation on the object: `gitops-kong.dev/ignore: rule, other-rule # why until=2026-12-31`; the reason may be part of
  the value or, as YAML has it without quotes, a comment behind it
- comment in the object's document, `# gitops-kong: ignore rule # why`; a finding of a prediction that points at a
  field is suppressed only by a comment at that line, or on the line before it, or before the object
- `.gitops-kong/baseline.json`, which `gitops-kong baseline` writes: the very finding, word for word

None of them is silent: what is suppressed is counted and named in the report, and one that has expired or suppresses
nothing is a finding itself.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

from gitops_kong.errors import UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import K8sObject, Origin
from gitops_kong.manifests.positions import holds, locate
from gitops_kong.manifests.yaml import decode, split
from gitops_kong.policies.suppression_rules import SUPPRESSION_RULES
from gitops_kong.predict.model import Finding, SuppressedFinding, TargetPrediction
from gitops_kong.predict.rules import RULES
from gitops_kong.sources.base import Tree

ANNOTATION = "gitops-kong.dev/ignore"
BASELINE = ".gitops-kong/baseline.json"
_MARK = b"gitops-kong: ignore"
_COMMENT = regex(r"^(?P<code>.*?)#\s*gitops-kong:\s*ignore\s+(?P<rules>[^#]+?)\s*(?:#\s*(?P<reason>.*))?$")
_UNTIL = regex(r"\buntil=(\S+)")

LineOf = Callable[[Finding], "tuple[str, int] | None"]  # file and line of the field that a finding points at


@dataclass(frozen=True)
class Suppression:
    """One rule that is not to be reported at one place.

    `object` is None for a comment, until it is matched; `line` is the line that a comment speaks of, 0 where it stands
    before the object. `key` says which ones are the same in several targets.
    """

    rule: str
    reason: str
    how: str  # annotation, comment, baseline
    place: str  # for people
    key: tuple[Any, ...]
    object: K8sObject | None = None
    line: int = 0
    expired: str = ""  # '' or why


class BaselineEntry(NamedTuple):
    """A finding as the baseline file has it."""

    rule: str
    target: str
    object: str
    message: str


@dataclass
class Suppressions:
    """All suppressions of a run, and which of them were used."""

    today: date
    baseline: Mapping[BaselineEntry, Suppression] = field(default_factory=dict)
    _comments: dict[tuple[str, int], list[Suppression]] = field(default_factory=dict)
    _seen: dict[tuple[Any, ...], tuple[str, Suppression]] = field(default_factory=dict)
    _used: set[tuple[Any, ...]] = field(default_factory=set)
    _files: set[str] = field(default_factory=set)
    _reasons: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def look_at(self, target: str, objects: Iterable[K8sObject], tree: Tree) -> None:
        """Take in the annotations of a target's objects, and the comments in their files."""
        for obj in objects:
            if ANNOTATION in obj.annotations:
                self._reasons[_place(obj)] = _comment_of_annotation(obj, tree)
                for suppression in self._annotated(obj):
                    self._seen.setdefault(suppression.key, (target, suppression))
            if obj.origin is not None:
                for origin in (obj.origin, *obj.origin.patches):
                    if origin.file not in self._files:
                        self._files.add(origin.file)
                        self._read_comments(target, origin.file, tree)

    def apply(self, predicted: TargetPrediction, line_of: LineOf) -> TargetPrediction:
        """The target with what is suppressed set apart, and the findings on expired suppressions that it meets."""
        kept: list[Finding] = []
        apart: list[SuppressedFinding] = []
        for finding in predicted.findings:
            by = self._by(finding, line_of)
            if by is None:
                kept.append(finding)
            else:
                apart.append(SuppressedFinding(finding, by.how, by.reason, by.place))
        return replace(predicted, findings=tuple(kept), suppressed=tuple(apart))

    def split(self, findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], tuple[SuppressedFinding, ...]]:
        """Findings on the controller: those to report, and those that the baseline suppresses."""
        judged = self.apply(TargetPrediction("", (), tuple(findings), 0), lambda _: None)
        return judged.findings, judged.suppressed

    def leftovers(self, complete: bool) -> Iterator[Finding]:
        """Findings on suppressions that have expired or, where the run was `complete`, suppress nothing."""
        entries = [*self._seen.values(), *((e.target, s) for e, s in self.baseline.items())]
        for target, suppression in entries:
            subject = f"{suppression.place}: the suppression of {suppression.rule}"
            if suppression.expired:
                yield _finding("suppression-expired", f"{subject} {suppression.expired}", target, suppression)
            elif complete and suppression.key not in self._used:
                yield _finding("suppression-unused", f"{subject} suppresses nothing", target, suppression)

    def _by(self, finding: Finding, line_of: LineOf) -> Suppression | None:
        for suppression in self._candidates(finding, line_of):
            if suppression.rule == finding.rule:
                self._used.add(suppression.key)
                if not suppression.expired:
                    return suppression
        return None

    def _candidates(self, finding: Finding, line_of: LineOf) -> Iterator[Suppression]:
        obj = finding.object
        if obj is not None:
            if ANNOTATION in obj.annotations:
                yield from self._annotated(obj)
            if self._comments and obj.origin is not None:
                for origin in (obj.origin, *obj.origin.patches):
                    yield from self._commented(finding, origin, line_of)
        found = self.baseline.get(entry_of(finding))
        if found is not None:
            yield found

    def _commented(self, finding: Finding, origin: Origin, line_of: LineOf) -> Iterator[Suppression]:
        comments = self._comments.get((origin.file, origin.document))
        if not comments:
            return
        exact = line_of(finding) if finding.path and finding.rule in RULES else None
        for comment in comments:
            if exact is None or not comment.line or exact == (origin.file, comment.line):
                yield comment

    def _annotated(self, obj: K8sObject) -> Iterator[Suppression]:
        value = obj.annotations[ANNOTATION]
        if not isinstance(value, str):
            return
        rules, _, reason = value.partition("#")
        place = _place(obj)
        reason = reason or self._reasons.get(place, "")
        for rule in _names(rules):
            yield Suppression(
                rule,
                reason.strip(),
                "annotation",
                str(obj.ref),
                ("annotation", *place, rule),
                obj,
                expired=self._expired(reason),
            )

    def _read_comments(self, target: str, file: str, tree: Tree) -> None:
        if file not in tree.files:
            return
        text = tree.read(file)
        if _MARK not in text:
            return
        for piece in split(decode(text, file), file):
            lines = piece.text.split("\n")
            for i, line in enumerate(lines):
                match = _COMMENT.match(line) if "gitops-kong" in line else None
                if match is None:
                    continue
                number = piece.line + i + 1
                spoken = number if match["code"].strip() else _next_line(lines, i, piece.line)
                before = not match["code"].strip() and not any(_code(other) for other in lines[:i])
                for rule in _names(match["rules"]):
                    reason = (match["reason"] or "").strip()
                    suppression = Suppression(
                        rule,
                        reason,
                        "comment",
                        f"{file}:{number}",
                        ("comment", file, number, rule),
                        line=0 if before else spoken,
                        expired=self._expired(reason),
                    )
                    self._comments.setdefault((file, piece.number), []).append(suppression)
                    self._seen.setdefault(suppression.key, (target, suppression))

    def _expired(self, reason: str) -> str:
        return expired(reason, self.today)


def _place(obj: K8sObject) -> tuple[Any, ...]:
    origin = obj.origin
    return (origin.file, origin.document, origin.item) if origin else (obj.ref,)


def _comment_of_annotation(obj: K8sObject, tree: Tree) -> str:
    """The YAML comment behind the annotation: where its value stands without quotes, ` # why` is no part of it."""
    path = ("metadata", "annotations", ANNOTATION)
    for origin in (obj.origin, *obj.origin.patches) if obj.origin else ():
        if origin.file in tree.files and holds(text := tree.read(origin.file), origin, path):
            line = decode(text, origin.file).split("\n")[locate(text, origin, path).line - 1]
            if ANNOTATION in line:
                return line.partition(ANNOTATION)[2].partition(" #")[2].strip()
    return ""


def expired(reason: str, today: date) -> str:
    """Why a suppression with this reason does not hold on this day, '' where it does."""
    match = _UNTIL.search(reason)
    if match is None:
        return ""
    try:
        until = date.fromisoformat(match[1].rstrip(".,;)"))
    except ValueError:
        return f"does not hold: until={match[1]} is no date such as 2026-12-31"
    return f"expired on {until}" if until < today else ""


def entry_of(finding: Finding) -> BaselineEntry:
    """The finding as the baseline file has it."""
    return BaselineEntry(
        finding.rule, finding.target, str(finding.object.ref) if finding.object else "", finding.message
    )


def read_baseline(tree: Tree, today: date) -> dict[BaselineEntry, Suppression]:
    """The entries of the repository's baseline. Raises UserError for a file that is no baseline."""
    if BASELINE not in tree.files:
        return {}
    found = {}
    for item in _items(tree.read(BASELINE)):
        entry = BaselineEntry(*(str(item.get(name) or "") for name in BaselineEntry._fields))
        reason = str(item.get("reason") or "")
        until = f" until={item['until']}" if item.get("until") else ""
        found[entry] = Suppression(
            entry.rule,
            (reason + until).strip(),
            "baseline",
            f"{BASELINE}: {entry.object or 'the controller'}",
            ("baseline", *entry),
            expired=expired(until, today),
        )
    return found


def write_baseline(findings: Iterable[Finding], old: bytes | None, reason: str = "", until: str = "") -> str:
    """The baseline of these findings; what was there before keeps its reason and its day."""
    known = {tuple(str(i.get(n) or "") for n in BaselineEntry._fields): i for i in _items(old)} if old else {}
    items: dict[BaselineEntry, Mapping[str, Any]] = {}
    for entry in sorted(map(entry_of, findings)):
        more = {name: value for name, value in (("reason", reason), ("until", until)) if value}
        items[entry] = known.get(tuple(entry)) or {**entry._asdict(), **more}
    return json.dumps({"schemaVersion": "1", "findings": list(items.values())}, indent=2, ensure_ascii=False) + "\n"


def _items(text: bytes) -> list[Mapping[str, Any]]:
    try:
        value = json.loads(text)
    except ValueError as e:
        raise UserError(f"{BASELINE}: no JSON: {e}") from None
    items = value.get("findings") if isinstance(value, Mapping) else None
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise UserError(f"{BASELINE}: a mapping with a list `findings` is expected; `gitops-kong baseline` writes it")
    return items


def _finding(rule: str, message: str, target: str, suppression: Suppression) -> Finding:
    text = SUPPRESSION_RULES[rule]
    path = ("metadata", "annotations", ANNOTATION) if suppression.how == "annotation" else ()
    return Finding(rule, text.severity, message, target, suppression.object, path, help=text.remediation)


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _code(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and not stripped.startswith("#")


def _next_line(lines: list[str], after: int, first: int) -> int:
    """The number of the next line that is no comment."""
    for i in range(after + 1, len(lines)):
        if _code(lines[i]):
            return first + i + 1
    return first + after + 1


def by_target(findings: Iterable[Finding]) -> Mapping[str, list[Finding]]:
    """Findings by the target that they are reported in."""
    grouped: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        grouped[finding.target].append(finding)
    return grouped
