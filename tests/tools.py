"""The real helm and kustomize for tests. They are looked for, never skipped: a test that needs them fails without."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@cache
def search() -> str:
    """A PATH on which helm and kustomize are: `$GITOPS_KONG_TOOLS`, `.cache/tools`, then the PATH itself."""
    folders = [os.environ.get("GITOPS_KONG_TOOLS", ""), str(ROOT / ".cache" / "tools"), os.environ.get("PATH", "")]
    path = os.pathsep.join(folder for folder in folders if folder)
    for name in ("helm", "kustomize"):
        if shutil.which(name, path=path) is None:
            raise AssertionError(
                f"these tests need the real {name}: put it on PATH, into .cache/tools, or into the folder that "
                "$GITOPS_KONG_TOOLS names (.ci/run installs it)"
            )
    return path
