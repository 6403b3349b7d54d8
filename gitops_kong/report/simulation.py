"""`simulate --format text`: what the controller would do, step by step, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.fallback.generate import Affected, FallbackCache
from gitops_kong.controller.gateway_state import Config
from gitops_kong.controller.loop import Push, Record
from gitops_kong.controller.object_status import ADDRESS_KINDS, PROGRAMMED_KINDS
from gitops_kong.controller.scenario_file import Scenario, Step
from gitops_kong.controller.signs import signs
from gitops_kong.controller.simulate import StepResult
from gitops_kong.manifests.objects import Ref
from gitops_kong.predict.ownership import owners
from gitops_kong.report.text import Style, printable

# Entity lists of the declarative configuration in the order in which they are counted out, with their singular.
_COUNTED = (
    ("services", "service"),
    ("routes", "route"),
    ("plugins", "plugin"),
    ("upstreams", "upstream"),
    ("consumers", "consumer"),
    ("consumer_groups", "consumer group"),
    ("certificates", "certificate"),
    ("ca_certificates", "CA certificate"),
    ("vaults", "vault"),
)
NAMED_OBJECTS = 12  # of one status
_REPORTED = (
    ADDRESS_KINDS | PROGRAMMED_KINDS | {"HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "KongPlugin"}
)
_STATUS_COLORS = {"Succeeded": "green", "Failed": "red", "Unknown": "yellow"}


def write(scenario: Scenario, options: ControllerOptions, results: Sequence[StepResult], color: bool = False) -> str:
    """The whole scenario."""
    style = Style(color)
    gateway = ".".join(map(str, options.gateway_version))
    fallback = "on" if options.gate("FallbackConfiguration") else "off"
    title = printable(f"{scenario.name}  ({scenario.path})" if scenario.name else scenario.path)
    lines = [
        style(title, bold=True),
        style(f"controller {options.version_text}, FallbackConfiguration {fallback}; gateway {gateway}", dim=True),
    ]
    running: Config = {}
    for number, (step, result) in enumerate(zip(scenario.steps, results, strict=True), 1):
        running = {} if step.gateway_restart else running
        lines += ["", style(_heading(number, step), bold=True), *_step(result, running, options.behaviours, style)]
        running = next((p.config for p in reversed(result.record.pushes) if p.answer.accepted), running)
    return "\n".join(lines) + "\n"


def _heading(number: int, step: Step) -> str:
    before = [
        what
        for happens, what in ((step.restart, "the controller restarts"), (step.gateway_restart, "the gateway restarts"))
        if happens
    ]
    manifests = ", ".join(m.name for m in step.manifests) or "no manifests"
    return f"Step {number}: {manifests}" + (f"; before it, {' and '.join(before)}" if before else "")


def _step(result: StepResult, running: Config, behaviours: Mapping[str, bool], style: Style) -> Iterator[str]:
    yield from _intake(result, style)
    yield from _pushes(result.record, style)
    yield from _lost(result, running, style)
    if result.crash is not None:
        yield f"  {style('✗', 'red')} the controller panics: {result.crash}"
    yield from _statuses(result, style)
    yield f"  the gateway runs {_RUNS.get(result.gateway_config, result.gateway_config)}"
    if result.record.config_status:
        yield f"  Konnect is told {result.record.config_status}"
    if result.record.failed:
        yield "  the update loop failed, and is run again"
    found = signs(result.record, behaviours, result.crash is not None)
    if found:
        yield "  you will see"
        yield from (f"    {style(f'{sign.where}:', dim=True)} {sign.text}" for sign in found)


def _intake(result: StepResult, style: Style) -> Iterator[str]:
    for ref in result.not_decodable:
        yield f"  {style('!', 'yellow')} {_name(ref)}: the API server, or the controller's cache, cannot hold it"
    for ref, reason in result.left_out.items():
        yield f"  {style('·', 'blue')} {_name(ref)} is left out: {printable(reason)}"
    for i, failures in enumerate(result.record.translations):
        for failure in failures:
            what = _names(o.ref for o in failure.objects)
            where = " (fallback)" if i else ""
            yield f"  {style('✗', 'red')} not translated{where}: {what}: {printable(failure.message)}"


def _pushes(record: Record, style: Style) -> Iterator[str]:
    for i, push in enumerate(record.pushes):
        yield from _push(i, push, style)
        if i == 0:
            for fallback in record.fallbacks:
                yield from _fallback(fallback, style)
    if not record.pushes:
        yield "  nothing is pushed"


_RUNS = {"initial": "nothing", "previous": "what it ran before"}


def _push(number: int, push: Push, style: Style) -> Iterator[str]:
    kind = " (fallback)" if push.fallback else ""
    if push.answer.status == 304:
        yield f"  {style('=', 'green')} push {number}{kind}: unchanged"
        return
    mark = style("✓", "green") if push.answer.accepted else style("✗", "red")
    said = "accepted" if push.answer.accepted else f"rejected with {push.answer.status}"
    yield f"  {mark} push {number}{kind}: {said}; {_counts(push.config)}"
    for entity in push.answer.errors:
        name = f" {entity['entityName']}" if entity.get("entityName") else ""
        yield printable(f"      {entity.get('entityType') or 'entity'}{name}{_owner(entity)}")
        for error in entity.get("errors") or ():
            field = error.get("field")
            for message in [error["message"]] if error.get("message") else error.get("messages") or []:
                yield printable(f"        {field + ': ' if field else ''}{message}")
    if not push.answer.accepted and not push.answer.errors:
        yield "      no entity is named"


def _lost(result: StepResult, running: Config, style: Style) -> Iterator[str]:
    """What the gateway ran, and a fallback or the last valid configuration took away although the object is there."""
    accepted = [p for p in result.record.pushes if p.answer.accepted]
    if not accepted or not accepted[-1].fallback:
        return
    there = {ref for ref, _ in result.statuses}
    lost = [ref for ref in owners(running) - owners(accepted[-1].config) if ref in there]
    if lost:
        yield f"  {style('✗', 'red')} the gateway loses what it ran for {_names(lost)}"


def _owner(entity: Mapping[str, Any]) -> str:
    tags = dict(tag.split(":", 1) for tag in entity.get("entityTags") or () if ":" in tag)
    if "k8s-kind" not in tags or "k8s-name" not in tags:
        return ""
    return f" of {Ref('', tags['k8s-kind'], tags.get('k8s-namespace', ''), tags['k8s-name'])}"


def _counts(config: Config) -> str:
    found = Counter({name: len(config.get(name) or ()) for name, _ in _COUNTED})
    for service in config.get("services") or ():
        found["routes"] += len(service.get("routes") or ())
        found["plugins"] += len(service.get("plugins") or ())
        found["plugins"] += sum(len(r.get("plugins") or ()) for r in service.get("routes") or ())
    counted = [f"{found[n]} {singular}{'' if found[n] == 1 else 's'}" for n, singular in _COUNTED if found[n]]
    return ", ".join(counted) or "empty"


def _fallback(fallback: FallbackCache, style: Style) -> Iterator[str]:
    yield f"  {style('~', 'yellow')} fallback configuration, broken: {_names(fallback.broken)}"
    for what, affected in (("excluded", fallback.excluded), ("filled back", fallback.backfilled)):
        yield from (f"      {what}  {line}" for line in map(_affected, affected))


def _affected(affected: Affected) -> str:
    others = [ref for ref in dict.fromkeys(affected.causing) if ref != affected.object.ref]
    return _name(affected.object.ref) + (f"  because of {_names(others)}" if others else "")


def _names(refs: Iterable[Ref]) -> str:
    return ", ".join(_name(ref) for ref in dict.fromkeys(refs))


def _name(ref: Ref) -> str:
    return printable(str(ref))


def _statuses(result: StepResult, style: Style) -> Iterator[str]:
    by_status: dict[str, list[Ref]] = {}
    for ref, told in result.statuses:
        if told != "Unknown" or ref.kind in _REPORTED:
            by_status.setdefault(told, []).append(ref)
    for status, color in _STATUS_COLORS.items():
        if refs := by_status.get(status):
            named = _names(refs[:NAMED_OBJECTS])
            more = f" and {len(refs) - NAMED_OBJECTS} more" if len(refs) > NAMED_OBJECTS else ""
            yield f"  {style(status, color)}: {named}{more}"
    for ref, seen in result.seen.items():
        if seen.status != "written":
            yield f"  {style('!', 'yellow')} {_name(ref)}: {seen.text}" + (" (an older one)" * (seen.status == "stale"))
