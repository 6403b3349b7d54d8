"""Says on stderr what is being done, where that takes long and a person watches."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

PATIENCE = 1.0  # seconds before the first word
LOG_PATIENCE = 10.0  # seconds before the first line in a log; later ones come more seldom
_FRAME = 0.1  # seconds between two states of a line


@dataclass
class Progress:
    """One line on a terminal, rewritten for each stage; a line a stage in the log of a long run; else silent."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    quiet: bool = False
    started: float = field(default_factory=time.monotonic)
    shown: bool = False
    last: float = 0.0  # when the last line of a count was written

    def stage(self, text: str) -> None:
        """What is being done now."""
        terminal = self.stream.isatty()
        if self.quiet or time.monotonic() - self.started < (PATIENCE if terminal else LOG_PATIENCE):
            return
        if not terminal:
            self.stream.write(f"gitops-kong: {text} …\n")
            self.stream.flush()
            return
        self.stream.write(f"\r\x1b[K{text} …")
        self.stream.flush()
        self.shown = True

    def item(self, text: str, what: str, number: int, total: int) -> None:
        """The next of `total` items, by its name; in a log of many a count now and then. `number` is from 1."""
        if total == 1 or self.stream.isatty():
            self.stage(text)
        else:
            self.count(what, number - 1, total)

    def count(self, what: str, done: int, total: int) -> None:
        """How much of `what` is done, and how fast it goes; in a log now and then a line, for those who wait for it."""
        now = time.monotonic()
        terminal = self.stream.isatty()
        before = max(self.started, self.last)
        patience = max(LOG_PATIENCE, (before - self.started) / 4)
        if terminal:
            patience = _FRAME if self.last else PATIENCE
        if self.quiet or now - before < patience:
            return
        self.last = now
        text = f"{what}: {done} of {total}, {done / (now - self.started):.1f} a second"
        if terminal:
            self.stage(text)
        else:
            self.stream.write(f"gitops-kong: {text}\n")
            self.stream.flush()

    def done(self) -> None:
        """Clear the line."""
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self.shown = False
