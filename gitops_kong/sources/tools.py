"""Runs helm and kustomize on files that are not trusted: a private copy, an empty environment, limits."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gitops_kong import lazy
from gitops_kong.errors import RenderError
from gitops_kong.lazy import regex
from gitops_kong.sources.base import Limits, Tree
from gitops_kong.sources.once import Once
from gitops_kong.sources.outputs import Outputs, files_of

if TYPE_CHECKING:
    import shutil
    import subprocess
    import tempfile

    from gitops_kong.sources.tree import MemoryTree
    from gitops_kong.sources.workers import Workers
else:
    shutil = lazy.module("shutil")
    subprocess = lazy.module("subprocess")
    tempfile = lazy.module("tempfile")

INSTALL = {
    "helm": "install Helm v3 or v4 (https://helm.sh/docs/intro/install/) and put it on PATH",
    "kustomize": "install kustomize (https://kubectl.docs.kubernetes.io/installation/kustomize/) or kubectl and put it "
    "on PATH",
}

_MAX_COPY = 512 * 1024 * 1024
_ERROR_TEXT = 600
_WARNING = regex(r"\s*(?:# )?(?:WARNING|Warning|level=WARN|coalesce\.go|warning)\b|.*\bWARNING:")
_OLD = regex(r'unknown (?:shorthand )?(?:flag|command)|unknown field "buildMetadata"|(?:requires|needs) 1 argument')
_LOGGED = regex(r'E\d{4} [\d:.]+ +\d+ \S+\] "command failed" err="(.*)"')  # what kubectl says
# Nothing listens there: a tool that tries the network is told so at once.
_WAY_OUT = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
_NO_PROXY = "http://127.0.0.1:1"

Value = TypeVar("Value")
_running: set[subprocess.Popen[bytes]] = set()  # renderers


@dataclass(frozen=True)
class Tools:
    """The programs that render, and what they are told of the cluster.

    `search` is a PATH; `repositories` are other repositories by URL with where they are checked out.
    """

    search: str = field(default_factory=lambda: os.environ.get("PATH", os.defpath))
    kubernetes_version: str = "1.33.0"
    api_versions: tuple[str, ...] = ()
    allow_network: bool = False
    repositories: Mapping[str, str] = field(default_factory=dict)
    # what was fetched in this run; by address, name and version
    fetched: Once[tuple[str, str, str], MemoryTree] = field(default_factory=lambda: Once(1000), compare=False)
    outputs: Outputs = field(default_factory=Outputs, compare=False)
    workers: Workers | None = field(default=None, compare=False)

    @cached_property
    def helm(self) -> str:
        """Path of helm. Raises `RenderError` where it is missing."""
        return self._find("helm")

    @cached_property
    def kustomize(self) -> tuple[str, ...]:
        """The command that builds: `kustomize build`, else `kubectl kustomize`. Raises `RenderError`."""
        if found := shutil.which("kustomize", path=self.search):
            return (str(Path(found).resolve()), "build")
        if found := shutil.which("kubectl", path=self.search):
            return (str(Path(found).resolve()), "kustomize")
        raise RenderError(f"kustomize is missing: {INSTALL['kustomize']}")

    def ahead(self, work: Callable[[], Value]) -> Callable[[], Value]:
        """Begins with `work` where there are threads for it; what is returned gives its result in any case."""
        return self.workers.ahead(work) if self.workers else work

    def run_on(self, texts: Mapping[str, bytes], command: list[str], limits: Limits, *, network: bool = False) -> bytes:
        """What the command prints in a private copy of these files; there is none where it is known already."""

        def make() -> bytes:
            with workspace() as directory:
                write(texts, directory)
                return run(command, directory, limits, network=network)

        if network:
            return make()
        named = {f"files/{path}": text for path, text in texts.items()}
        return self.outputs.get(command[1:], _programs(command), named, limits, make)

    def run(self, command: list[str], directory: Path, limits: Limits, *, network: bool = False) -> bytes:
        """What the command prints, from an equal run where there was one. Raises `RenderError`."""
        if network:
            return run(command, directory, limits, network=True)
        arguments = [each.replace(str(directory), "") for each in command[1:]]
        texts = files_of(directory)
        return self.outputs.get(arguments, _programs(command), texts, limits, lambda: run(command, directory, limits))

    def _find(self, name: str) -> str:
        found = shutil.which(name, path=self.search)
        if found is None:
            raise RenderError(f"{name} is missing: {INSTALL[name]}")
        return str(Path(found).resolve())


def _programs(command: list[str]) -> list[str]:
    """The programs that a command runs: itself, and the helm that kustomize is told of."""
    return [command[0], *(each.partition("=")[2] for each in command if each.startswith("--helm-command="))]


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """A private directory with `files`, `home` and `bin` in it, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="gitops-kong-") as name:
        directory = Path(name).resolve()
        for part in ("files", "home", "bin"):
            (directory / part).mkdir()
        yield directory


