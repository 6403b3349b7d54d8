import json
from pathlib import Path

import pytest

from gitops_kong.report import code_quality, github, json_format, json_lines, junit, markdown, sarif, text
from gitops_kong.report.model import Problem
from tests.report.sample import CHECKOUT, FINDINGS, obj, report

GOLDEN = Path(__file__).parent / "golden"
WRITERS = {
    "text": text.write,
    "json": json_format.write,
    "jsonl": json_lines.write,
    "github": github.write,
    "markdown": markdown.write,
    "sarif": sarif.write,
    "junit": junit.write,
    "codequality": code_quality.write,
}


@pytest.mark.parametrize("name", WRITERS)
def test_golden(name: str) -> None:
    got = WRITERS[name](report())
    golden = GOLDEN / name
    assert got == golden.read_text(), f"{name} differs; if it is right now, write it to {golden}"


@pytest.mark.parametrize("name", WRITERS)
def test_problem_is_told(name: str) -> None:
    assert "chart catalog: no such file" in WRITERS[name](
        report((), (Problem("staging", "chart catalog: no such file"),))
    )


def test_exit_status() -> None:
    existing = tuple(f for f in FINDINGS if f.existing)
    assert report().exit_status == 1
    assert report(existing).exit_status == 0
    assert report(()).exit_status == 0
    assert report((), (Problem("staging", "broken"),)).exit_status == 2


def test_github_escapes_what_a_manifest_could_inject() -> None:
    evil = FINDINGS[0].__class__("excluded", "error", "a\n::error::b", "t", obj("Ingress", "a", "b", "x,y:z%.yaml"))
    line = github.write(report((evil,))).splitlines()[0]
    assert line.startswith("::error title=gitops-kong excluded,file=x%2Cy%3Az%25.yaml,")
    assert line.endswith("::a%0A::error::b")


def test_github_shows_ten_of_a_level_and_counts_the_rest() -> None:
    many = tuple(FINDINGS[2].__class__("excluded", "error", f"number {i}", "t", CHECKOUT) for i in range(25))
    lines = github.write(report(many)).splitlines()
    assert sum(line.startswith("::error") for line in lines) == 10
    assert "16 more findings" in lines[9]


def test_text_groups_what_is_alike() -> None:
    alike = tuple(
        FINDINGS[0].__class__(
            "status-empty", "error", f"Ingress a/i{i}: stays empty", "t", obj("Ingress", "a", f"i{i}", "i.yaml")
        )
        for i in range(9)
    )
    plain = text.write(report(alike))
    assert plain.count("✗") == 1
    assert "✗ 9 Ingresses: stays empty" in plain
    assert "and 4 more (--verbose names them)" in plain
    assert "Ingress a/i8" in text.write(report(alike), verbose=True)
    assert json.loads(json_format.write(report(alike)))["summary"]["errors"] == 9


def test_markdown_is_cut_under_the_limit() -> None:
    many = tuple(
        FINDINGS[0].__class__(
            "gateway-rejected", "error", f"{i} " + "x" * 500, "t", obj("Ingress", "a", f"i{i}", "i.yaml")
        )
        for i in range(500)
    )
    written = markdown.write(report(many))
    assert len(written) < 65_000
    assert "more parts: see the log" in written


def test_markdown_cannot_be_injected() -> None:
    evil = FINDINGS[0].__class__("excluded", "error", "<img src=x> @everyone [a](http://b)", "t")
    written = markdown.write(report((evil,)))
    assert "<img" not in written
    assert "@everyone" not in written
    assert "[a](" not in written


def test_text_does_not_pass_on_terminal_commands() -> None:
    evil = FINDINGS[0].__class__("excluded", "error", "a\x1b[2Jb\x07", "t", obj("Ingress", "a\x1b", "b", "i.yaml"))
    assert "\x1b" not in text.write(report((evil,)))
    assert "\x07" not in text.write(report((evil,)))
