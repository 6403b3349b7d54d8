"""The command line: a group whose commands are imported only when they run."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from typing import TYPE_CHECKING

import click

from gitops_kong import __version__
from gitops_kong.cli.say import say
from gitops_kong.errors import UserError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# command: (module in gitops_kong.cli with a `command`, one line for --help)
COMMANDS: dict[str, tuple[str, str]] = {
    "check": ("check", "predict what happens to a repository's objects"),
    "comment": ("comment", "keep one comment of a pull request up to date"),
    "explain": ("explain", "what a rule means, or why an object ends as it does"),
    "rules": ("rules", "list the rules"),
    "baseline": ("baseline", "accept what is found now; only what is new is reported"),
    "upgrade-check": ("upgrade_check", "what another controller or gateway version would change"),
    "fleet": ("fleet", "check many clusters and repositories in one run"),
    "render": ("render", "the manifests of each target"),
    "init": ("init", "write .gitops-kong.yaml from what is found"),
    "translate": ("translate", "the configuration that the controller would push"),
    "simulate": ("simulate", "run scenario files, step by step"),
    "schemas": ("schemas", "take schemas of plugins beyond Kong's own"),
    "test": ("test", "run scenario files with expectations"),
    "schema": ("schema", "JSON Schemas of the formats here"),
    "gateway-validate": ("gateway_validate", "what the gateway answers to configurations"),
    "presync": ("presync", "what a sync of Argo CD is about to do to the cluster"),
    "logs": ("logs", "what the controller's log says, object by object"),
    "audit": ("audit", "whether the cluster is as its controller should have made it"),
    "snapshot": ("snapshot", "what the cluster has, in one file for --base and --context"),
    "api-validate": ("api_validate", "what the API server answers to objects"),
    "completion": ("completion", "complete commands, targets and rules in the shell"),
    "cache": ("cache", "show or delete what earlier runs left for later ones"),
    "version": ("version", "the version, and what a bug report needs"),
}


# heading in --help: commands below it; one that is named nowhere stands under "More"
SECTIONS: dict[str, tuple[str, ...]] = {
    "Before a merge": ("check", "explain", "comment", "baseline", "upgrade-check", "test", "fleet"),
    "In the cluster": ("snapshot", "audit", "presync", "logs"),
    "Set up": ("init", "rules", "schemas", "completion", "cache"),
    "Look inside": ("render", "translate", "simulate", "gateway-validate", "api-validate", "schema", "version"),
}


def sections() -> list[tuple[str, list[str]]]:
    """The headings with their commands."""
    named = {name for names in SECTIONS.values() for name in names}
    more = [name for name in COMMANDS if name not in named]
    found = [(title, [name for name in names if name in COMMANDS]) for title, names in SECTIONS.items()]
    return [*found, *([("More", more)] if more else [])]


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is used, so that `--help` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command `cmd_name`."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"gitops_kong.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The table's own lines, without importing any command."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only when the shell asks

        found = [CompletionItem(name, help=line) for name, (_, line) in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table's own lines, without importing any command."""
        width = max(map(len, COMMANDS))
        for title, names in sections():
            with formatter.section(title):
                formatter.write_dl([(f"{name:{width}}", COMMANDS[name][1]) for name in names])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="gitops-kong")
def cli() -> None:
    """Say before the merge what Kong Ingress Controller and Kong Gateway will do with a repository."""


def main() -> None:
    """Run the command line; user errors become one line on stderr and exit status 2."""
    try:
        status = cli(prog_name="gitops-kong", standalone_mode=False)  # the exit status of `click.exceptions.Exit`
    except click.Abort:
        sys.exit(130)
    except click.ClickException as e:
        e.show()
        sys.exit(2)
    except UserError as e:
        say(str(e))
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more to say to a closed pipe
        sys.exit(141)
    except Exception:  # noqa: BLE001 - a defect: say so, and how to report it
        click.echo(
            f"gitops-kong {__version__}: this is a defect. Please report it with the command, the output of"
            f" `gitops-kong --version` and these lines:\n{traceback.format_exc()}",
            err=True,
        )
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)
