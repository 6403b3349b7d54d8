"""What a controller's log says, object by object: counts, first and last time, meaning, place in Git."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple

from gitops_kong.controller.log_events import LogEvent, What, read_event
from gitops_kong.controller.log_lines import Line
from gitops_kong.manifests.objects import Ref
from gitops_kong.predict.model import SEVERITIES, Severity
from gitops_kong.predict.rules import RULES
from gitops_kong.report.model import Place


class Meaning(NamedTuple):
    """What one sort of happening is, what it means and how to mend it."""

    severity: Severity
    title: str
    meaning: str
    remediation: str


def _rule(name: str) -> Meaning:
    rule = RULES[name]
    return Meaning(rule.severity, rule.title, rule.meaning, rule.remediation)


MEANINGS: Mapping[What, Meaning] = {
    "crash": Meaning(
        "error",
        "The controller crashed",
        "The process ended by a panic. The container restarts; what the controller remembered, the last valid"
        " configuration among it, is lost.",
        "Run `gitops-kong check` for objects that crash this version of the controller; update the controller.",
    ),
    "gateway-rejected": _rule("gateway-rejected"),
    "rejected-without-object": Meaning(
        "error",
        "Kong Gateway refuses an entity that names no object",
        "The gateway refuses the configuration, and what it blames does not lead back to an object. Without one, the"
        " controller cannot make a fallback configuration.",
        "Look for the entity in `gitops-kong translate`; a missing schema or version of a plugin is a usual cause.",
    ),
    "translation-failed": _rule("translation-failed"),
    "fallback-rejected": Meaning(
        "error",
        "Kong Gateway refuses the fallback configuration too",
        "Leaving out the broken objects was not enough. Gateways keep what they run; one that starts empty stays so.",
        "Mend every object that is named as refused.",
    ),
    "excluded": _rule("excluded"),
    "backfilled": _rule("backfilled"),
    "push-failed": Meaning(
        "error",
        "The configuration did not reach the gateway",
        "An update of the gateways failed: nothing of it takes effect, and no status is written for it. With HTTP"
        " status 400 the gateway refused it (objects are named apart); otherwise it could not be reached or failed.",
        "Mend the refused objects, or look at the gateway's own log and its Admin API's Service and certificates.",
    ),
    "no-gateway": Meaning(
        "error",
        "The controller finds no gateway that is ready",
        "No gateway's Admin API is ready to take configuration.",
        "Look at the gateway's Pods and at the Service that --kong-admin-svc names.",
    ),
    "controller-error": Meaning(
        "error",
        "The controller logged an error",
        "A part of what was asked for is not done, as the message says.",
        "Mend what the message names.",
    ),
    "recovered": Meaning(
        "info",
        "The fallback configuration was accepted",
        "The gateway runs a configuration without the broken objects and what depends on them.",
        "Mend the broken objects.",
    ),
}
_ORDER = {what: i for i, what in enumerate(MEANINGS)}

Find = Callable[[Ref, str], "Place | None"]


@dataclass
class Entry:
    """Equal happenings of one object."""

    what: What
    object: Ref | None
    message: str
    causes: tuple[Ref, ...]
    first: str = ""
    last: str = ""
    forms: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How often it happened: two lines can tell of one happening."""
        return max(self.forms.values())


