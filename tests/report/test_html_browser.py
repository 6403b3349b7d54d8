"""The page in a browser: what people see, find and reach with the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from gitops_kong.predict.model import Cause, Finding, Outcome, Prediction
from gitops_kong.report import html_page
from gitops_kong.report.model import Problem, Report
from gitops_kong.report.route_changes import EntityChange, FieldChange, RouteChange
from tests.browser import needed, opened
from tests.report.sample import PLUGIN, large, obj, report

EVIL = "</script><img src=x onerror=\"document.title='pwned'\">{{policy}}\u202e"
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with opened(needed()) as page:
        yield page


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens a report; afterwards nothing was asked of the network, and no script failed or was refused."""
    pages: list[Page] = []
    said: list[str] = []

    def opening(shown: Report, width: int = 1280, scheme: str = "light") -> Page:
        file = tmp_path / f"{len(pages)}.html"
        file.write_text(html_page.write(shown), encoding="utf-8")
        page: Page = browser(width, scheme=scheme)
        pages.append(page)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: None if request.url == file.as_uri() else said.append(request.url))
        page.goto(file.as_uri())
        return page

    yield opening
    for page in pages:
        page.close()
    assert said == []


def hostile() -> Report:
    thing, cause = obj("Ingress", EVIL, EVIL, EVIL), Cause(obj(EVIL, EVIL, EVIL, EVIL), EVIL)
    one = report((Finding("excluded", "error", EVIL, EVIL, thing, causes=(cause,), help=EVIL, effects=(EVIL,)),))
    predictions = (Prediction("*", thing, "added", Outcome("excluded", "empty", "none"), (cause,)),)
    target = replace(one.targets[0], target=EVIL, predictions=predictions, signs=(EVIL,), assumptions=(EVIL,))
    entity = EntityChange("route", EVIL, thing.ref, "modified", (FieldChange(EVIL, EVIL, EVIL),))
    changes = {EVIL: (RouteChange(thing.ref, "modified", (entity,)),)}
    return replace(one, targets=(target,), base=EVIL, problems=(Problem(EVIL, EVIL),), route_changes=changes)


def open_all(page: Page) -> None:
    """Unfold everything that can be."""
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    for button in page.locator("#rows .open").all():
        button.click()


