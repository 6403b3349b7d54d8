"""A small JSON client for the APIs of code hosts. The token goes to one host only and never into a message."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from gitops_kong import __version__
from gitops_kong.errors import UserError

TIMEOUT = 20  # seconds for one request
ATTEMPTS = 5
PATIENCE = 120.0  # seconds that all waits may take together
PAGE = 100

_T = TypeVar("_T")


class RefusedError(Exception):
    """The host answers that the token may not do this (403) or may not see it (404)."""


class BusyError(Exception):
    """The host cannot answer now; `wait` is how long it asks to wait, in seconds, None where it does not say."""

    def __init__(self, message: str, wait: float | None) -> None:
        super().__init__(message)
        self.wait = wait


class _NoRedirect(HTTPRedirectHandler):
    """Redirects are errors: following one would hand the token to whatever host it names."""

    def redirect_request(self, *_: Any) -> None:
        """None: do not follow."""
        return


@dataclass(frozen=True)
class Rest:
    """An API at `url`; `headers` carry the token."""

    url: str
    headers: Mapping[str, str] = field(repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise UserError(f"{self.url}: a token is only sent over https")

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: object) -> Any:
        """What the API answers. Raises RefusedError, BusyError, and UserError for any other failure."""
        url = f"{self.url.rstrip('/')}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"User-Agent": f"gitops-kong/{__version__}", "Content-Type": "application/json", **self.headers}
        data = None if body is None else json.dumps(body).encode()
        request = Request(url, data, headers, method=method)  # noqa: S310 - the scheme was checked above
        told = f"{method} {path}"
        try:
            with build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as answer:
                return json.loads(answer.read() or b"null")
        except HTTPError as e:
            with e:
                raise _failure(told, e.code, e.headers) from None
        except (URLError, HTTPException, OSError) as e:
            raise BusyError(f"{told}: {getattr(e, 'reason', None) or type(e).__name__}", None) from None
        except ValueError:
            raise UserError(f"{told}: the answer is not JSON") from None

    def all(self, path: str) -> list[Any]:
        """All pages of a list."""
        entries: list[Any] = []
        page = 1
        while True:
            answer = self.call("GET", path, per_page=PAGE, page=page)
            if not isinstance(answer, list):
                raise UserError(f"GET {path}: the answer is not a list")
            entries += answer
            if len(answer) < PAGE:
                return entries
            page += 1


def _failure(told: str, status: int, headers: Message) -> Exception:
    limited = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    if status == 429 or status >= 500 or (status == 403 and limited):
        return BusyError(f"{told}: status {status}", _wait(headers))
    if status in (403, 404):
        return RefusedError(f"{told}: status {status}")
    return UserError(f"{told}: status {status}" + (": is the token valid?" if status == 401 else ""))


def _wait(headers: Message) -> float | None:
    """Seconds that the host asks to wait: `Retry-After`, or until the limit is reset where nothing remains."""
    after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset")
    if after.isdigit():
        return float(after)
    spent = "0" in (headers.get("x-ratelimit-remaining"), headers.get("ratelimit-remaining"))
    return max(0.0, int(reset) - time.time()) if reset and reset.isdigit() and spent else None


def patiently(action: Callable[[], _T], sleep: Callable[[float], None] = time.sleep) -> _T:
    """What `action` gives, tried again with growing waits while the host is busy. `action` may be run many times.

    Raises UserError when the host stays busy.
    """
    left = PATIENCE
    for attempt in range(ATTEMPTS):
        try:
            return action()
        except BusyError as e:
            wait = e.wait if e.wait is not None else 2.0**attempt
            if attempt == ATTEMPTS - 1 or wait > left:
                raise UserError(f"{e}; given up after {attempt + 1} attempts") from None
            left -= wait
            sleep(wait)
    raise AssertionError("unreachable")
