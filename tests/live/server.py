"""A real API server for tests: etcd and kube-apiserver as processes on free ports, with users, RBAC and the CRDs."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from gitops_kong.live.resources import plural

VERSION = "v1.33.4"
ADMIN = "admin-of-the-tests"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gitops-kong" / "tools"
BINARIES = _CACHE / f"kube-apiserver-{VERSION}"
HOW = "`make test-live` gets them: it builds kube-apiserver once, from Go modules, and needs etcd (Debian: etcd-server)"


def find(name: str) -> str | None:
    """The program, from the cache folder or the PATH."""
    return shutil.which(name, path=os.pathsep.join((str(BINARIES), os.environ.get("PATH", ""))))


def missing() -> list[str]:
    """What the live tests need and this machine lacks."""
    return [name for name in ("etcd", "kube-apiserver", "openssl") if find(name) is None]


_CERTIFICATE = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj")


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    """etcd and kube-apiserver in a folder. `tokens`: user by token; more can be given before a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.etcd_port = free_port(), free_port()
        self.tokens: dict[str, tuple[str, str]] = {ADMIN: ("admin", "system:masters")}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        _openssl("genrsa", "-out", str(folder / "service-accounts.key"), "2048")
        _openssl(*_CERTIFICATE, "/CN=clients", "-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.crt"))

    # processes

    def start(self) -> None:
        self._spawn(
            "etcd",
            f"--data-dir={self.folder}/etcd",
            f"--listen-client-urls=http://127.0.0.1:{self.etcd_port}",
            f"--advertise-client-urls=http://127.0.0.1:{self.etcd_port}",
            f"--listen-peer-urls=http://127.0.0.1:{free_port()}",
            "--unsafe-no-fsync",
        )
        self.start_server()

    def start_server(self) -> None:
        """kube-apiserver, until it is ready."""
        tokens = "".join(f'{token},{user},{user},"{group}"\n' for token, (user, group) in self.tokens.items())
        (self.folder / "tokens.csv").write_text(tokens)
        key = self.folder / "service-accounts.key"
        self._spawn(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            f"--secure-port={self.port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={self.folder}/certificates",
            f"--token-auth-file={self.folder}/tokens.csv",
            f"--client-ca-file={self.folder}/ca.crt",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
        )
        self._wait("/readyz")

    def stop_server(self) -> None:
        """End kube-apiserver at once, as a crash does."""
        process = self.processes.pop("kube-apiserver")
        process.kill()
        process.wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.processes.clear()

    def _spawn(self, name: str, *arguments: str) -> None:
        program = find(name)
        assert program is not None, name
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen([program, *arguments], stdout=log, stderr=log)

    def _wait(self, path: str, seconds: float = 90) -> None:
        until = time.monotonic() + seconds
        while True:
            try:
                if self.request("GET", path, raw=True) == b"ok":
                    return
            except (OSError, AssertionError):
                pass
            log = (self.folder / "kube-apiserver.log").read_text(errors="replace")[-2000:]
            assert self.processes["kube-apiserver"].poll() is None, log
            assert time.monotonic() < until, log
            time.sleep(0.1)

    # requests

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        return self.folder / "certificates" / "apiserver.crt"

    def request(self, method: str, path: str, body: Any = None, raw: bool = False, token: str = ADMIN) -> Any:
        """The answer to a request of the administrator; AssertionError with the server's words where it refuses."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        request = urllib.request.Request(
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {token}", "Content-Type": kind},
            method=method,
        )
        context = ssl.create_default_context(cafile=str(self.authority))
        try:
            with urllib.request.urlopen(request, context=context, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as e:
            raise AssertionError(f"{method} {path}: {e.code} {e.read().decode()}") from None
        return text if raw else json.loads(text)

    def create(self, *objects: Mapping[str, Any], status: bool = True) -> list[dict[str, Any]]:
        """Create objects, each with its status."""
        made = []
        for obj in objects:
            path = path_of(obj)
            stored = self.request("POST", path, obj)
            if status and "status" in obj and obj["status"]:
                name = f"{path}/{obj['metadata']['name']}"
                stored = self.request("PATCH", f"{name}/status", {"status": obj["status"]})
            made.append(stored)
        return made

    def delete(self, obj: Mapping[str, Any]) -> None:
        self.request("DELETE", f"{path_of(obj)}/{obj['metadata']['name']}")

    def compact(self) -> None:
        """Make etcd forget what was: a list that goes on from before answers 410 Gone."""
        with urllib.request.urlopen(self._etcd("/v3/kv/range", {"key": "AA=="}), timeout=10) as answer:
            revision = json.load(answer)["header"]["revision"]
        urllib.request.urlopen(self._etcd("/v3/kv/compaction", {"revision": revision, "physical": True}), timeout=10)

    def _etcd(self, path: str, body: Any) -> urllib.request.Request:
        return urllib.request.Request(f"http://127.0.0.1:{self.etcd_port}{path}", json.dumps(body).encode())

    def user(self, token: str, name: str, rules: Iterable[Mapping[str, Any]], namespace: str = "") -> None:
        """A user with a token, and what it may do, in one namespace or everywhere. Counts from the next start on."""
        self.tokens[token] = (name, "")
        group = {"apiVersion": "rbac.authorization.k8s.io/v1"}
        scope = {"namespace": namespace} if namespace else {}
        role, binding = ("Role", "RoleBinding") if namespace else ("ClusterRole", "ClusterRoleBinding")
        self.create(
            {**group, "kind": role, "metadata": {"name": name, **scope}, "rules": list(rules)},
            {
                **group,
                "kind": binding,
                "metadata": {"name": name, **scope},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": name},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}],
            },
        )

    def client_certificate(self, name: str, group: str) -> tuple[str, str]:
        """Certificate and key of a user, as PEM."""
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
        subject = ("-subj", f"/O={group}/CN={name}")
        _openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", *subject, "-keyout", str(key), "-out", str(request))
        authority = ("-CA", str(self.folder / "ca.crt"), "-CAkey", str(self.folder / "ca.key"), "-CAcreateserial")
        _openssl("x509", "-req", "-in", str(request), *authority, "-days", "2", "-out", str(certificate))
        return certificate.read_text(), key.read_text()

    def kubeconfig(self, file: Path, user: Mapping[str, Any] | None = None, url: str = "", namespace: str = "") -> Path:
        """A kubeconfig file for a user (default: the administrator)."""
        cluster: dict[str, Any] = {"server": url or self.url}
        if cluster["server"].startswith("https:"):
            cluster["certificate-authority"] = str(self.authority)
        context = {"cluster": "tests", "user": "user", **({"namespace": namespace} if namespace else {})}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "user", "user": dict(user or {"token": ADMIN})}],
            "contexts": [{"name": "tests", "context": context}],
            "current-context": "tests",
        }
        file.write_text(yaml.safe_dump(content))
        return file


def path_of(obj: Mapping[str, Any]) -> str:
    """The path of an object's collection."""
    version = obj["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    namespace = obj["metadata"].get("namespace")
    return f"{root}/{f'namespaces/{namespace}/' if namespace else ''}{plural(obj['kind'])}"


def definitions(kinds: Iterable[tuple[str, str, bool]]) -> list[dict[str, Any]]:
    """CRDs that hold every content: our own, for tests, of (group/version, kind, whether it is namespaced)."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for version, kind, namespaced in kinds:
        group, _, number = version.partition("/")
        crd = found.setdefault(
            (group, kind),
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {
                    "name": f"{plural(kind)}.{group}",
                    "annotations": {"api-approved.kubernetes.io": "unapproved, for tests only"},
                },
                "spec": {
                    "group": group,
                    "scope": "Namespaced" if namespaced else "Cluster",
                    "names": {
                        "plural": plural(kind),
                        "singular": kind.lower(),
                        "kind": kind,
                        "listKind": f"{kind}List",
                    },
                    "versions": [],
                },
            },
        )
        versions = crd["spec"]["versions"]
        versions.append(
            {
                "name": number,
                "served": True,
                "storage": not versions,
                "schema": {"openAPIV3Schema": schema},
                "subresources": {"status": {}},
            }
        )
    return list(found.values())
