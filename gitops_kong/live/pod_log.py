"""Logs of the controller's Pods, as they were or as they grow; a stream that breaks goes on where it was."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gitops_kong.errors import UserError
from gitops_kong.lazy import regex
from gitops_kong.live.client import ApiError, Client
from gitops_kong.live.lists import Resource, list_all
from gitops_kong.manifests.lenient import mapping

PODS = Resource("v1", "Pod", "pods")
_CONTAINER = "ingress-controller"  # of Kong's charts
_IMAGE = regex(r"(?:.*/)?(?:kubernetes-ingress-controller|nightly-ingress-controller)(?:[:@].*)?")
_TIME = regex(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|[+-]\d\d:\d\d) ")
_PAUSE = 1.0  # before a stream that ended is asked for again
_LOOK_AGAIN = 10.0  # for Pods that are new


class Container(NamedTuple):
    """One container whose log is read."""

    namespace: str
    pod: str
    name: str

    @property
    def path(self) -> str:
        """The path of its log."""
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.pod}/log"

    def __str__(self) -> str:
        return f"{self.namespace}/{self.pod} ({self.name})"


class Wanted(NamedTuple):
    """Which Pods: those of a name, else all that run the controller."""

    namespaces: Sequence[str] = ()
    pod: str | None = None
    container: str | None = None


def find(client: Client, wanted: Wanted, say: Callable[[str], None] = lambda _: None) -> list[Container]:
    """The containers. Raises UserError where Pods may not be listed."""
    found = []
    if wanted.pod and wanted.container:
        return [Container(n, wanted.pod, wanted.container) for n in wanted.namespaces or (client.connection.namespace,)]
    for namespace in wanted.namespaces or ((client.connection.namespace,) if wanted.pod else ("",)):
        try:
            pods = list_all(client, PODS, namespace, say).items
        except ApiError as e:
            if e.status != 403:
                raise
            raise UserError(
                f"Pods may not be listed{f' in namespace {namespace}' if namespace else ''}: give --namespace, or"
                " --pod with --container"
            ) from None
        for pod in pods:
            metadata = mapping(pod.get("metadata"))
            name = str(metadata.get("name"))
            if wanted.pod not in (None, name):
                continue
            container = _container(pod, wanted)
            if container:
                found.append(Container(str(metadata.get("namespace")), name, container))
    return found


def _container(pod: object, wanted: Wanted) -> str | None:
    containers = mapping(mapping(pod).get("spec")).get("containers")
    each = [mapping(c) for c in containers] if isinstance(containers, list) else []
    names = [str(c.get("name")) for c in each]
    if wanted.container:
        return wanted.container if wanted.container in names else None
    running = [str(c.get("name")) for c in each if _IMAGE.fullmatch(str(c.get("image") or ""))]
    if running or _CONTAINER in names:
        return (running or [_CONTAINER])[0]
    return names[0] if wanted.pod and names else None


def read(client: Client, container: Container, since: int | None = None) -> Iterator[str]:
    """The lines that it has logged so far, of the last `since` seconds where that is given. Raises ApiError."""
    parameters = {"container": container.name, **({"sinceSeconds": str(since)} if since else {})}
    yield from _lines(client.stream(container.path, parameters))


def follow(
    client: Client, container: Container, stop: threading.Event, since: int | None = None, pause: float = _PAUSE
) -> Iterator[str]:
    """Its lines as they come, until `stop` is set or the Pod is gone; each once, also where the stream breaks.

    A container that was restarted is followed on; what the one before logged at its end is read from its own log.
    """
    last = ""
    while not stop.is_set():
        parameters = {"container": container.name, "follow": "true", "timestamps": "true"}
        if last:
            parameters["sinceTime"] = f"{last[:19]}Z"
        elif since:
            parameters["sinceSeconds"] = str(since)
        try:
            for time, text in _timed(client.stream(container.path, parameters, may_break=True)):
                if time is None or time > last:
                    last = time or last
                    yield text
                if stop.is_set():
                    return
            for time, text in _timed(_previous(client, container, last)):
                if last and time is not None and time > last:
                    last = time
                    yield text
        except ApiError as e:
            if e.status == 404:
                return
            if e.status != 400:  # 400: the container is not started yet
                raise
        stop.wait(pause)


def follow_all(
    client: Client,
    wanted: Wanted,
    stop: threading.Event,
    since: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[tuple[Container, Iterator[str]]]:
    """A stream for each container, those of Pods that come later too, until `stop` is set."""
    known: set[Container] = set()
    while True:
        found = find(client, wanted, say)
        if not found and not known:
            raise UserError("no Pod of the controller is found; give --namespace and --pod")
        for container in found:
            if container not in known:
                yield container, follow(client, container, stop, since if not known else None)
        known.update(found)
        if stop.wait(_LOOK_AGAIN):
            return


def _previous(client: Client, container: Container, last: str) -> Iterator[bytes]:
    """The log of the container before, from `last` on; nothing where there was none."""
    if not last:
        return
    parameters = {"container": container.name, "previous": "true", "timestamps": "true", "sinceTime": f"{last[:19]}Z"}
    try:
        yield from client.stream(container.path, parameters, may_break=True)
    except ApiError as e:
        if e.status not in (400, 404):
            raise


def _timed(pieces: Iterator[bytes]) -> Iterator[tuple[str | None, str]]:
    """Lines with their times, written so that they compare as text."""
    for line in _lines(pieces):
        found = _TIME.match(line)
        if found is None:
            yield None, line
        else:
            yield f"{found[1]}.{(found[2] or '').ljust(9, '0')}", line[found.end() :]


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")
