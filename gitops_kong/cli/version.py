"""`gitops-kong version`: what a bug report needs."""

from __future__ import annotations

import platform
import shutil
import subprocess
from importlib import metadata

import click
import yaml

from gitops_kong import __version__
from gitops_kong.controller.versions import NEWEST_KNOWN, OLDEST
from gitops_kong.gateway.catalogue import VERSIONS as GATEWAYS
from gitops_kong.sources.tools import isolation

PACKAGES = (
    "click",
    "pyyaml",
    "jsonschema",
    "kubernetes-validate",
    "gitpython",
    "cel-expr-python",
    "cel-python",
    "lupa",
)
PROGRAMS = {
    "git": ["--version"],
    "helm": ["version", "--short"],
    "kustomize": ["version"],
    "kubectl": ["version", "--client"],
}
PATIENCE = 10  # seconds for a program to say its version


@click.command()
@click.option("-v", "--verbose", is_flag=True, help="With Python, packages and programs, for bug reports.")
def command(verbose: bool) -> None:
    """Print the version."""
    click.echo(f"gitops-kong {__version__}")
    if not verbose:
        return
    known = " – ".join(".".join(map(str, version)) for version in (OLDEST, NEWEST_KNOWN))
    click.echo(f"controllers known: {known}")
    click.echo(f"gateways known: {GATEWAYS[0]} – {GATEWAYS[-1]}")
    click.echo(f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}")
    for package in PACKAGES:
        click.echo(f"{package}: {_package(package)}")
    click.echo(f"libyaml: {'yes' if yaml.__with_libyaml__ else 'no, YAML is read slowly'}")
    for program, arguments in PROGRAMS.items():
        click.echo(f"{program}: {_program(program, arguments)}")
    walls = "in a network namespace of their own" if isolation() else "kept from the network by their environment alone"
    click.echo(f"renderers: {walls}")


def _package(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _program(name: str, arguments: list[str]) -> str:
    path = shutil.which(name)
    if path is None:
        return "not found"
    try:
        done = subprocess.run(  # noqa: S603 - a program that the person has on PATH, asked for its version
            [path, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as e:
        return f"does not answer ({type(e).__name__})"
    return (done.stdout or done.stderr).strip().partition("\n")[0] or "does not say"
