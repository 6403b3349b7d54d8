"""Says on stderr what is being done, where that takes long and a person watches."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

PATIENCE = 1.0  # seconds before the first word


@dataclass
class Progress:
    """One line on a terminal, rewritten for each stage; silent elsewhere and in short runs."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    quiet: bool = False
    started: float = field(default_factory=time.monotonic)
    shown: bool = False

    def stage(self, text: str) -> None:
        """What is being done now."""
        if self.quiet or not self.stream.isatty() or time.monotonic() - self.started < PATIENCE:
            return
        self.stream.write(f"\r\x1b[K{text} …")
        self.stream.flush()
        self.shown = True

    def done(self) -> None:
        """Clear the line."""
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self.shown = False
