"""One comment of a pull request or merge request, known again by a mark in it and updated in place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from gitops_kong.cli.rest import RefusedError, Rest
from gitops_kong.errors import UserError


class Host(Protocol):
    """A code host."""

    def publish(self, mark: str, text: str, healthy: bool) -> str:
        """Make or update the comment; say what was done. Safe to repeat. Raises RefusedError, BusyError, UserError.

        Where all is well and there is no comment, none is made.
        """


class GitHub:
    """A comment of a pull request (GitHub REST API: issue comments)."""

    def __init__(self, environment: Mapping[str, str], token: str, number: int | None) -> None:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self.api = Rest(environment.get("GITHUB_API_URL") or "https://api.github.com", headers)
        self.repository = f"/repos/{quote(_needed(environment, 'GITHUB_REPOSITORY'))}"
        self.number = number or _pull_request(environment)

    def publish(self, mark: str, text: str, healthy: bool) -> str:
        """See Host."""
        comments = f"{self.repository}/issues/{self.number}/comments"
        found = [c for c in self.api.all(comments) if (c["body"] or "").startswith(mark)]
        mine = next(filter(self._is_mine(), found), None) if found else None
        if mine is None:
            if healthy:
                return "all is well: no comment needed"
            self.api.call("POST", comments, {"body": text})
            return "comment made"
        if mine["body"].replace("\r\n", "\n") == text:
            return "comment is current"
        self.api.call("PATCH", f"{self.repository}/issues/comments/{int(mine['id'])}", {"body": text})
        return "comment updated"

    def _is_mine(self) -> Any:
        """A test for comments by the token's own user: others' comments that carry the mark are left alone.

        A workflow's token may not ask who it is; what it writes is written by a bot.
        """
        try:
            login = self.api.call("GET", "/user")["login"]
        except RefusedError:
            return lambda comment: comment["user"]["type"] == "Bot"
        return lambda comment: comment["user"]["login"] == login


class GitLab:
    """A thread of a merge request (GitLab REST API: discussions), resolved when all is well."""

    def __init__(self, environment: Mapping[str, str], token: str, number: int | None) -> None:
        self.api = Rest(_needed(environment, "CI_API_V4_URL"), {"PRIVATE-TOKEN": token})
        project = quote(_needed(environment, "CI_PROJECT_ID"), safe="")
        request = number or _needed(environment, "CI_MERGE_REQUEST_IID")
        self.threads = f"/projects/{project}/merge_requests/{quote(str(request), safe='')}/discussions"

    def publish(self, mark: str, text: str, healthy: bool) -> str:
        """See Host."""
        found = [t for t in self.api.all(self.threads) if t["notes"] and t["notes"][0]["body"].startswith(mark)]
        me = self.api.call("GET", "/user")["id"] if found else None
        mine = next((t for t in found if t["notes"][0]["author"]["id"] == me), None)
        if mine is None:
            if healthy:
                return "all is well: no comment needed"
            self.api.call("POST", self.threads, {"body": text})
            return "comment made"
        thread, note = f"{self.threads}/{quote(mine['id'])}", mine["notes"][0]
        done = "comment is current"
        if note["body"].rstrip() != text.rstrip():
            self.api.call("PUT", f"{thread}/notes/{int(note['id'])}", {"body": text})
            done = "comment updated"
        if note.get("resolvable") and note.get("resolved") != healthy:
            self.api.call("PUT", thread, {"resolved": healthy})
            done += " and resolved" if healthy else " and opened again"
        return done


def _needed(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise UserError(f"{name} is not set: is this a job of a pull request or merge request?")
    return value


def _pull_request(environment: Mapping[str, str]) -> int:
    file = _needed(environment, "GITHUB_EVENT_PATH")
    try:
        return int(json.loads(Path(file).read_text("utf-8"))["pull_request"]["number"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError("the event is not that of a pull request: give --number") from None
