"""Results hang on what the program is, not on where or when it was installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import gitops_kong
from gitops_kong.cli.code import code_digest
from gitops_kong.reuse.store import Store


def test_another_installation_is_the_same_and_another_program_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for number, place in enumerate(("one", "two", "three")):
        package = tmp_path / place / "gitops_kong"
        (package / "cli").mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "cli" / "check.py").write_text("x = 1" if place != "three" else "x = 2")
        os.utime(package / "__init__.py", (number, number))
        monkeypatch.setattr(gitops_kong, "__file__", str(package / "__init__.py"))
        code_digest.cache_clear()
        found.append(code_digest(Store(tmp_path / f"cache-{place}")))
    assert found[0] == found[1] != found[2]
    store = Store(tmp_path / "cache-three")
    code_digest.cache_clear()
    assert code_digest(store) == found[2]
    (package / "cli" / "check.py").write_text("x = 3")
    code_digest.cache_clear()
    assert code_digest(store) != found[2]
    shutil.rmtree(tmp_path / "three")
    code_digest.cache_clear()
