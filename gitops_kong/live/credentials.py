"""Who asks: tokens, token files that are renewed, client certificates, exec plugins.

client-go `transport.cachingTokenSource` and `plugin/pkg/client/auth/exec`.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from gitops_kong.errors import UserError

_FILE_SECONDS = 60.0  # client-go reads a token file again after this time
_PLUGIN_SECONDS = 300.0  # a person may have to log in
_VERSIONS = frozenset(f"client.authentication.k8s.io/{v}" for v in ("v1", "v1beta1"))


class Credential(NamedTuple):
    """What a request carries: the Authorization header; and what the connection does: certificate and key as PEM."""

    authorization: str | None = None
    certificate: str | None = None
    key: str | None = None


class Plugin(NamedTuple):
    """An exec plugin: a program that prints a credential."""

    command: str
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    api_version: str
    cluster: Mapping[str, Any] | None = None
    hint: str = ""


@dataclass(frozen=True)
class Secrets:
    """What the kubeconfig says of a user; everything is optional."""

    token: str | None = None
    token_file: Path | None = None
    basic: tuple[str, str] | None = None
    certificate: str | None = None
    key: str | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    plugin: Plugin | None = None


class Credentials:
    """The credential of now; `renew` after the server refused it. Safe to share between threads."""

    def __init__(self, secrets: Secrets, clock: Callable[[], float] = time.time) -> None:
        self._secrets = secrets
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Credential | None = None
        self._until = 0.0

    def get(self) -> Credential:
        """The credential, read again where it is due. Raises UserError where it cannot be had."""
        with self._lock:
            if self._known is None or self._clock() >= self._until:
                self._known, self._until = self._read()
            return self._known

    def renew(self, refused: Credential) -> Credential:
        """A credential read anew, unless another thread did so since `refused` was given."""
        with self._lock:
            if self._known is None or self._known == refused:
                self._known, self._until = self._read()
            return self._known

    def _read(self) -> tuple[Credential, float]:
        secrets = self._secrets
        certificate = secrets.certificate or _file(secrets.certificate_file)
        key = secrets.key or _file(secrets.key_file)
        if secrets.token_file is not None:
            token = (_file(secrets.token_file) or "").strip()
            return Credential(f"Bearer {token}", certificate, key), self._clock() + _FILE_SECONDS
        if secrets.token is not None:
            return Credential(f"Bearer {secrets.token}", certificate, key), float("inf")
        if secrets.plugin is not None:
            found, until = run(secrets.plugin)
            return Credential(found.authorization, found.certificate or certificate, found.key or key), until
        if secrets.basic is not None:
            text = base64.b64encode(":".join(secrets.basic).encode()).decode()
            return Credential(f"Basic {text}", certificate, key), float("inf")
        return Credential(None, certificate, key), float("inf")


def run(plugin: Plugin) -> tuple[Credential, float]:
    """What the plugin prints, and until when (Unix time) it counts. Raises UserError with its exit status or output's
    fault; the output itself is never shown.
    """
    name = plugin.command
    if plugin.api_version not in _VERSIONS:
        known = ", ".join(sorted(_VERSIONS))
        raise UserError(f"exec plugin {name}: apiVersion {plugin.api_version!r} is none of {known}")
    spec: dict[str, Any] = {"interactive": sys.stdin is not None and sys.stdin.isatty()}
    if plugin.cluster is not None:
        spec["cluster"] = plugin.cluster
    info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    environment = {**os.environ, **dict(plugin.environment), "KUBERNETES_EXEC_INFO": json.dumps(info)}
    try:
        done = subprocess.run(  # noqa: S603 - the program that the user's own kubeconfig names
            [plugin.command, *plugin.arguments],
            env=environment,
            stdout=subprocess.PIPE,
            timeout=_PLUGIN_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        hint = f": {' '.join(plugin.hint.split())}" if plugin.hint else ""
        raise UserError(f"exec plugin {name} is not installed{hint}") from None
    except OSError as e:
        raise UserError(f"exec plugin {name}: {e.strerror}") from e
    except subprocess.TimeoutExpired:
        raise UserError(f"exec plugin {name} did not end within {_PLUGIN_SECONDS:.0f} s") from None
    if done.returncode:
        raise UserError(f"exec plugin {name} ended with exit status {done.returncode}")
    try:
        status = json.loads(done.stdout)["status"]
        token, certificate, key = (status.get(k) for k in ("token", "clientCertificateData", "clientKeyData"))
        until = _instant(status.get("expirationTimestamp"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"exec plugin {name} printed no ExecCredential with a status") from None
    if not token and not (certificate and key):
        raise UserError(f"exec plugin {name} printed neither a token nor a client certificate and key")
    return Credential(f"Bearer {token}" if token else None, certificate, key), until


def _instant(text: str | None) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else float("inf")


def _file(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text()
    except OSError as e:
        raise UserError(f"{path}: {e.strerror}") from e
