"""Ranges of versions, as Argo CD, Flux and Helm read them (Masterminds/semver v3), and the newest tag in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from gitops_kong.lazy import regex

RANGE = "semver:"  # before a revision that is a range and nothing else

_TAIL = r"(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
_VERSION = regex(rf"v?(?P<major>[0-9]+)(?:\.(?P<minor>[0-9]+))?(?:\.(?P<patch>[0-9]+))?{_TAIL}")
_PART = r"[0-9|xX*]+"
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_WRITTEN = rf"v?{_PART}(?:\.{_PART})?(?:\.{_PART})?(?:-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?"
_WHOLE = r"(?:!=|>=|=>|<=|=<|~>|=|>|<|~|\^|)"
_ONE = regex(
    rf"\s*(?P<operator>{_WHOLE})\s*v?(?P<major>{_PART})(?:\.(?P<minor>{_PART}))?(?:\.(?P<patch>{_PART}))?{_TAIL}\s*"
)
_EACH = regex(rf"{_WHOLE}\s*{_WRITTEN}")
_ALL = regex(rf"\s*{_WHOLE}\s*{_WRITTEN}\s*(?:(?:\s+|,\s*){_WHOLE}\s*{_WRITTEN}\s*)*")
_BETWEEN = regex(rf"\s*({_WRITTEN})\s+-\s+({_WRITTEN})\s*")
_MOST, _MOST_GROUPS, _LARGEST = 512, 32, 2**64


class Version(NamedTuple):
    """A version; what is behind `+` does not count."""

    numbers: tuple[int, int, int]
    pre: str

    def key(self) -> tuple[tuple[int, int, int], bool, list[tuple[bool, int, str]]]:
        """What versions are ordered by: one with a pre-release comes before the one without."""
        parts = [
            (not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in self.pre.split(".") if self.pre
        ]
        return self.numbers, not self.pre, parts


class _Constraint(NamedTuple):
    """One comparison; `given` says how many numbers it has, which may be none."""

    operator: str
    version: Version
    given: int

    def takes(self, version: Version, *, pre: bool) -> bool:
        if version.pre and not pre:
            return False
        return _TESTS[self.operator](self, version)

    @property
    def whole(self) -> bool:
        return self.given == 3


class Range:
    """A range of versions. Raises `ValueError` for text that is none."""

    def __init__(self, text: str) -> None:
        if len(text) > _MOST:
            raise ValueError(text)
        text = " ".join(text.split())  # several blanks could be taken apart in many ways
        text = _BETWEEN.sub(lambda match: f">= {match[1]}, <= {match[2]} ", text)
        groups = text.split("||")
        if len(groups) > _MOST_GROUPS:
            raise ValueError(text)
        self._groups = [_group(group) for group in groups]

    def takes(self, version: Version) -> bool:
        """Whether a version lies in the range; a pre-release only where the range names one."""
        return any(
            all(each.takes(version, pre=any(other.version.pre for other in group)) for each in group)
            for group in self._groups
        )


def parse(text: str) -> Version | None:
    """A version with one to three numbers, None for other text."""
    match = _VERSION.fullmatch(text) if len(text) <= _MOST else None
    if match is None:
        return None
    numbers = (int(match["major"]), int(match["minor"] or 0), int(match["patch"] or 0))
    pre = match["pre"] or ""
    if max(numbers) >= _LARGEST or any(len(part) > 1 and part.isdigit() and part[0] == "0" for part in pre.split(".")):
        return None
    return Version(numbers, pre)


def newest(tags: Iterable[str], wanted: Range, *, three: bool = False) -> str | None:
    """The tag with the newest version in a range; with `three` only tags with three numbers are versions."""
    best: tuple[Version, str] | None = None
    for tag in tags:
        version = parse(tag) if not three or tag.count(".") > 1 else None
        if version is not None and wanted.takes(version) and (best is None or version.key() > best[0].key()):
            best = version, tag
    return best[1] if best else None


def _group(text: str) -> list[_Constraint]:
    if not _ALL.fullmatch(text):
        raise ValueError(text)
    return [_constraint(each) for each in _EACH.findall(text)]


def _constraint(text: str) -> _Constraint:
    match = _ONE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    parts: list[str] = []
    for part in (match["major"], match["minor"], match["patch"]):
        if part is None or part in ("x", "X", "*"):
            break
        parts.append(part)
    pre = f"-{match['pre']}" if match["pre"] else ""
    version = parse(".".join([*parts, *["0"] * (3 - len(parts))]) + pre)
    if version is None:
        raise ValueError(text)
    return _Constraint(match["operator"], version, len(parts))


def _tilde(of: _Constraint, version: Version) -> bool:
    if version.key() < of.version.key():
        return False
    if of.version.numbers == (0, 0, 0) and of.given in (0, 3):
        return True
    return version.numbers[: max(1, min(2, of.given))] == of.version.numbers[: max(1, min(2, of.given))]


def _equal(of: _Constraint, version: Version) -> bool:
    return _same(version, of.version) if of.whole else _tilde(of, version)


def _same(one: Version, other: Version) -> bool:
    return one.key() == other.key()


def _unequal(of: _Constraint, version: Version) -> bool:
    if of.whole or of.given == 0:
        if of.given == 0 and version.numbers[0] != 0:
            return True
        if of.given == 0 and version.numbers != (0, 0, 0):
            return True
        return not _same(version, of.version)
    if version.numbers[: of.given] != of.version.numbers[: of.given]:
        return True
    return of.given == 2 and version.pre != of.version.pre


def _greater(of: _Constraint, version: Version) -> bool:
    if of.given in (1, 2):
        return version.numbers[: of.given] > of.version.numbers[: of.given]
    return version.key() > of.version.key()


def _at_most(of: _Constraint, version: Version) -> bool:
    if of.whole:
        return version.key() <= of.version.key()
    major, minor, _ = of.version.numbers
    if version.numbers[0] != major:
        return version.numbers[0] < major
    return of.given == 1 or version.numbers[1] <= minor


def _caret(of: _Constraint, version: Version) -> bool:
    if version.key() < of.version.key():
        return False
    major, minor, patch = of.version.numbers
    if major > 0 or of.given == 1:
        return version.numbers[0] == major
    if version.numbers[0] > 0:
        return False
    if minor > 0 or of.given == 2:
        return version.numbers[1] == minor
    return version.numbers[1:] == (0, patch)


_TESTS: dict[str, Callable[[_Constraint, Version], bool]] = {
    "": _equal,
    "=": _equal,
    "!=": _unequal,
    ">": _greater,
    "<": lambda of, version: version.key() < of.version.key(),
    ">=": lambda of, version: version.key() >= of.version.key(),
    "=>": lambda of, version: version.key() >= of.version.key(),
    "<=": _at_most,
    "=<": _at_most,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
