"""The manual page gitops-kong(1), from what the commands say of themselves; docs/generate.py writes it to docs/man."""

from __future__ import annotations

import inspect
import re

import click

from gitops_kong import __version__
from gitops_kong.cli.main import COMMANDS, cli
from gitops_kong.cli.main import sections as command_sections
from gitops_kong.cli.sections import sections

_HEAD = """.SH NAME
gitops\\-kong \\- say before the merge what Kong Ingress Controller and Kong Gateway will do with a GitOps repository
.SH SYNOPSIS
.B gitops\\-kong
.I COMMAND
.RI [ OPTIONS ]
.RI [ ARGUMENTS ]
.SH DESCRIPTION
Renders the manifests of a repository (plain YAML, Kustomize, Helm, Argo CD, Flux), does what the API server,
Kong Ingress Controller 3.2 \\(en 3.5 and Kong Gateway 3.4 \\(en 3.9 would do with them, and predicts for every object,
in four situations of the controller's life, whether it is configured, what becomes of its status, and whether its
traffic flows.
It needs no cluster, no Kong and no network.
"""
_TAIL = """.SH EXIT STATUS
.TP
.B 0
Nothing at or above \\fB\\-\\-fail\\-on\\fR (default: error) that the change brought.
.TP
.B 1
Findings at or above it.
.TP
.B 2
Wrong usage, a configuration that cannot be read, or a target that could not be checked.
.SH ENVIRONMENT
.TP
.B NO_COLOR
No colours, whatever the terminal.
.TP
.BR GITHUB_TOKEN ", " GITLAB_TOKEN
With which \\fBgitops\\-kong comment\\fR writes its comment; read from nowhere else, never printed.
.SH FILES
.TP
.I .gitops\\-kong.yaml
At the root of a repository or in a folder: targets, controller, gateway, rules; \\fBgitops\\-kong init\\fR writes one,
\\fBgitops\\-kong schema config\\fR prints its JSON Schema.
.TP
.I .gitops\\-kong/policies/*.yaml
The repository's own rules.
.TP
.I .gitops\\-kong/schemas/*.json
Schemas of custom plugins.
.TP
.I .gitops\\-kong/baseline.json
Findings that are accepted.
.SH EXAMPLES
.EX
gitops\\-kong check                        # compare the work tree with the merge base
gitops\\-kong check \\-\\-base origin/main     # ... or with a revision
gitops\\-kong explain Ingress/shop/web     # why one object ends as it does
gitops\\-kong translate \\-\\-target prod      # the configuration that the controller would push
.EE
"""


def manual() -> str:
    """The page as roff for man(7)."""
    context = click.Context(cli, info_name="gitops-kong")
    parts = [f'.TH GITOPS\\-KONG 1 "" "gitops\\-kong {__version__}" "User Commands"\n', _HEAD, ".SH COMMANDS\n"]
    for title, names in command_sections():
        parts.append(f".SS {_text(title)}\n")
        parts += [f".TP\n.B {_text(name)}\n{_text(COMMANDS[name][1])}\n" for name in names]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is not None:
            parts += _pages(name, command, context)
    return "".join([*parts, _TAIL])


def _pages(name: str, command: click.Command, above: click.Context) -> list[str]:
    context = click.Context(command, info_name=name, parent=above)
    if isinstance(command, click.Group):
        return [part for sub, child in command.commands.items() for part in _pages(sub, child, context)]
    title = context.command_path.removeprefix("gitops-kong ").upper()
    usage = " ".join(command.collect_usage_pieces(context))
    parts = [f".SH {_text(title)}\n", f".B {_text(context.command_path)}\n{_text(usage)}\n", *_paragraphs(command.help)]
    for heading, records in sections(command, context):
        if heading != "Options":
            parts.append(f".SS {_text(heading)}\n")
        parts += [f".TP\n.B {_text(flags)}\n{_text(text)}\n" for flags, text in records if "--help" not in flags]
    return parts


def _paragraphs(text: str | None) -> list[str]:
    parts = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text or "")):
        if paragraph.startswith("\b\n"):
            parts.append(".PP\n.EX\n" + "".join(f"{_text(line)}\n" for line in paragraph.splitlines()[1:]) + ".EE\n")
        else:
            parts.append(f".PP\n{_text(' '.join(paragraph.split()))}\n")
    return parts


def _text(text: str) -> str:
    """Text that roff prints as it stands."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    escaped = escaped.replace("…", "...").replace("–", "\\(en")
    return re.sub(r"^([.'])", r"\\&\1", escaped, flags=re.MULTILINE)
