"""One check as plain data: a worker needs nothing but this and the contents that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gitops_kong import __version__
from gitops_kong.errors import UserError
from gitops_kong.fleet.content import Packed, key_of, plain

FORMAT = 1  # of jobs and results; another one makes all earlier results those of other jobs


class Content(Protocol):
    """Content that is there when it is asked for."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def data(self) -> bytes:
        """Its bytes."""


# What a worker does: settings and the contents by role → the result. It may run twice.
Work = Callable[[bytes, Mapping[str, Content]], bytes]


@dataclass(frozen=True)
class Job:
    """`settings` is JSON; `parts` are contents by role (`context`, `head`, `base`). `title` is for people only."""

    settings: bytes
    parts: Mapping[str, Packed]
    title: str = ""
    key: str = field(init=False)

    def __post_init__(self) -> None:
        keys = {role: part.key for role, part in self.parts.items()}
        known = plain([FORMAT, __version__, key_of(self.settings), keys])
        object.__setattr__(self, "key", key_of(known))


def settings_of(values: Mapping[str, Any]) -> bytes:
    """The settings of a job, with the version that reads them."""
    return plain({"format": FORMAT, "version": __version__, **values})


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job: its result, or why there is none (a worker that died, an engine that is gone)."""

    key: str
    result: bytes = b""
    error: str = ""


def attempt(work: Work, job: str, settings: bytes, parts: Mapping[str, Content]) -> Done:
    """What `work` makes of a job; whatever goes wrong concerns this job alone."""
    try:
        return Done(job, work(settings, parts))
    except UserError as e:
        return Done(job, error=str(e))
    except Exception as e:  # noqa: BLE001 - a defect: said of this job, the others go on
        return Done(job, error=f"this is a defect of gitops-kong {__version__}, please report it: {_told(e)}")


def _told(error: Exception) -> str:
    """The error and the line that raised it."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f" ({last.tb_frame.f_globals.get('__name__')}, line {last.tb_lineno})" if last else ""
    return f"{type(error).__name__}: {error}{place}"