def contents(tree: Tree, paths: Iterable[str]) -> dict[str, bytes]:
    """Files of a tree by path, links replaced by what they lead to. Raises `RenderError`."""
    found: dict[str, bytes] = {}
    size = 0
    for path in sorted(set(paths)):
        found[path] = tree.read(path)
        size += len(found[path])
        if size > _MAX_COPY:
            raise RenderError(f"{path}: this target reads more than {_MAX_COPY // 2**20} MiB")
    return found


def export(tree: Tree, paths: Iterable[str], directory: Path) -> None:
    """Copies files of a tree below `directory`/files, links replaced by what they lead to."""
    write(contents(tree, paths), directory)


def write(texts: Mapping[str, bytes], directory: Path) -> None:
    """Writes files below `directory`/files."""
    root = directory / "files"
    made: set[Path] = set()
    for path, text in texts.items():
        file = root / path
        if file.parent not in made:
            file.parent.mkdir(parents=True, exist_ok=True)
            made.add(file.parent)
        file.write_bytes(text)


def environment(directory: Path, *, network: bool = False) -> dict[str, str]:
    """All that a renderer knows of the machine: a home of its own, no programs, no network, no credentials.

    Where the network is allowed, it knows the way there.
    """
    home = str(directory / "home")
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _NO_PROXY)
    if network:
        proxies = {name: value for name, value in os.environ.items() if name.upper() in _WAY_OUT}
    return {
        "PATH": str(directory / "bin"),
        "HOME": home,
        "TMPDIR": home,
        "XDG_CACHE_HOME": f"{home}/cache",
        "XDG_CONFIG_HOME": f"{home}/config",
        "XDG_DATA_HOME": f"{home}/data",
        "HELM_PLUGINS": f"{home}/plugins",
        "KUSTOMIZE_PLUGIN_HOME": f"{home}/kustomize",
        "KUBECONFIG": f"{home}/none",
        "GOMEMLIMIT": "1GiB",
        "LANG": "C.UTF-8",
        **proxies,
    }


@cache
def isolation() -> tuple[str, ...]:
    """The command that runs another one in a network namespace of its own, empty where the system lets nobody."""
    unshare = shutil.which("unshare", path=os.defpath)
    if unshare is None:
        return ()
    command = (unshare, "--map-root-user", "--net", "--")
    try:
        tried = subprocess.run([*command, "true"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return command if tried.returncode == 0 else ()


def run(command: list[str], directory: Path, limits: Limits, *, cwd: str = ".", network: bool = False) -> bytes:
    """What the command prints. Raises `RenderError` with its last words, its time or its output exceeded."""
    if network and (git := shutil.which("git")) and not (directory / "bin" / "git").exists():
        (directory / "bin" / "git").symlink_to(git)  # kustomize gets bases with it
    try:
        process = subprocess.Popen(
            [*(() if network else isolation()), *command],
            cwd=directory / "files" / cwd,
            env=environment(directory, network=network),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as e:
        raise RenderError(f"{Path(command[0]).name} cannot be run: {e.strerror}") from None
    _running.add(process)
    name = Path(command[0]).name
    late = threading.Event()

    def stop() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(limits.seconds, stop)
    timer.start()
    errors: list[bytes] = []
    reader = threading.Thread(target=lambda: errors.append(_read(process, process.stderr, 1024 * 1024)))
    reader.start()
    try:
        output = _read(process, process.stdout, limits.output_bytes)
        reader.join()
        status = process.wait()
    finally:
        timer.cancel()
        _kill(process)
        _running.discard(process)
        timer.join()
    if late.is_set():
        raise RenderError(f"{name} took longer than {limits.seconds:g} s")
    if len(output) > limits.output_bytes:
        raise RenderError(f"{name} printed more than {limits.output_bytes // 2**20} MiB")
    if status != 0:
        words = _last_words(errors[0], directory) or f"exit status {status}"
        what = "kustomize" if name == "kubectl" else name
        old = f"; this {name} may be too old: {INSTALL[what]}" if what in INSTALL and _OLD.search(words) else ""
        raise RenderError(f"{name}: {words}{old}")
    return output


def stop() -> None:
    """Ends all renderers that run now."""
    for process in [*_running]:
        _kill(process)


def _read(process: subprocess.Popen[bytes], stream: object, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= limit:
        part = stream.read1(1 << 20)  # type: ignore[attr-defined]
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    _kill(process)
    return b"".join(parts)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _last_words(errors: bytes, directory: Path) -> str:
    text = errors.decode("utf-8", "replace").replace(f"{directory}/files/", "").replace(str(directory), "")
    text = " ".join(line.strip() for line in text.splitlines() if line.strip() and not _WARNING.match(line))
    if (logged := _LOGGED.fullmatch(text)) is not None:
        text = logged[1].replace('\\"', '"')
    text = (
        text.removeprefix("Error: ").removeprefix("error: ").replace(" Use --debug flag to render out invalid YAML", "")
    )
    return text if len(text) <= _ERROR_TEXT else "…" + text[-_ERROR_TEXT:]
