"""`gitops-kong logs`: what the controller's log says, object by object."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import click

from gitops_kong.cli.cluster_flags import client_of, cluster_flags
from gitops_kong.cli.places import locator
from gitops_kong.cli.repository import open_repository
from gitops_kong.cli.say import say
from gitops_kong.cli.sections import SectionedCommand, section
from gitops_kong.cli.source_flags import source_flags, with_sources
from gitops_kong.cli.targets import render_targets
from gitops_kong.controller.log_lines import Line, read_lines
from gitops_kong.errors import UserError
from gitops_kong.lazy import regex
from gitops_kong.live import pod_log
from gitops_kong.live.client import Client
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.manifests.secrets import Scrubber
from gitops_kong.report import log as report
from gitops_kong.report.model import Place
from gitops_kong.report.text import printable

_FIELD = regex(r"invalid (config(?:\.[\w-]+|\[\d+\])+): ")
_STEP = regex(r"\[(\d+)\]|([\w-]+)")


@click.command(cls=SectionedCommand)
@click.argument("arguments", nargs=-1, metavar="[FILE] [PATH]", type=click.Path())
@section(
    "Log of the controller's Pods, instead of FILE",
    click.option("--pods", "from_pods", is_flag=True, help="Read what they have logged so far."),
    click.option("-f", "--follow", is_flag=True, help="Read on as they log; ends with Ctrl-C or --for."),
    click.option("--for", "duration", type=click.FloatRange(min=0), metavar="SECONDS", help="How long to follow."),
    click.option("--since", type=click.IntRange(min=1), metavar="SECONDS", help="Only lines that are no older."),
    click.option("-n", "--namespace", "namespaces", multiple=True, metavar="NAME", help="Where they are (repeatable)."),
    click.option("--pod", metavar="NAME", help="Only this Pod. Default: all that run the controller."),
    click.option("--container", metavar="NAME", help="Its container. Default: the one that runs the controller."),
)
@cluster_flags
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@source_flags
def command(arguments: tuple[str, ...], form: str, **flags: Any) -> None:
    """Say what the controller's log in FILE (`-`: standard input) tells of, object by object.

    With --follow, --pods or --pod the log of the controller's Pods is read instead of FILE. Both formats of
    --log-format are understood. With the PATH of a repository each object is shown with its place there.
    Exit status 1 where the log has errors.
    """
    follow = flags.pop("follow")
    from_pods = any((flags.pop("from_pods"), follow, flags["pod"]))
    file, path = _arguments(arguments, from_pods)
    wanted = pod_log.Wanted(flags.pop("namespaces"), flags.pop("pod"), flags.pop("container"))
    duration, since = flags.pop("duration"), flags.pop("since")
    client = client_of(flags) if from_pods else None
    for name in ("kubeconfig", "kube_context", "timeout"):
        flags.pop(name, None)
    read = report.Log()
    finder = _Finder(path, flags)
    if client is None:
        _add(read, read_lines(_text(file)))
    elif follow:
        _follow(read, client, wanted, duration, since, finder if form == "text" else None)
    else:
        containers = pod_log.find(client, wanted, say)
        if not containers:
            raise UserError("no Pod of the controller is found; give --namespace and --pod")
        for container in containers:
            _add(read, read_lines(pod_log.read(client, container, since)))
    if not read.entries:
        finder = _Finder(None, flags)
    if form == "json":
        click.echo(finder.scrub(report.to_json(read, finder.find)))
    else:
        for line in report.text(read, finder.find):
            click.echo(printable(finder.scrub(line)))
    if read.exit_status:
        raise click.exceptions.Exit(read.exit_status)


def _arguments(arguments: tuple[str, ...], from_pods: bool) -> tuple[str, str | None]:
    """FILE ('' where Pods are read) and PATH."""
    most = 1 if from_pods else 2
    if len(arguments) > most or (not arguments and not from_pods):
        usage = "give FILE (`-`: standard input) and perhaps PATH; with --follow, --pods or --pod only PATH"
        raise click.UsageError(usage)
    if from_pods:
        return "", arguments[0] if arguments else None
    return arguments[0], arguments[1] if len(arguments) > 1 else None


def _add(read: report.Log, lines: Iterable[Line | None]) -> None:
    for line in lines:
        read.add(line)


def _follow(
    read: report.Log,
    client: Client,
    wanted: pod_log.Wanted,
    duration: float | None,
    since: int | None,
    tell: _Finder | None,
) -> None:
    """Read Pods until it is enough, each in a thread of its own; what is new is told at once."""
    lines: Queue[Line | BaseException | None] = Queue()
    stop = threading.Event()

    def run(work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception as e:  # noqa: BLE001 - told by the main thread
                lines.put(e)

        threading.Thread(target=guarded, daemon=True).start()

    def one(stream: Iterator[str]) -> None:
        for line in read_lines(stream):
            lines.put(line)

    def all_of_them() -> None:
        for container, stream in pod_log.follow_all(client, wanted, stop, since, say):
            say(f"following {container}")
            run(lambda stream=stream: one(stream))  # type: ignore[misc]

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    until = None if duration is None else time.monotonic() + duration
    run(all_of_them)
    try:
        while until is None or time.monotonic() < until:
            try:
                found = lines.get(timeout=0.2)
            except Empty:
                continue
            if isinstance(found, BaseException):
                raise found
            known = len(read.entries)
            read.add(found)
            if tell is not None and len(read.entries) > known:
                newest = next(reversed(read.entries.values()))
                click.echo(printable(tell.scrub(report.line(newest, tell.find))))
    except KeyboardInterrupt:
        pass
    finally:
        stop.set()
        signal.signal(signal.SIGTERM, before)
    if tell is not None and read.entries:
        click.echo()


def _text(file: str) -> Iterator[str]:
    if file == "-":
        for row in sys.stdin.buffer:
            yield row.decode("utf-8", "replace")
        return
    try:
        with Path(file).open(encoding="utf-8", errors="replace") as opened:
            yield from opened
    except OSError as e:
        raise UserError(f"{file}: {e.strerror}") from e


class _Finder:
    """Places of objects in the repository of `path`, and what hides the values of its Secrets; read when first asked.

    An object of which the log names no kind is matched by name.
    """

    def __init__(self, path: str | None, flags: dict[str, Any]) -> None:
        self._path = path
        self._flags = flags
        self._read: tuple[report.Find, Scrubber] | None = None

    def find(self, ref: Ref, message: str) -> Place | None:
        """The place of what a message says of an object."""
        return self._finder()[0](ref, message)

    def scrub(self, text: str) -> str:
        """`text` without values of Secrets."""
        return self._finder()[1](text)

    def _finder(self) -> tuple[report.Find, Scrubber]:
        if self._read is None:
            self._read = _finder(self._path, self._flags) if self._path is not None else (_nowhere, Scrubber(()))
        return self._read


def _nowhere(_ref: Ref, _message: str) -> Place | None:
    return None


def _finder(path: str, flags: dict[str, Any]) -> tuple[report.Find, Scrubber]:
    """Places of objects in the repository of `path`, and what hides the values of its Secrets.

    An object of which the log names no kind is matched by name.
    """
    repository = with_sources(open_repository((path,)), flags)
    tree = repository.head.tree
    found: dict[Ref, K8sObject] = {}
    for target, rendered in render_targets(tree, repository.config, repository.paths, ()):
        for problem in rendered.problems:
            say(f"{target.name}: {problem.message}")
        for obj in rendered.objects:
            found.setdefault(obj.ref, obj)
    locate = locator(tree)

    def find(ref: Ref, message: str) -> Place | None:
        obj = found.get(ref) or found.get(ref._replace(namespace=""))
        if obj is None and not ref.kind:
            same = [o for r, o in found.items() if r.name == ref.name and r.namespace in (ref.namespace, "")]
            obj = same[0] if len(same) == 1 else None
        return locate(obj, _field(obj, message)) if obj else None

    return find, Scrubber(found.values())


def _field(obj: K8sObject, message: str) -> tuple[str | int, ...]:
    named = _FIELD.match(message) if obj.kind in ("KongPlugin", "KongClusterPlugin") else None
    if named is None:
        return ()
    return tuple(int(index) if index else name for index, name in _STEP.findall(named[1]))
