"""Lines of the controller's log, in both formats of `--log-format`.

KIC 3.2 - 3.5 `internal/logging` (`GetZapEncoding`): zap's JSON encoder, and its console encoder, which separates time,
level, logger, message and a JSON object of the fields by tabs and escapes nothing in the message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gitops_kong.lazy import regex

_LEVELS = "trace|debug|info|warn|error|dpanic|panic|fatal|Level\\(-?\\d+\\)"
# what collectors put before a line (a pod's name, a container runtime's time) is passed over
_CONSOLE = regex(rf"(?:^|\s)(\d{{4}}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))\t({_LEVELS})\t(.*)", re.DOTALL)
_LOGGER = regex(r"[A-Za-z0-9][\w.-]*")
# what the Go runtime writes when the process ends
_PANIC = regex(r"(?:^|\s)(panic: .*|fatal error: .*)")
_PLAIN = ("time", "level", "logger", "caller", "msg", "stacktrace")
_MORE = 200  # lines of one message in console format


class Line(NamedTuple):
    """One entry of the log; `time` as written (RFC 3339), '' where there is none; `number` counts lines from 1."""

    number: int
    time: str
    level: str
    logger: str
    message: str
    fields: Mapping[str, Any]


def read_lines(text: Iterable[str]) -> Iterator[Line | None]:
    """The entries of a log, None for each line that is none (those of other programs, stack traces)."""
    pending: tuple[int, str, str, str] | None = None  # a console message that may go on in the next line
    more = 0
    for number, raw in enumerate(text, 1):
        row = raw.rstrip("\r\n")
        if not row.strip():
            continue
        found = _json(number, row)
        console = None if found else _CONSOLE.search(row)
        panic = None if found or console else _PANIC.search(row)
        if pending and (found or console or panic or more >= _MORE):
            yield _console(*pending)
            pending = None
        if found:
            yield found
        elif console:
            pending, more = (number, console[1], console[2], console[3]), 0
        elif panic:
            yield Line(number, "", "panic", "", panic[1], {})
        elif pending:
            pending, more = (*pending[:3], f"{pending[3]}\n{row}"), more + 1
        else:
            yield None
    if pending:
        yield _console(*pending)


def _json(number: int, row: str) -> Line | None:
    start = row.find('{"')
    if start < 0 or (start and "\t" in row[:start]):  # fields of the console format
        return None
    try:
        found = json.loads(row[start:])
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("msg"), str) or "level" not in found:
        return None
    time, level, logger = (str(found.get(key) or "") for key in ("time", "level", "logger"))
    return Line(number, time, level, logger, found["msg"], {k: v for k, v in found.items() if k not in _PLAIN})


def _console(number: int, time: str, level: str, rest: str) -> Line:
    text, fields = rest, {}
    head, _, lines = rest.partition("\n")
    for candidate, after in ((rest, ""), (head, lines)):  # fields end the entry, or a stack trace follows
        start = candidate.rfind("\t{")
        while start >= 0:
            read = _fields(candidate[start + 1 :])
            if read is not None:
                text, fields = candidate[:start], read
                break
            start = candidate.rfind("\t{", 0, start)
        if fields or not after:
            break
    logger, tab, message = text.partition("\t")
    if not tab or not _LOGGER.fullmatch(logger):
        logger, message = "", text
    return Line(number, time, level, logger, message.strip(), fields)


def _fields(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
