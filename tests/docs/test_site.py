"""The docs as a site, their links, and the commands in them."""

import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest

from gitops_kong.cli.check import FORMATS
from gitops_kong.cli.main import COMMANDS, cli
from gitops_kong.cli.schema import SCHEMAS
from tests.integrations.shop import ROOT, environment

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
_FENCE = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?<![\w./-])gitops-kong (?=[a-z])([^\n|>;&]*)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


class Page(HTMLParser):
    """What a page makes a browser load."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag in ("script", "img", "iframe", "source"):
            self.loaded.append(given.get("src") or "")
        elif tag == "link" and given.get("rel") in ("stylesheet", "preconnect", "icon", "preload"):
            self.loaded.append(given.get("href") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(built)]
    env = environment(NO_MKDOCS_2_WARNING="1")
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return built


def test_the_site_has_every_page_and_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = {page.relative_to(ROOT / "docs").with_suffix(".html") for page in PAGES[1:]}
    assert {page for page in (*pages, Path("changelog.html")) if not (site / page).exists()} == set()
    assert not list(site.glob("**/*.py"))
    for file in site.glob("**/*.html"):
        assert [url for url in Page(file).loaded if "//" in url] == [], file
    assert "fonts.g" not in "".join(file.read_text() for file in site.glob("**/*.css"))


def test_links_out_of_the_docs_lead_to_the_repository(site: Path) -> None:
    assert "https://github.com/gitops-kong/gitops-kong/tree/main/examples/shop" in (site / "tutorial.html").read_text()


def test_rules_stand_in_the_navigation(site: Path) -> None:
    text = (site / "rules/index.html").read_text()
    assert re.search(r"md-nav__link.*?gateway-rejected\.html|gateway-rejected\.html.*?md-nav__link", text, re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    links = [link.partition("#")[0] for link in _LINK.findall(_FENCE.sub("", page.read_text()))]
    wrong = [link for link in links if link and ":" not in link and not (page.parent / link).exists()]
    assert [link for link in wrong if link != "changelog.md"] == []


@pytest.mark.parametrize("page", [p for p in PAGES if p.name != "commands.md"], ids=lambda page: page.name)
def test_commands_on_pages_are_commands(page: Path) -> None:
    for block in _FENCE.findall(page.read_text()):
        for text in _COMMAND.findall(re.sub(r"\\\n\s*|\n\s+(?=--)", " ", block)):
            words = shlex.split(text.split("  #")[0].split(" # ")[0], comments=True)
            if words and words[0] in COMMANDS:
                parse(words)


def parse(words: list[str]) -> None:
    """Raises what click says of a command line that it does not take."""
    command = cli.get_command(click.Context(cli), words[0])
    assert command
    try:
        if isinstance(command, click.Group):
            command.commands[words[1]].make_context(words[1], words[2:])
        else:
            command.make_context(words[0], words[1:])
    except click.BadParameter as e:
        if "does not exist" not in str(e):  # files of the reader's own
            raise


def test_a_command_that_is_none_would_be_seen() -> None:
    with pytest.raises(click.UsageError):
        parse(["check", "--no-such-option"])


def test_all_formats_and_schemas_are_described() -> None:
    text = (ROOT / "docs/formats.md").read_text()
    assert [name for name in (*FORMATS, *SCHEMAS) if f"`{name}`" not in text] == [], "add them to docs/formats.md"
