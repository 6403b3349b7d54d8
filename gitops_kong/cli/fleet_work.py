"""One job of a fleet: what a worker does with plain settings and contents. It sees no file of the coordinator."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, TypeVar

from gitops_kong import __version__
from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.cli.controllers import on_controllers
from gitops_kong.cli.target_run import TargetRun, schemas_of
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.errors import UserError
from gitops_kong.fleet.beside import BESIDE, BESIDE_BASE, joined, of_target, roles
from gitops_kong.fleet.content import plain, unpacked
from gitops_kong.fleet.job import Content, settings_of
from gitops_kong.fleet.results import packed_result
from gitops_kong.policies.selection import Selection, own_rules, select
from gitops_kong.predict.model import Scenario
from gitops_kong.predict.several import together
from gitops_kong.predict.webhook import WebhookSettings
from gitops_kong.report.model import Controller
from gitops_kong.sources.base import Rendered, Target
from gitops_kong.sources.tree import MemoryTree

CONTEXT, HEAD, BASE, OWN, OWN_BASE = "context", "head", "base", "own", "ownBase"
_KEPT = 8  # contents that are taken apart, and controllers that are set up
_ALONE = threading.Lock()  # a Dask worker may have several threads; what is kept here is not made for them
_TARGET = Target("", "files", ".")

T = TypeVar("T")


@dataclass(frozen=True)
class JobSettings:
    """What a job is told beside its contents.

    `controllers` are those of the cluster, each with the options of the one that it takes the place of, None where it
    is the same one; `policies` is that section of `config_file`; `day` is in it since certificates expire. A job that
    is `alone` is equal to no other one.
    """

    controllers: tuple[tuple[Controller, ControllerOptions | None], ...]
    kubernetes: tuple[int, int]
    scenarios: tuple[Scenario, ...]
    policies: Mapping[str, Any]
    config_file: str
    day: str
    alone: str = ""

    def packed(self) -> bytes:
        """As plain data."""
        return settings_of(
            {
                "controllers": [
                    {
                        "name": each.name,
                        "options": _options(each.options),
                        "webhook": asdict(each.webhook),
                        "earlier": _options(earlier) if earlier else None,
                    }
                    for each, earlier in self.controllers
                ],
                "kubernetes": self.kubernetes,
                "scenarios": self.scenarios,
                "policies": self.policies,
                "configFile": self.config_file,
                "day": self.day,
                "alone": self.alone,
            }
        )


def packed_files(files: Mapping[str, bytes]) -> bytes:
    """Files that a repository brings along for the check (own rules, schemas of plugins), as plain data."""
    return plain({path: text.decode("utf-8", "surrogateescape") for path, text in files.items()})


def work(settings: bytes, parts: Mapping[str, Content]) -> bytes:
    """The result of a job. Raises `UserError` for one of another version, and for rules that cannot be used."""
    value = json.loads(settings)
    if value["version"] != __version__:
        raise UserError(f"the job is one of gitops-kong {value['version']}, the worker has {__version__}")
    with _ALONE:
        return _result(value, settings, parts)


def _result(value: Mapping[str, Any], settings: bytes, parts: Mapping[str, Content]) -> bytes:
    head = _rendered(parts[HEAD], HEAD)
    before = None
    if BASE in parts:
        before = head if parts[BASE].key == parts[HEAD].key else _rendered(parts[BASE], BASE)
    if beside := roles(BESIDE, parts):
        head, before = _with_others(head, before, beside, parts)
    predicted = []
    controllers = []
    rules = _kept(("rules", settings, parts[OWN].key), partial(_rules, value, parts[OWN]))
    for number, entry in enumerate(value["controllers"]):
        key = (settings, number, parts[OWN].key, parts[CONTEXT].key)
        run = _kept(("run", *key), partial(_run, value, entry, entry["options"], rules, parts[CONTEXT], parts[OWN]))
        earlier = None
        if entry["earlier"] and before is not None:
            own = parts[OWN_BASE]
            earlier = _kept(
                ("earlier", *key, own.key), partial(_run, value, entry, entry["earlier"], rules, parts[CONTEXT], own)
            )
        predicted.append((entry["name"], run.target(_TARGET, head, before, earlier)))
        run.configurations.clear()
        controllers.append(Controller(entry["name"], run.options, "", WebhookSettings(**entry["webhook"])))
    found = together(predicted)
    return packed_result(of_target(found) if beside else found, on_controllers(rules, controllers))


def _with_others(
    head: Rendered, before: Rendered | None, beside: Sequence[str], parts: Mapping[str, Content]
) -> tuple[Rendered, Rendered | None]:
    """The state of the cluster with its other targets, after and before; one that did not change is the same value."""
    after = [_rendered(parts[role], role) for role in beside]
    whole = joined(head, after)
    if before is None:
        return whole, None
    earlier = [
        rendered if parts[role].key == parts[then].key else _rendered(parts[then], then)
        for role, then, rendered in zip(beside, roles(BESIDE_BASE, parts), after, strict=True)
    ]
    same = before is head and all(one is other for one, other in zip(after, earlier, strict=True))
    return whole, whole if same else joined(before, earlier)


def _rules(value: Mapping[str, Any], own: Content) -> Selection:
    return select(value["policies"], own_rules(_files(own)), value["configFile"])


def _run(
    value: Mapping[str, Any],
    entry: Mapping[str, Any],
    options: Mapping[str, Any],
    rules: Selection,
    context: Content,
    own: Content,
) -> TargetRun:
    read = _read_options(options)
    return TargetRun(
        read,
        rules,
        value["scenarios"],
        _rendered(context, CONTEXT).objects,
        schemas_of(_files(own), read),
        ApiServer(read.version, tuple(value["kubernetes"])),
        WebhookSettings(**entry["webhook"]),
    )


def _rendered(content: Content, role: str) -> Rendered:
    return _kept((role, content.key), lambda: unpacked(content.data, role))


def _files(own: Content) -> MemoryTree:
    files = json.loads(own.data)
    return MemoryTree({path: text.encode("utf-8", "surrogateescape") for path, text in files.items()})


def _options(options: ControllerOptions) -> dict[str, Any]:
    return {**vars(options), "watch_namespaces": sorted(options.watch_namespaces)}


def _read_options(value: Mapping[str, Any]) -> ControllerOptions:
    return ControllerOptions(
        **{
            **value,
            "version": tuple(value["version"]),
            "gateway_version": tuple(value["gateway_version"]),
            "watch_namespaces": frozenset(value["watch_namespaces"]),
        }
    )


_known: OrderedDict[Hashable, Any] = OrderedDict()


def _kept(key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives, kept for the next jobs: those of one cluster, or of one target, come one after another."""
    if key not in _known:
        _known[key] = make()
        while len(_known) > _KEPT * 2:
            _known.popitem(last=False)
    _known.move_to_end(key)
    value: T = _known[key]
    return value
