"""The page: what is in it, and that nothing from a manifest can become markup."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from gitops_kong.predict.model import SCENARIOS, Cause, Finding, Outcome, Prediction
from gitops_kong.report import html_page
from gitops_kong.report.html_data import document, verdict_of
from gitops_kong.report.model import Problem
from gitops_kong.report.route_changes import EntityChange, FieldChange, RouteChange
from tests.report.sample import CHANGES, CHECKOUT, large, obj, report


class Page(HTMLParser):
    """The elements of a page and the text of its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in self.raw:
            self.raw[self.inside][-1] += data


def data_of(page: str) -> dict[str, object]:
    return dict(json.loads(Page(page).raw["script"][0]))


def test_every_object_has_its_four_scenarios_worst_first() -> None:
    data = document(report())
    rows = {row["name"]: row for row in data["rows"]}
    assert [row["name"] for row in data["rows"]] == ["rl", "checkout", "search"]
    texts = [data["outcomes"][pair[0]] for pair in rows["search"]["scenarios"]]
    assert texts == [("healthy", "served")] * 3 + [("at risk", "configured, status stays empty, served")]
    chain = data["chains"][rows["checkout"]["scenarios"][0][1]]
    assert chain == [["KongPlugin", "shop", "rl", "config.minutes: unknown field", "apps/shop/rl.yaml:11:3"]]
    assert len(rows["checkout"]["scenarios"]) == len(SCENARIOS)


def test_a_change_that_is_the_same_in_two_targets_is_told_once() -> None:
    data = document(replace(report(), route_changes={"production": CHANGES, "staging": CHANGES[:1]}))
    assert [(c["name"], c["targets"]) for c in data["changes"]] == [
        ("checkout", ["production", "staging"]),
        ("old", ["production"]),
    ]
    assert data["changes"][0]["entities"] == [
        ["plugin", "rate-limiting", "KongPlugin shop/rl", "modified", CHANGES[0].entities[0].fields]
    ]


def test_objects_of_two_controllers_are_two_rows() -> None:
    one = report()
    found = [replace(p, controller=name) for p in one.targets[0].predictions for name in ("inside", "outside")]
    data = document(replace(one, targets=(replace(one.targets[0], predictions=tuple(found)),)))
    assert sorted(row["controller"] for row in data["rows"]) == ["inside"] * 3 + ["outside"] * 3


def test_what_is_the_same_in_two_targets_is_told_once() -> None:
    one = report()
    both = replace(one, targets=(*one.targets, replace(one.targets[0], target="staging")))
    findings = document(both)["findings"]
    assert [f["targets"] for f in findings] == [["production", "staging"]] * 5
    assert [f["severity"] for f in findings] == ["error"] * 3 + ["warning", "error"]  # what was there before is last


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome("configured", "written", "new"), "healthy"),
        (Outcome("configured", "empty", "new"), "at risk"),
        (Outcome("backfilled", "written", "last-valid"), "at risk"),
        (Outcome("blocked", "stale", "last-valid"), "broken"),
        (Outcome("configured", "written", "none"), "broken"),
        (Outcome("ignored", "not-applicable", "not-applicable"), "ignored"),
    ],
)
def test_verdicts(outcome: Outcome, verdict: str) -> None:
    assert verdict_of("Ingress", outcome) == verdict


def test_a_healthy_plugin_without_a_route_is_not_broken_itself() -> None:
    assert verdict_of("KongPlugin", Outcome("configured", "not-applicable", "none")) == "at risk"
    assert verdict_of("KongPlugin", Outcome("excluded", "not-applicable", "none")) == "broken"


def test_the_page_needs_no_network_and_runs_no_script_but_its_own() -> None:
    page = Page(html_page.write(report()))
    assert not [
        (tag, attrs) for tag, attrs in page.tags if {"src", "srcset", "action", "style", "onclick"} & set(attrs)
    ]
    assert not [tag for tag, _ in page.tags if tag in ("link", "img", "iframe", "object")]
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy") or ""
    for content in (page.raw["script"][1], page.raw["style"][0]):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'")
    used = page.raw["script"][1]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|fetch\(|XMLHttp", used)


@pytest.mark.parametrize("evil", ["</script><img src=x onerror=alert(1)>", "<!--<script>", "{{policy}}", "\u2028&lt;"])
def test_a_manifest_cannot_become_markup(evil: str) -> None:
    thing = obj("Ingress", evil, evil, f"{evil}.yaml")
    cause = Cause(obj(evil, evil, evil, evil), evil)
    base = report((Finding(evil, "error", evil, evil, thing, causes=(cause,), help=evil, effects=(evil,)),))
    predictions = (Prediction("*", thing, "added", Outcome("excluded", "empty", "none"), (cause,)),)
    target = replace(base.targets[0], target=evil, predictions=predictions)
    fields = (FieldChange(evil, evil, evil),)
    change = RouteChange(thing.ref, "modified", (EntityChange("route", evil, thing.ref, "modified", fields),))
    attacked = replace(
        base,
        targets=(target,),
        base=evil,
        problems=(Problem(evil, evil),),
        controller_source=evil,
        route_changes={evil: (change,)},
    )
    page = html_page.write(attacked)
    assert [tag for tag, _ in Page(page).tags] == [tag for tag, _ in Page(html_page.write(report())).tags]
    data = data_of(page)
    assert data["base"] == evil
    assert data["problems"] == [[evil, evil]]


def test_a_large_page_is_small() -> None:
    page = html_page.write(large(5000))
    assert len(page) < 2_000_000
    rows = data_of(page)["rows"]
    assert isinstance(rows, list)
    assert len(rows) == 5000
    assert rows[0]["verdict"] == "broken"
    assert CHECKOUT.ref.name not in {row["name"] for row in rows}
