"""Writes the parts of the docs that come from the code: rules, commands, tables, the output of commands on pages.

python docs/generate.py            write them
python docs/generate.py --check    exit 1 where one is not current
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import click
import console
import every_setting
import reference_pages
import rule_pages
from manual import manual

from gitops_kong.cli.main import COMMANDS, cli
from gitops_kong.controller.signs import SIGNS
from gitops_kong.controller.versions import BEHAVIOURS, OLDEST
from gitops_kong.policies.relations import RELATIONS

ROOT = Path(__file__).parents[1]
RULES = ROOT / "docs/rules"


def settings() -> str:
    """The shop's pull request with every version, gate and flag, as a table."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        subprocess.run([ROOT / "examples/shop/make-history.sh", shop], check=True, capture_output=True)
        table = list(every_setting.rows(shop))
    lines = [every_setting.HEAD, ["---"] * len(every_setting.HEAD)]
    lines += [[*row[:4], *(f"`{cell}`" for cell in row[4:])] for row in table]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def signs() -> str:
    """What an operator sees of each outcome."""
    rows = ["| outcome | where | what | which versions |", "| --- | --- | --- | --- |"]
    for outcome, found in SIGNS.items():
        for i, sign in enumerate(found):
            name, text = ("" if i else f"`{outcome}`"), sign.text.replace("|", "\\|")
            rows.append(f"| {name} | {sign.where} | {text} | {_since(sign.row)} |")
    return "\n".join(rows) + "\n"


def _since(row: str) -> str:
    """The versions that show a sign, from the row of the table that decides it."""
    if not row:
        return ""
    since = next(b.since for b in BEHAVIOURS if b.name == row.removeprefix("not "))
    version = ".".join(map(str, since or OLDEST))
    return f"before {version}" if row.startswith("not ") else f"from {version} on"


def policies() -> str:
    """docs/policies.md with the table of relations in its place."""
    lines = ["| relation | what it is |", "| --- | --- |"]
    lines += [f"| `{name}` | {relation.meaning} |" for name, relation in RELATIONS.items()]
    return filled(ROOT / "docs/policies.md", "relations", "\n".join(lines) + "\n")


def commands() -> str:
    """Every command's help."""
    lines = ["# Commands", ""]
    context = click.Context(cli, info_name="gitops-kong", terminal_width=100, max_content_width=100)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is not None:
            lines += _command(name, command, context)
    return "\n".join(lines)


def _command(name: str, command: click.Command, above: click.Context) -> list[str]:
    context = click.Context(command, info_name=name, parent=above, terminal_width=100, max_content_width=100)
    if isinstance(command, click.Group):
        return [line for sub, child in command.commands.items() for line in _command(sub, child, context)]
    title = context.command_path.removeprefix("gitops-kong ")
    return [f"## {title}", "", "```", command.get_help(context), "```", ""]


def filled(page: Path, name: str, text: str) -> str:
    """A page with its generated part replaced."""
    mark = f"<!-- generated: {name} -->\n"
    head, _, rest = page.read_text().partition(mark)
    _, end, tail = rest.partition("<!-- end -->")
    return f"{head}{mark}{text}{end}{tail}"


def current() -> dict[Path, str]:
    """Every generated file with what it should hold."""
    pages = {
        ROOT / "docs/how-it-decides.md": filled(ROOT / "docs/how-it-decides.md", "settings", settings()),
        ROOT / "docs/signs.md": filled(ROOT / "docs/signs.md", "signs", signs()),
        ROOT / "docs/policies.md": policies(),
        **{RULES / name: text for name, text in rule_pages.pages()},
        ROOT / "docs/commands.md": commands(),
        ROOT / "docs/versions.md": reference_pages.versions(),
        ROOT / "docs/configuration.md": filled(
            ROOT / "docs/configuration.md", "configuration", reference_pages.configuration()
        ),
        ROOT / "docs/man/gitops-kong.1": manual(),
    }
    for path in (ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))):
        text = pages.get(path) or path.read_text()
        if console.START in text:
            pages[path] = _with_output(path, text)
    return pages


def _with_output(page: Path, text: str) -> str:
    try:
        return console.filled(text)
    except console.Mismatch as e:
        raise SystemExit(f"{page.relative_to(ROOT)}: {e}") from None


def main() -> None:
    """Write or check."""
    wanted = current()
    stale = [(path, text) for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    left = [path for path in RULES.glob("*") if path not in wanted]
    if "--check" in sys.argv[1:]:
        for path in (*(path for path, _ in stale), *left):
            sys.stderr.write(f"{path.relative_to(ROOT)} is not current: run python docs/generate.py\n")
        raise SystemExit(bool(stale or left))
    RULES.mkdir(exist_ok=True)
    for path, text in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    for path in left:
        path.unlink()


if __name__ == "__main__":
    main()
