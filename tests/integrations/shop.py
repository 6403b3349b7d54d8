"""The shop example as a Git repository: `main` is healthy, `pull-request` (checked out) has one broken plugin."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make(directory: Path) -> Path:
    subprocess.run([ROOT / "examples/shop/make-history.sh", directory], check=True, capture_output=True)
    return directory


def environment(**more: str) -> dict[str, str]:
    """The environment of a person: PATH with the installed console script, no CI."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return kept | more


def gitops_kong(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gitops_kong", *arguments]
    env = environment(PYTHONPATH=str(ROOT), **more)
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=env)
