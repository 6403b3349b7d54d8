import json
import re
from dataclasses import replace
from pathlib import Path

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from gitops_kong.predict.model import Cause, Finding, Severity
from gitops_kong.report import code_quality, github, json_format, json_lines, junit, markdown, sarif, text
from gitops_kong.report.model import Problem
from gitops_kong.report.route_changes import EntityChange, FieldChange, RouteChange
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


def test_github_tells_once_what_targets_share() -> None:
    one = report().targets[0]
    many = replace(
        report(),
        targets=tuple(
            replace(one, target=f"t{i}", findings=tuple(replace(f, target=f"t{i}") for f in one.findings))
            for i in range(30)
        ),
    )
    lines = github.write(many).splitlines()
    assert [line.partition("::")[0] for line in lines].count("") == 5
    assert "%0Ain t0, t1, t2, t3, t4 and 25 more%0A" in lines[0]
    assert "in production" not in github.write(report())


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


def broken(number: int, severity: Severity = "error", target: str = "t", text: str = "") -> tuple[Finding, ...]:
    """Findings that are not alike."""
    return tuple(
        Finding("gateway-rejected", severity, f"{i} {text}", target, obj("Ingress", "a", f"i{i}", "i.yaml"))
        for i in range(number)
    )


def test_markdown_is_cut_under_the_limit_worst_first_and_counts_the_rest() -> None:
    written = markdown.write(report((*broken(300, "warning", text="w" * 300), *broken(200, text="x" * 500))))
    assert len(written) < 60_000
    left = re.search(r"… and \*\*(\d+) findings\*\* more, less grave", written)
    assert left
    shown = written.count("❌ **") + written.count("⚠️ **")
    assert shown + int(left[1]) == 500
    assert "⚠️ **" not in written  # there is not even room for all errors
    assert "<sub>Kong Ingress Controller 3.4.3" in written


def test_markdown_cuts_what_is_folded_before_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "LIMIT", 1_200)
    written = markdown.write(report())
    assert written.count("❌ **") == 3
    assert "<details>" not in written
    assert "details did not fit: see the HTML report" in written


def test_markdown_with_many_unchecked_targets_stays_under_the_limit() -> None:
    written = markdown.write(report((), tuple(Problem(f"t{i}", "x" * 5_000) for i in range(200))))
    assert len(written) < 60_000
    assert "180 more could not be checked" in written


def html(written: str) -> str:
    """Markdown as GitHub's parser reads it, elements let through."""
    return cmarkgfm.github_flavored_markdown_to_html(written, Options.CMARK_OPT_UNSAFE)


EVIL = (
    "<img src=x>",
    "</details></sub><script>",
    "[a](http://b) ![c](http://d)",
    "https://example.com www.example.com",
    "```\n# x\n```",
    "`` ` ```",
    "a | b\n--- | ---\n1 | 2",
    "~~x~~ **y** _z_ *w*",
    "&lt;b&gt; \u202etxt\x1b[2J",
)


@pytest.mark.parametrize("evil", EVIL)
def test_markdown_of_a_manifest_stays_text(evil: str) -> None:
    thing = obj("Ingress", evil, evil, evil)
    finding = Finding("excluded", "error", evil, evil, thing, causes=(Cause(thing, evil),), effects=(evil,))
    one = report((finding, replace(finding, existing=True)), (Problem(evil, evil),))
    target = replace(one.targets[0], target=evil, signs=(evil,), assumptions=(evil,))
    entity = EntityChange("route", evil, thing.ref, "modified", (FieldChange(evil, evil, evil),))
    changes = {evil: (RouteChange(thing.ref, "modified", (entity,)),)}
    plain = replace(one, targets=(target,), base=evil, controller_source=evil, route_changes=changes)
    written = html(markdown.write(plain))
    told = html(markdown.write(report(FINDINGS[:1], (Problem("a", "b"),))))
    elements = re.compile(r"<[^>]*>")
    assert set(elements.findall(written)) <= set(elements.findall(told)) | {
        "<li>",
        "<p>",
        "</p>",
    }
    assert "\u202e" not in written
    assert "\x1b" not in written


