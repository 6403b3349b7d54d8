"""GET requests to the API server, patiently: what passes is waited for, what stays is said.

Retried are refused and broken connections (an API server that restarts), 429 and 5xx, with the server's Retry-After
where it gives one, and 401 with a credential read anew (a token that ran out).
"""

from __future__ import annotations

import http.client
import json
import os
import random
import ssl
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, ProxySchemeUnknown

from gitops_kong import __version__
from gitops_kong.errors import UserError
from gitops_kong.live.credentials import Credential
from gitops_kong.live.kubeconfig import Connection

_PASSING = frozenset((408, 429, 500, 502, 503, 504))
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
_REFUSALS = 4  # of the credential, before it is believed: a token file may be renewed in a moment
_TIMEOUT = urllib3.Timeout(connect=10.0, read=60.0)
_STREAM = urllib3.Timeout(connect=10.0, read=300.0)  # a stream that is silent for so long is asked for again


class ApiError(UserError):
    """An answer that is no success and does not pass; `status` is its HTTP status, `body` what the server said."""

    def __init__(self, message: str, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class UnreachableError(UserError):
    """The server cannot be reached, or kept on failing for as long as was waited."""


@dataclass(frozen=True)
class Patience:
    """How long one request is tried, in seconds, and what waits; `say` hears of the first pause of each request."""

    seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    say: Callable[[str], None] = lambda _: None


class Client:
    """Requests of one user to one API server. Safe to share between threads."""

    def __init__(self, connection: Connection, patience: Patience | None = None) -> None:
        self.connection = connection
        self._patience = patience or Patience()
        self._lock = threading.Lock()
        self._pool: tuple[Credential, urllib3.PoolManager] | None = None

    def get(self, path: str, parameters: Mapping[str, str] | None = None, accept: str = "application/json") -> Any:
        """The JSON that the server answers, None where it has no content. Raises ApiError, UnreachableError."""

        def read(answer: urllib3.BaseHTTPResponse) -> Any:
            return None if answer.status == 204 else json.loads(answer.data)

        return self._patiently(path, parameters, accept, read, stream=False)

    def text(self, path: str) -> str:
        """What the server answers, as it is; '' where it has nothing. Raises ApiError, UnreachableError."""

        def read(answer: urllib3.BaseHTTPResponse) -> str:
            return answer.data.decode("utf-8", "replace")

        found: str = self._patiently(path, None, "*/*", read, stream=False)
        return found

    def stream(
        self, path: str, parameters: Mapping[str, str] | None = None, *, may_break: bool = False
    ) -> Iterator[bytes]:
        """The answer in pieces as they come. Raises ApiError, UnreachableError; a stream that may break just ends."""
        answer = self._patiently(path, parameters, "*/*", lambda found: found, stream=True)
        try:
            yield from answer.stream(65536)
        except (HTTPError, OSError) as e:
            if not may_break:
                raise UnreachableError(f"{self.connection.server}: {path} broke off: {_reason(e)}") from None
        finally:
            answer.release_conn()

    def _patiently(
        self,
        path: str,
        parameters: Mapping[str, str] | None,
        accept: str,
        read: Callable[[urllib3.BaseHTTPResponse], Any],
        *,
        stream: bool,
    ) -> Any:
        url = f"{self.connection.server}{path}{f'?{urlencode(parameters)}' if parameters else ''}"
        patience = self._patience
        until = patience.clock() + patience.seconds
        pause, refusals, told = _FIRST_PAUSE, 0, False
        while True:
            credential = self.connection.credentials.get()
            try:
                answer = self._request(credential, url, accept, stream=stream)
                if answer.status < 300:
                    return read(answer)
                problem: UserError = self._problem(answer, path)
            except (HTTPError, OSError, ValueError, http.client.HTTPException) as e:
                if _is_certificate(e):
                    raise UnreachableError(f"{self.connection.server}: {_reason(e)}") from None
                problem = UnreachableError(f"{self.connection.server}: {_reason(e)}")
                answer = None
            wait = pause * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries
            if isinstance(problem, ApiError):
                if problem.status == 401:
                    refusals += 1
                    renewed = self.connection.credentials.renew(credential)
                    if renewed != credential and refusals < _REFUSALS:
                        continue
                    if refusals >= _REFUSALS or renewed.authorization is None:
                        raise problem
                elif problem.status not in _PASSING:
                    raise problem
                wait = max(wait, _retry_after(answer))
            if patience.clock() + wait > until:
                raise UnreachableError(f"{problem} (tried for {patience.seconds:.0f} s)")
            if not told and wait > _FIRST_PAUSE * 2:
                patience.say(f"{problem}; trying again")
                told = True
            patience.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _request(self, credential: Credential, url: str, accept: str, *, stream: bool) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": f"gitops-kong/{__version__}"}
        if credential.authorization:
            headers["Authorization"] = credential.authorization
        headers.update(self.connection.headers)
        timeout = _STREAM if stream else _TIMEOUT
        return self._pool_for(credential).request(
            "GET",
            url,
            headers=headers,
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=not stream,
            decode_content=True,
        )

    def _pool_for(self, credential: Credential) -> urllib3.PoolManager:
        """Connections of the credential's certificate; a new certificate needs new ones."""
        with self._lock:
            if self._pool is None or self._pool[0][1:] != credential[1:]:
                self._pool = credential, _pool(self.connection, credential)
            return self._pool[1]

    def _problem(self, answer: urllib3.BaseHTTPResponse, path: str) -> ApiError:
        try:
            body = json.loads(answer.data)
        except ValueError:
            body = {}
        body = body if isinstance(body, dict) else {}
        said = str(body.get("message") or answer.reason or "no reason given")
        if answer.status == 401:
            said = "the API server does not accept the credentials (expired or wrong)"
        return ApiError(f"GET {path}: {answer.status}: {said}", answer.status, body)


def _pool(connection: Connection, credential: Credential) -> urllib3.PoolManager:
    more: dict[str, Any] = {}
    if connection.insecure:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # it is what the user asks for
    if connection.server.startswith("https:"):
        more["ssl_context"] = _context(connection, credential)
        if connection.server_name:
            more["server_hostname"] = connection.server_name
    proxy = connection.proxy or _proxy(connection.server)
    if proxy is None:
        return urllib3.PoolManager(num_pools=4, maxsize=16, **more)
    try:
        return urllib3.ProxyManager(proxy, num_pools=4, maxsize=16, **more)
    except (ProxySchemeUnknown, ValueError):
        raise UserError("proxy of the cluster: only http:// and https:// proxies are supported") from None


def _proxy(server: str) -> str | None:
    """$HTTPS_PROXY and $NO_PROXY, as Go's `ProxyFromEnvironment`: never for this machine itself."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    if host == "localhost" or host.startswith("127.") or host == "::1" or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def _context(connection: Connection, credential: Credential) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=connection.authority)
    except (ssl.SSLError, ValueError):
        raise UserError("certificate-authority of the cluster is no PEM certificate") from None
    # Clusters' own authorities lack what OpenSSL's strict mode asks for (Python 3.13's default); Go does not ask.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", ssl.VerifyFlags(0))
    if connection.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if credential.certificate and credential.key:
        handle, name = tempfile.mkstemp(prefix="gitops-kong-")  # readable by this user alone; ssl reads files only
        try:
            os.write(handle, f"{credential.certificate}\n{credential.key}\n".encode())
            os.close(handle)
            context.load_cert_chain(name)
        except ssl.SSLError:
            raise UserError("client certificate and key of the user do not fit together") from None
        finally:
            Path(name).unlink()
    return context


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it comes from, as urllib3 (`reason`) and Python tell it."""
    found: BaseException | None = error
    while found is not None:
        yield found
        reason = getattr(found, "reason", None)
        found = reason if isinstance(reason, BaseException) else found.__cause__ or found.__context__


def _is_certificate(error: BaseException) -> bool:
    return any(isinstance(each, ssl.SSLCertVerificationError) for each in _chain(error))


def _reason(error: BaseException) -> str:
    """The reason in one line: the system's, else the innermost."""
    innermost = error
    for each in _chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {each.verify_message}"
        if isinstance(each, OSError) and each.strerror and not isinstance(each, ssl.SSLError):
            return each.strerror
        innermost = each
    return " ".join(str(innermost).split()) or type(innermost).__name__


def _retry_after(answer: urllib3.BaseHTTPResponse | None) -> float:
    value = answer.headers.get("Retry-After") if answer is not None else None
    return min(float(value), 60.0) if value and value.isdecimal() else 0.0
