"""Commands in the docs and what they print: blocks of the language `console` in pages.

A line that starts with `$ ` is a command, what follows is its output. Output without `…` is written by
docs/generate.py; output with it is held against what the command prints: `…` alone on a line stands for any lines,
inside a line for any text. Each page runs in a shop repository of its own (examples/shop), one command after the other.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ELSEWHERE = "<!-- run in the project's repository -->\n"
START = "```console\n"
_BLOCK = re.compile(rf"({re.escape(ELSEWHERE)})?```console\n(.*?)```\n", re.DOTALL)


class Mismatch(Exception):  # noqa: N818 - what the page says and what is printed
    """A command ended with status 2 or more, or printed something else than the page says."""


def filled(text: str) -> str:
    """The page with the output of its commands. Raises Mismatch."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        subprocess.run([ROOT / "examples/shop/make-history.sh", shop], check=True, capture_output=True)
        home = Path(folder) / "home"
        home.mkdir()

        def block(found: re.Match[str]) -> str:
            place = ROOT if found[1] else shop
            lines = "".join(_run(command, said, place, home) for command, said in commands(found[2]))
            return f"{found[1] or ''}```console\n{lines}```\n"

        return _BLOCK.sub(block, text)


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a block, each with the output that the page shows."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _run(command: str, said: str, place: Path, home: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=place, env=env, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode > 1 or "Traceback" in done.stderr:
        raise Mismatch(f"$ {command}\nended with {done.returncode}: {done.stderr}{done.stdout}")
    if "…" not in said:
        return f"$ {command}\n{done.stdout}"
    if not pattern(said).fullmatch(done.stdout):
        raise Mismatch(f"$ {command}\nprints\n{done.stdout}\nthe page says\n{said}")
    return f"$ {command}\n{said}"


def pattern(said: str) -> re.Pattern[str]:
    """What output must look like."""
    lines = [
        r"(?:.*\n)*?" if line.strip() == "…" else r"[^\n]*?".join(map(re.escape, line.split("…"))) + r"\n"
        for line in said.splitlines()
    ]
    return re.compile("".join(lines))
