"""`gitops-kong api-validate`: what the API server would answer to objects."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from gitops_kong.apiserver.admission import Answer, ApiServer
from gitops_kong.controller.versions import NEWEST_KNOWN
from gitops_kong.errors import UserError
from gitops_kong.lazy import regex
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.scalars import number
from gitops_kong.manifests.yaml import read_objects

_VERSION = regex(r"v?(\d+)\.(\d+)(?:\.(\d+))?")
_MAX_DIGITS = 4000


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--controller-version",
    default=".".join(map(str, NEWEST_KNOWN)),
    show_default=True,
    metavar="VERSION",
    help="Version of the controller whose CRDs are installed.",
)
@click.option(
    "--kubernetes-version", default="1.33", show_default=True, metavar="VERSION", help="Version of the API server."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="jsonl reads lines of {name, object} and perhaps oldObject, which it replaces; the others read manifests.",
)
def command(files: tuple[str, ...], controller_version: str, kubernetes_version: str, form: str) -> None:
    """Say for each object whether the API server would take it, and why not. CRDs among the objects are used."""
    server = ApiServer(_version(controller_version), _version(kubernetes_version)[:2])
    if form == "jsonl":
        _lines(server, files)
        return
    objects = [obj for file in files for obj in read_objects(_read(file), file)]
    server = server.with_crds(objects)
    answers = [(obj, server.admit(obj)) for obj in objects]
    if form == "json":
        click.echo(json.dumps([_named(obj, answer) for obj, answer in answers], indent=2))
    else:
        for line in _text(answers):
            click.echo(line)
    if not all(answer.accepted for _, answer in answers):
        raise click.exceptions.Exit(1)


def _version(text: str) -> tuple[int, int, int]:
    found = _VERSION.fullmatch(text)
    if found is None:
        raise UserError(f"{text!r} is no version; write it as 3.4.3 or 1.33")
    return int(found[1]), int(found[2]), int(found[3] or 0)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as e:
        raise UserError(f"{file}: {e.strerror}") from e


def _lines(server: ApiServer, files: tuple[str, ...]) -> None:
    """Answer each line, as CONTRACT.md says."""
    for file in files:
        for place, line in enumerate(_read(file).decode(errors="replace").splitlines(), 1):
            if not line.strip():
                continue
            try:
                case = json.loads(line, parse_int=_integer)
                name, data = case["name"], case["object"]
                before = K8sObject(case["oldObject"]) if case.get("oldObject") else None
            except (ValueError, KeyError, TypeError):
                raise UserError(f'{file}:{place}:1: a line is {{"name": …, "object": {{…}}}}') from None
            click.echo(json.dumps({"name": name, **_row(server.admit(K8sObject(data), before))}))


def _integer(text: str) -> int | float:
    return number(int(text)) if len(text) <= _MAX_DIGITS else float(text)


def _as_go_writes(value: Any) -> Any:
    """Whole floats as Go writes them: the shortest digits that give the same float, then zeros."""
    if isinstance(value, dict):
        return {k: _as_go_writes(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_as_go_writes(v) for v in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(Decimal(repr(value)))
    return value


def _row(answer: Answer) -> dict[str, Any]:
    if answer.accepted:
        return {"accepted": True, "object": _as_go_writes(answer.object)}
    return {"accepted": False, "reason": answer.reason, "fields": answer.fields, "messages": answer.messages}


def _named(obj: K8sObject, answer: Answer) -> dict[str, Any]:
    said = {"warnings": list(answer.warnings), "unknown": list(answer.unknown)}
    return {"object": obj.ref.to_json(), "file": obj.origin.file if obj.origin else None, **_row(answer), **said}


def _text(answers: list[tuple[K8sObject, Answer]]) -> Iterator[str]:
    refused = 0
    for obj, answer in answers:
        where = f"{obj.origin.file}: " if obj.origin else ""
        if not answer.accepted:
            refused += 1
            yield f"{where}{obj.ref}: {answer.reason}"
            yield from (f"  {message}" for message in answer.messages)
        yield from (f"{where}{obj.ref}: {note}" for note in (*answer.warnings, *answer.unknown))
    yield f"{len(answers)} objects, {refused} refused"
