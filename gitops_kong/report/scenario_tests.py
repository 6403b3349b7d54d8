"""The results of `test`: text for people, JUnit XML for CI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET

from gitops_kong.controller.expectations import Difference
from gitops_kong.report.text import Style, printable


class StepTest(NamedTuple):
    """One step of a scenario file with one controller version; `error` says why it could not be run."""

    file: str
    scenario: str
    version: str
    step: int
    differences: tuple[Difference, ...] = ()
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Whether all is as expected."""
        return not self.differences and self.error is None


def write_text(tests: Sequence[StepTest], color: bool = False) -> str:
    """Each file with a step that failed, and the sum."""
    style = Style(color)
    lines: list[str] = []
    for test in tests:
        if not test.passed:
            name = f"{test.file}: step {test.step}, controller {test.version}"
            lines.append(f"{style('✗', 'red')} {style(printable(name), bold=True)}")
            lines += [f"    {printable(line)}" for line in _reasons(test)]
    failed = sum(not t.passed for t in tests)
    files = len({t.file for t in tests})
    mark = style("✗", "red") if failed else style("✓", "green")
    lines.append(f"{mark} {len(tests) - failed} of {len(tests)} steps in {files} files are as expected")
    return "\n".join(lines) + "\n"


def write_junit(tests: Sequence[StepTest]) -> str:
    """A suite for each scenario file, a case for each step and controller version."""
    root = ET.Element("testsuites", name="gitops-kong test")
    for file in dict.fromkeys(t.file for t in tests):
        cases = [t for t in tests if t.file == file]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=printable(cases[0].scenario or file),
            tests=str(len(cases)),
            failures=str(sum(bool(t.differences) for t in cases)),
            errors=str(sum(t.error is not None for t in cases)),
        )
        for test in cases:
            name = f"step {test.step}, controller {test.version}"
            case = ET.SubElement(suite, "testcase", name=name, classname=printable(file))
            if not test.passed:
                reasons = "\n".join(map(printable, _reasons(test)))
                kind = "error" if test.error is not None else "failure"
                ET.SubElement(case, kind, message=reasons.split("\n", 1)[0]).text = reasons
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _reasons(test: StepTest) -> Iterator[str]:
    if test.error is not None:
        yield test.error
    yield from map(str, test.differences)
