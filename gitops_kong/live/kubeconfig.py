"""Where the API server is and who asks: kubeconfig files as kubectl reads them, and the account of a Pod.

client-go `clientcmd` (several files in $KUBECONFIG: the first that names a thing wins; paths are relative to the file
that has them) and `rest.InClusterConfig`.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitops_kong.errors import ManifestError, UserError
from gitops_kong.live.credentials import Credentials, Plugin, Secrets
from gitops_kong.manifests.yaml import read_value

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}


@dataclass(frozen=True)
class Connection:
    """One API server as one user sees it. `authority` has PEM certificates, None for those of the system."""

    server: str
    credentials: Credentials
    namespace: str = "default"
    authority: str | None = None
    insecure: bool = False
    server_name: str | None = None
    proxy: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


def connect(file: str | None, context: str | None, environment: Mapping[str, str]) -> Connection:
    """The connection that the flags, $KUBECONFIG, ~/.kube/config or the Pod's account give, in this order.

    Raises UserError where there is none, or where it cannot be used.
    """
    named = [file] if file else [f for f in environment.get("KUBECONFIG", "").split(os.pathsep) if f]
    files = [Path(f).expanduser() for f in named]
    if file and not files[0].is_file():
        raise UserError(f"--kubeconfig {file}: no such file")
    if not files:
        home = Path(environment.get("HOME") or "~").expanduser() / ".kube" / "config"
        files = [home] if home.is_file() else []
    if files:
        return _of_files([f for f in files if f.is_file()], context, files)
    if environment.get("KUBERNETES_SERVICE_HOST") and (ACCOUNT / "token").is_file():
        if context:
            raise UserError(f"--kube-context {context}: there is no kubeconfig, only the account of this Pod")
        return _of_pod(environment)
    raise UserError(
        "no cluster to ask: give --kubeconfig, set KUBECONFIG, or run in a Pod with a service account's token"
    )


def _of_pod(environment: Mapping[str, str]) -> Connection:
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment.get("KUBERNETES_SERVICE_PORT", "443")
    namespace = ACCOUNT / "namespace"
    authority = ACCOUNT / "ca.crt"
    return Connection(
        f"https://{f'[{host}]' if ':' in host else host}:{port}",
        Credentials(Secrets(token_file=ACCOUNT / "token")),
        namespace.read_text().strip() if namespace.is_file() else "default",
        _text(authority) if authority.is_file() else None,
    )


class _Merged:
    """Clusters, users and contexts of several files by name, each with the folder that its paths start from."""

    def __init__(self, files: list[Path]) -> None:
        self.current = ""
        self.named: dict[str, dict[str, tuple[Mapping[str, Any], Path]]] = {section: {} for section in _SECTIONS}
        for file in files:
            content = _read(file)
            self.current = self.current or str(content.get("current-context") or "")
            for section, inner in _SECTIONS.items():
                for entry in content.get(section) or ():
                    if isinstance(entry, dict) and isinstance(entry.get(inner), dict):
                        self.named[section].setdefault(str(entry.get("name")), (entry[inner], file.parent))

    def get(self, section: str, name: str, whose: str) -> tuple[Mapping[str, Any], Path]:
        if name not in self.named[section]:
            known = ", ".join(sorted(self.named[section])) or "none"
            raise UserError(f"{whose} {name!r} is not in the kubeconfig; there are {known}")
        return self.named[section][name]


def _of_files(files: list[Path], wanted: str | None, tried: list[Path]) -> Connection:
    if not files:
        raise UserError(f"no such kubeconfig: {', '.join(map(str, tried))}")
    merged = _Merged(files)
    name = wanted or merged.current
    if not name:
        raise UserError(f"{files[0]}: no current-context; give --kube-context")
    context, _ = merged.get("contexts", name, "context")
    cluster, folder = merged.get("clusters", str(context.get("cluster") or ""), f"context {name}: cluster")
    user: Mapping[str, Any] = {}
    home = folder
    if context.get("user"):
        user, home = merged.get("users", str(context["user"]), f"context {name}: user")
    server = str(cluster.get("server") or "")
    if not server.startswith(("https://", "http://")):
        raise UserError(f"{files[0]}: cluster {context.get('cluster')}: server {server!r} is no http(s) URL")
    authority = _data(cluster, "certificate-authority-data")
    if authority is None and cluster.get("certificate-authority"):
        authority = _text(folder / str(cluster["certificate-authority"]))
    return Connection(
        server.rstrip("/"),
        Credentials(_secrets(user, home, str(context.get("user") or ""), cluster, authority)),
        str(context.get("namespace") or "default"),
        authority,
        cluster.get("insecure-skip-tls-verify") is True,
        str(cluster["tls-server-name"]) if cluster.get("tls-server-name") else None,
        str(cluster["proxy-url"]) if cluster.get("proxy-url") else None,
    )


def _secrets(
    user: Mapping[str, Any], home: Path, name: str, cluster: Mapping[str, Any], authority: str | None
) -> Secrets:
    if user.get("auth-provider"):
        raise UserError(f"user {name}: auth-provider was removed from Kubernetes 1.26; use an exec plugin")
    plugin = user.get("exec")
    file = user.get("tokenFile")
    return Secrets(
        token=str(user["token"]) if user.get("token") and not file else None,
        token_file=home / str(file) if file else None,
        basic=(str(user["username"]), str(user.get("password") or "")) if user.get("username") else None,
        certificate=_data(user, "client-certificate-data"),
        key=_data(user, "client-key-data"),
        certificate_file=home / str(user["client-certificate"]) if user.get("client-certificate") else None,
        key_file=home / str(user["client-key"]) if user.get("client-key") else None,
        plugin=_plugin(plugin, home, name, cluster, authority) if isinstance(plugin, dict) else None,
    )


def _plugin(
    content: Mapping[str, Any], home: Path, user: str, cluster: Mapping[str, Any], authority: str | None
) -> Plugin:
    command = str(content.get("command") or "")
    version = str(content.get("apiVersion") or "")
    if not command or not version:
        raise UserError(f"user {user}: exec needs command and apiVersion")
    about: dict[str, Any] = {}
    if content.get("provideClusterInfo"):
        about = {"server": cluster.get("server")}
        if authority is not None:
            about["certificate-authority-data"] = base64.b64encode(authority.encode()).decode()
        if cluster.get("insecure-skip-tls-verify"):
            about["insecure-skip-tls-verify"] = True
        if cluster.get("tls-server-name"):
            about["tls-server-name"] = cluster["tls-server-name"]
    return Plugin(
        str(home / command) if "/" in command else command,
        tuple(map(str, content.get("args") or ())),
        tuple((str(e.get("name")), str(e.get("value"))) for e in content.get("env") or ()),
        version,
        about or None,
        str(content.get("installHint") or ""),
    )


def _read(file: Path) -> Mapping[str, Any]:
    try:
        content = read_value(file.read_bytes())
    except OSError as e:
        raise UserError(f"{file}: {e.strerror}") from e
    except ManifestError as e:
        raise UserError(f"{file}: {str(e).removeprefix('-:')}") from None
    if not isinstance(content, dict):
        raise UserError(f"{file}: no kubeconfig")
    return content


def _data(content: Mapping[str, Any], key: str) -> str | None:
    if not content.get(key):
        return None
    try:
        return base64.b64decode("".join(str(content[key]).split()), validate=True).decode()
    except (binascii.Error, ValueError):
        raise UserError(f"kubeconfig: {key} is not base64 of PEM text") from None


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as e:
        raise UserError(f"{file}: {e.strerror}") from e