REPORTS: dict[str, Callable[[], Report]] = {
    "findings": report,
    "nothing": lambda: replace(report(()), targets=(), route_changes={}),
    "unchecked": lambda: report((), (Problem("staging", "chart catalog: no such file"),)),
    "hostile": hostile,
    "large": lambda: large(300),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", REPORTS)
def test_a_page_meets_wcag_aa(show: Open, name: str, scheme: str) -> None:
    page = show(REPORTS[name](), scheme=scheme)
    if name != "large":
        open_all(page)
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=rules).response["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found] == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("name", REPORTS)
def test_a_page_fits_every_screen(show: Open, name: str, width: int) -> None:
    page = show(REPORTS[name](), width=width)
    if name != "large":
        open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_scenarios_stand_side_by_side(show: Open) -> None:
    page = show(report())
    expect(page.locator("#scenario-cards h3")).to_have_text(
        ["rollout", "controller-restart", "gateway-restart", "cold-start"]
    )
    expect(page.locator("#scenario-cards .tally").nth(0)).to_have_text("✗ 2 broken✓ 1 healthy")
    expect(page.locator("#scenario-cards .tally").nth(3)).to_have_text("✗ 2 broken! 1 at risk")
    search = page.locator("#rows tr", has_text="Ingress search/search").locator("td")
    expect(search).to_have_text(["✓ healthy: served", "! at risk: configured, status stays empty, served"])
    assert [td.get_attribute("colspan") for td in search.all()] == ["3", "1"]


def test_what_changes_for_a_route_is_shown_field_by_field(show: Open) -> None:
    page = show(report())
    checkout = page.locator("#changes details", has_text="Ingress shop/checkout")
    expect(checkout.locator(".was")).to_have_text("−config.minute: 60")
    expect(checkout.locator(".is")).to_have_text("+config.minutes: 120")
    expect(checkout.locator("summary")).to_contain_text("left out, status keeps its old value, not served")
    expect(page.locator("#changes details", has_text="Ingress shop/old")).to_contain_text("removed")
    page.get_by_role("button", name="Ingress shop/checkout", exact=True).click()
    expect(page.locator("#rows .more")).to_contain_text("config.minutes: 120")


def test_filters_narrow_the_table_and_the_graph(show: Open) -> None:
    page = show(large(300))
    expect(page.locator("#shown")).to_have_text("300 objects")
    page.select_option("#namespace", "=team-10")
    expect(page.locator("#shown")).to_have_text("6 of 300 objects")
    page.select_option("#verdict", "=broken")
    expect(page.locator("#shown")).to_have_text("6 of 300 objects")
    assert page.locator("#graph .node").count() == 7
    page.fill("#host", "route-10.")
    expect(page.locator("#rows .open")).to_have_text(["Ingress team-10/route-10"])
    assert [n.get_attribute("aria-label") for n in page.locator("#graph .node").all()] == [
        "KongPlugin shop/rl, broken",
        "Ingress team-10/route-10, broken",
    ]
    page.click("#clear")
    expect(page.locator("#shown")).to_have_text("300 objects")
    page.fill("#search", "no such thing")
    expect(page.locator("#shown")).to_have_text("0 of 300 objects")
    expect(page.locator("#graph-note")).to_have_text("None of the shown objects has a cause to draw.")


def test_everything_is_reached_with_the_keyboard(show: Open) -> None:
    page = show(report())
    page.keyboard.press("/")
    page.keyboard.type("minutes")
    expect(page.locator("#rows .open")).to_have_text(
        ["KongPlugin shop/rl", "Ingress shop/checkout", "Ingress search/search"]
    )
    page.keyboard.type(" search")
    expect(page.locator("#rows .open")).to_have_text(["Ingress search/search"])
    page.keyboard.press("Escape")
    expect(page.locator("#rows .open")).to_have_count(3)
    page.locator("#causes summary").focus()
    page.keyboard.press("Tab")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == "KongPlugin shop/rl, broken"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "Ingress shop/checkout, broken"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "Ingress search/search, at risk"
    page.keyboard.press("Enter")
    expect(page.locator("#rows .open")).to_have_text(["Ingress search/search"])
    page.locator("#rows .open").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    expect(page.locator("#rows .more .chain")).to_contain_text("config.minutes: unknown field")


def test_many_objects_come_in_pages(show: Open) -> None:
    page = show(large(250))
    expect(page.locator("#rows .open")).to_have_count(100)
    page.click("#next")
    page.click("#next")
    expect(page.locator("#page")).to_have_text("Page 3 of 3")
    expect(page.locator("#rows .open")).to_have_count(50)
    expect(page.locator("#next")).to_be_disabled()


def test_text_of_manifests_stays_text(show: Open) -> None:
    page = show(hostile())
    open_all(page)
    assert page.title() == "Not everything could be checked – gitops-kong"
    assert page.locator("img").count() == 0
    expect(page.locator("#findings h3")).to_have_text(EVIL.replace("\u202e", "\ufffd"))
    assert "\u202e" not in page.locator("body").inner_text()
    assert page.locator("script").count() == 2


def test_a_folder_without_manifests_never_looks_healthy(show: Open) -> None:
    page = show(REPORTS["nothing"]())
    expect(page.locator("h1")).to_have_text("Nothing was found to check")
    expect(page.locator("#hero")).to_have_class("hero unknown")
    expect(page.locator("#findings-section")).to_be_hidden()


def test_a_healthy_change_is_said_in_one_line(show: Open) -> None:
    one = report(())
    fine = Prediction("*", PLUGIN, "modified", Outcome("configured", "not-applicable", "new"))
    page = show(replace(one, targets=(replace(one.targets[0], predictions=(fine,)),), route_changes={}))
    expect(page.locator("h1")).to_have_text("Every object is configured, in every scenario")
    expect(page.locator("#hero")).to_have_class("hero passed")
    expect(page.locator("#causes")).to_be_hidden()
    expect(page.locator("#changes-section")).to_be_hidden()