def test_markdown_mentions_nobody() -> None:
    assert "@everyone" not in markdown.write(report(broken(1, text="@everyone")))


def test_markdown_of_nothing_is_not_called_healthy() -> None:
    assert not markdown.write(replace(report(()), targets=())).startswith(markdown.HEALTHY)
    assert markdown.write(replace(report(()))).startswith(markdown.HEALTHY)


def test_markdown_folds_what_was_there_before() -> None:
    written = markdown.write(report())
    assert written.index("<summary>1 finding that was there before") > written.index("plugin-unused")


def test_what_targets_share_is_told_once_worst_first() -> None:
    one = report().targets[0]
    fine = replace(one, target="fine", findings=(), assumptions=())
    odd = replace(one, target="odd", findings=broken(1, "warning"), assumptions=())
    three = replace(report(), targets=(fine, odd, one, replace(one, target="staging")))
    lines = text.write(three).splitlines()
    titles = [line for line in lines if re.match(r"\w.*  \d", line)]
    assert titles == ["production, staging  2 targets", "odd  4 objects, 1 changed", "fine  4 objects, 1 changed"]
    assert sum("Kong refuses KongPlugin shop/rl" in line for line in lines) == 1
    assert markdown.write(three).count("Kong refuses KongPlugin shop/rl") == 1


def test_many_targets_are_named_where_asked() -> None:
    many = replace(report(), targets=tuple(replace(report().targets[0], target=f"t{i}") for i in range(30)))
    assert "t0, t1, t2, t3, t4 and 25 more  30 targets" in text.write(many)
    assert "t28, t29  30 targets" in text.write(many, verbose=True)


@pytest.mark.parametrize("width", [50, 60, 80, 100, 300])
def test_text_keeps_to_the_width_of_the_terminal(width: int) -> None:
    lines = text.write(report(), width=width).splitlines()
    assert max(map(len, lines)) <= min(width, 100)


def test_headlines_stay_whole_where_there_is_no_terminal() -> None:
    long = "x y " * 60
    assert f"✗ 0 {long} gateway-rejected" in text.write(report(broken(1, text=long))).replace("  ", " ")


def test_text_tells_the_first_hundred_and_counts_the_rest() -> None:
    assert text.write(report(broken(150))).count("✗") == 100
    assert "and 50 more, less grave (--verbose tells them)" in text.write(report(broken(150)))
    assert text.write(report(broken(150)), verbose=True).count("✗") == 150


@pytest.mark.parametrize("command", ["::stop-commands::x", "  ::add-mask::y", "##[error]z", "##vso[task.complete]"])
def test_text_holds_no_commands_to_a_ci(command: str) -> None:
    """GitHub's runner and Azure's agent read all that a step prints; a line can be broken anywhere."""
    long = "word " * 40
    told = f"{command}\n{long}{command} {long}{command}"
    found = Finding(
        "status-empty", "error", told, command, obj("Ingress", "a", "i", f"{command}.yaml"), effects=(told,)
    )
    checked = replace(report((found,)), problems=(Problem(command, told),))
    written = text.write(checked, width=80) + text.write(checked, verbose=True)
    assert "word" in written
    lines = [line.strip() for line in written.splitlines()]
    assert not [line for line in lines if line.startswith("::") or "##[" in line or "##vso[" in line]
    assert [line for line in lines if line.startswith(("\u200b::", "#\u200b#["))] or "#\u200b#vso[" in written


def test_text_does_not_pass_on_terminal_commands() -> None:
    evil = FINDINGS[0].__class__("excluded", "error", "a\x1b[2Jb\x07", "t", obj("Ingress", "a\x1b", "b", "i\x1b.yaml"))
    assert "\x1b" not in text.write(report((evil,)))
    assert "\x07" not in text.write(report((evil,)))
