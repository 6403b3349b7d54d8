"""What is made on first use behaves as if it had been there from the start."""

import re
import subprocess
import sys

import pytest

from gitops_kong import lazy


def test_a_pattern_is_compiled_when_it_is_used() -> None:
    pattern = lazy.regex("(a")  # wrong, and not told yet
    with pytest.raises(re.error):
        pattern.search("a")
    kept = lazy.regex("A+", re.IGNORECASE).fullmatch
    assert kept("aaa") is not None
    assert kept("b") is None
    pattern = lazy.regex("b")
    assert pattern.sub("c", "abab", count=1) == "acab"
    assert pattern.sub("c", "abab") == "acac"
    assert [m.start() for m in pattern.finditer("abab")] == [1, 3]
    assert lazy.regex(b"x").findall(b"axx") == [b"x", b"x"]


def test_a_module_is_loaded_when_it_is_used() -> None:
    code = """
import sys
from gitops_kong import lazy
before = set(sys.modules)
module = lazy.module("tarfile")
assert "zlib" in before or "zlib" not in sys.modules
loaded = {"bz2", "lzma", "shutil"} & (set(sys.modules) - before)
assert not loaded, loaded
assert module.TarFile.__name__ == "TarFile"
import tarfile
assert tarfile.TarFile is module.TarFile
assert lazy.module("tarfile") is module
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_module_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(ModuleNotFoundError):
        lazy.module("no_such_module")
