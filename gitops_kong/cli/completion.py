"""`gitops-kong completion`: the script that a shell loads to complete commands, options, targets and rules."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM = "gitops-kong"
VARIABLE = "_GITOPS_KONG_COMPLETE"
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash  gitops-kong completion bash > ~/.local/share/bash-completion/completions/gitops-kong
    zsh   gitops-kong completion zsh > ~/.zfunc/_gitops-kong   # a folder in $fpath, before compinit
    fish  gitops-kong completion fish > ~/.config/fish/completions/gitops-kong.fish
    """
    from gitops_kong.cli.main import cli  # noqa: PLC0415 - it imports this module by name

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click has no completion for {shell}")
    click.echo(found(cli, {}, PROGRAM, VARIABLE).source())
