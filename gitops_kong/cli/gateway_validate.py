"""`gitops-kong gateway-validate`: what a gateway would answer to declarative configurations."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitops_kong.errors import UserError
from gitops_kong.gateway import catalogue, deck
from gitops_kong.gateway.custom_schemas import load_custom
from gitops_kong.gateway.records import Edition
from gitops_kong.gateway.validate import Verdict, validate
from gitops_kong.manifests import yaml

if TYPE_CHECKING:
    from gitops_kong.cluster.options import RouterFlavor


def _bytes_of(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None


def _lines(file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The lines of a JSON lines file."""
    for number, line in enumerate(_bytes_of(file).splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UserError(f"{file}:{number}: not JSON: {error}") from None
        if not isinstance(row, dict) or "name" not in row or not isinstance(row.get("config"), dict):
            raise UserError(f'{file}:{number}: expected an object {{"name": …, "config": {{…}}}}')
        yield row["name"], row["config"]


def _files(file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The one configuration of a YAML or JSON file."""
    documents = yaml.read_documents(_bytes_of(file), file)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise UserError(f"{file}: expected one declarative configuration, an object with `_format_version`")
    config = documents[0]
    yield file, deck.without_deck(config) if deck.is_deck(config) else config


def _describe(name: str, verdict: Verdict) -> Iterator[str]:
    answer = {201: "accepted", 400: "rejected", 500: "the gateway fails on it (500)"}[verdict.status]
    yield f"{name}: {answer}"
    for entry in verdict.errors:
        title = " ".join(filter(None, (entry["entityType"], entry.get("entityName"))))
        tags = ", ".join(entry.get("entityTags", ()))
        yield f"  {title}" + (f" ({tags})" if tags else "")
        for error in entry["errors"]:
            where = f"{error['field']}: " if "field" in error else ""
            yield f"    {where}{error['message']}"
    if verdict.status == 400 and not verdict.errors:
        yield "  the gateway names no entity"
    yield from (f"  {message}" for message in verdict.general)
    yield from (f"  not verified: {what}" for what in verdict.unverified)


@click.command("gateway-validate")
@click.option("--gateway-version", default="3.9", show_default=True, help="Version of Kong Gateway, 3.4 to 3.9.")
@click.option(
    "--router-flavor",
    type=click.Choice(["traditional_compatible", "traditional", "expressions"]),
    default="traditional_compatible",
    show_default=True,
    help="The gateway's `router_flavor`.",
)
@click.option("--edition", type=click.Choice(["oss", "enterprise"]), default="oss", show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json", "jsonl"]), default="text", show_default=True)
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
def command(
    gateway_version: str, router_flavor: RouterFlavor, edition: Edition, form: str, files: tuple[str, ...]
) -> None:
    """Say what Kong Gateway would answer to declarative configurations.

    FILE is a YAML or JSON file, also one that decK wrote; `-` is stdin. With `--format jsonl`, FILE has a line
    {"name", "config"} for each configuration.
    """
    schemas = catalogue.load(gateway_version)
    custom = load_custom(Path())
    if custom:
        schemas = schemas.with_plugins(custom)
    read = _lines if form == "jsonl" else _files
    rejected = False
    results = []
    for file in files:
        for name, config in read(file):
            verdict = validate(config, schemas, router_flavor, edition)
            rejected = rejected or verdict.status != 201
            result = {"name": name, "status": verdict.status, "errors": verdict.errors}
            if form == "jsonl":
                click.echo(json.dumps(result))
            elif form == "json":
                extra = {"general": list(verdict.general), "unverified": list(verdict.unverified)}
                results.append({"file": name, **{k: v for k, v in result.items() if k != "name"}, **extra})
            else:
                click.echo("\n".join(_describe(name, verdict)).encode("utf-8", "replace"))
    if form == "json":
        click.echo(
            json.dumps({"schemaVersion": "1", "gateway": {"version": schemas.version}, "results": results}, indent=2)
        )
    if rejected:
        raise click.exceptions.Exit(1)
