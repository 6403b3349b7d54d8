"""`gitops-kong comment`: keeps one comment of a pull request or merge request up to date."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from gitops_kong.cli.rest import RefusedError, patiently
from gitops_kong.cli.say import say
from gitops_kong.cli.sticky_comment import GitHub, GitLab, Host
from gitops_kong.errors import UserError
from gitops_kong.lazy import regex
from gitops_kong.report.markdown import HEALTHY

HOSTS: dict[str, tuple[Callable[[Mapping[str, str], str, int | None], Host], str]] = {
    "github": (GitHub, "GITHUB_TOKEN"),
    "gitlab": (GitLab, "GITLAB_TOKEN"),
}
LIMIT = 65_000  # characters; GitHub takes 65,536
_KEY = regex(r"[A-Za-z0-9._-]+")


@click.command()
@click.argument("report", metavar="FILE", type=click.Path())
@click.option("--github", "host", flag_value="github", help="A comment on a GitHub pull request (GITHUB_TOKEN).")
@click.option("--gitlab", "host", flag_value="gitlab", help="A thread on a GitLab merge request (GITLAB_TOKEN).")
@click.option("--number", type=click.IntRange(min=1), help="Of the request. Default is that of the CI job.")
@click.option("--key", default="check", show_default=True, help="Names the comment, where one request has several.")
def command(report: str, host: str | None, number: int | None, key: str) -> None:
    """Put FILE, written by `check --report markdown=FILE`, into one comment that later runs update.

    It is resolved when all is well. Without permission to comment (a fork's token) the report goes to the step summary.
    """
    if host is None:
        raise click.UsageError("--github or --gitlab is needed")
    if not _KEY.fullmatch(key):
        raise click.BadParameter(f"{key!r}: letters, digits, '.', '_' and '-' are allowed", param_hint="--key")
    try:
        text = Path(report).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise UserError(f"{report}: {getattr(e, 'strerror', None) or 'not UTF-8'}") from e
    if len(text) > LIMIT:
        raise UserError(f"{report}: {len(text)} characters; a comment takes {LIMIT}")
    mark = f"<!-- gitops-kong {key} -->"
    make, variable = HOSTS[host]
    token = os.environ.get(variable)
    if not token:
        _fall_back(f"{variable} is not set", text)
        return
    if not token.isascii() or not token.isprintable():
        raise UserError(f"{variable} is not a token")
    service = make(os.environ, token, number)
    try:
        done = patiently(lambda: service.publish(mark, f"{mark}\n{text}", text.startswith(HEALTHY)))
    except RefusedError as e:
        _fall_back(str(e), text)
        return
    except (KeyError, TypeError, ValueError) as e:
        raise UserError(f"the host's answer is not what its API promises ({type(e).__name__})") from None
    say(done)


def _fall_back(reason: str, text: str) -> None:
    """The report into the step summary of GitHub Actions where there is one and it is not in it yet."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    where = "see the report of the job"
    if summary:
        file = Path(summary)
        if not file.exists() or text not in file.read_text("utf-8"):
            with file.open("a", encoding="utf-8") as out:
                out.write(text)
        where = "the report is in the step summary"
    say(f"no permission to comment ({reason}); {where}")
