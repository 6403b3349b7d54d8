"""Options under headings in `--help`: a command with many of them is read by what they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

Function = TypeVar("Function", bound=Callable[..., Any])
REST = "Other options"


def section(title: str, *options: Callable[[Function], Function]) -> Callable[[Function], Function]:
    """Adds `options` (results of `click.option`) to a function, in this order, under the heading `title`."""

    def add(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
            cast("Any", function).__click_params__[-1].section = title
        return function

    return add


def sections(command: click.Command, context: click.Context) -> list[tuple[str, list[tuple[str, str]]]]:
    """The command's headings in the order of its options, each with (flags, help); options without one come last."""
    found: dict[str, list[tuple[str, str]]] = {}
    rest: list[tuple[str, str]] = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            title = getattr(parameter, "section", None)
            (found.setdefault(title, []) if title else rest).append(record)
    return [*found.items(), *([(REST if found else "Options", rest)] if rest else [])]


class SectionedCommand(click.Command):
    """A command whose `--help` shows its options under the headings that `section` gave them."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, a heading after the other."""
        for title, records in sections(self, ctx):
            with formatter.section(title):
                formatter.write_dl(records, col_max=30)