@dataclass
class Log:
    """What was read so far. `unread` counts lines that are none of the controller's."""

    entries: dict[tuple[What, Ref | None, str], Entry] = field(default_factory=dict)
    lines: int = 0
    unread: int = 0

    def add(self, line: Line | None) -> LogEvent | None:
        """Count `line`; what it says of a problem, if anything."""
        if line is None:
            self.unread += 1
            return None
        self.lines += 1
        event = read_event(line)
        if event is None:
            return None
        key = (event.what, event.object, event.message)
        entry = self.entries.get(key)
        if entry is None:
            entry = self.entries[key] = Entry(event.what, event.object, event.message, event.causes)
        entry.forms[event.form] += 1
        if line.time:
            entry.first = min(entry.first or line.time, line.time, key=_instant)
            entry.last = max(entry.last or line.time, line.time, key=_instant)
        return event

    def sorted(self) -> list[Entry]:
        """The worst first, then by object."""
        return sorted(self.entries.values(), key=lambda e: (_ORDER[e.what], e.object or (), e.message))

    def counts(self) -> dict[str, int]:
        """Entries by severity."""
        counted = Counter(MEANINGS[e.what].severity for e in self.entries.values())
        return {severity: counted[severity] for severity in SEVERITIES}

    @property
    def exit_status(self) -> int:
        """1 where there is an error."""
        return int(self.counts()["error"] > 0)


def _instant(time: str) -> datetime:
    try:
        found = datetime.fromisoformat(time.replace("Z", "+00:00"))
    except ValueError:
        return datetime.min.replace(tzinfo=timezone.utc)
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def read_log(lines: Iterable[Line | None]) -> Log:
    """All of a log."""
    log = Log()
    for line in lines:
        log.add(line)
    return log


def text(log: Log, find: Find) -> Iterator[str]:
    """The log for people, line by line: by sort of happening, then by object."""
    before: What | None = None
    for entry in log.sorted():
        meaning = MEANINGS[entry.what]
        if entry.what != before:
            if before is not None:
                yield ""
            yield f"{meaning.severity}: {meaning.title}"
            yield f"  {meaning.meaning} {meaning.remediation}"
            before = entry.what
        place = find(entry.object, entry.message) if entry.object else None
        yield f"  - {_name(entry.object)}{f'  {place}' if place else ''}"
        yield f"      {entry.message}".replace("\n", "\n      ")
        yield f"      {_times(entry)}"
    if before is not None:
        yield ""
    counts = log.counts()
    told = ", ".join(f"{counts[s]} {s}s" for s in SEVERITIES)
    apart = f"; {log.unread} lines are none of the controller's" if log.unread else ""
    yield f"{log.lines} lines: {told}{apart}"


def line(entry: Entry, find: Find) -> str:
    """One happening as it is told while the log is followed."""
    place = find(entry.object, entry.message) if entry.object else None
    told = " ".join(entry.message.split())
    name = f"{_name(entry.object)}: " if entry.object else ""
    where = f"  {place}" if place else ""
    return f"{entry.last or '-'} {MEANINGS[entry.what].severity} {entry.what}: {name}{told}{where}"


def _name(ref: Ref | None) -> str:
    if ref is None:
        return "no object named"
    return str(ref if ref.kind else ref._replace(kind="object")).strip()


def _times(entry: Entry) -> str:
    often = "once" if entry.count == 1 else f"{entry.count} times"
    if not entry.first:
        return often
    return f"{often}, {entry.first}" if entry.first == entry.last else f"{often}, {entry.first} to {entry.last}"


def to_json(log: Log, find: Find) -> str:
    """The log as the format `logs` of `gitops-kong schema`."""
    return json.dumps(
        {
            "schemaVersion": "1",
            "summary": {"lines": log.lines, "unread": log.unread, **{f"{k}s": v for k, v in log.counts().items()}},
            "entries": [_entry_json(entry, find) for entry in log.sorted()],
        },
        indent=2,
        ensure_ascii=False,
    )


def _entry_json(entry: Entry, find: Find) -> dict[str, Any]:
    meaning = MEANINGS[entry.what]
    place = find(entry.object, entry.message) if entry.object else None
    return {
        "what": entry.what,
        "severity": meaning.severity,
        "title": meaning.title,
        "object": entry.object.to_json() if entry.object else None,
        "message": entry.message,
        "count": entry.count,
        "first": entry.first or None,
        "last": entry.last or None,
        "causes": [cause.to_json() for cause in entry.causes],
        "source": place._asdict() if place else None,
        "meaning": meaning.meaning,
        "help": meaning.remediation,
    }
