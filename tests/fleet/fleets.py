"""Small fleets for tests: repositories of plain manifests, clusters that run them, and work for engines."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result

from gitops_kong.cli.main import cli
from gitops_kong.fleet.content import Packed
from gitops_kong.fleet.job import Content, Job

PLUGIN = """
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {{name: limit, namespace: shop}}
plugin: rate-limiting
config: {{{field}: 5}}
"""
APP = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop, annotations: {konghq.com/plugins: limit}}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80}]}
"""
GOOD, BAD = PLUGIN.format(field="minute"), PLUGIN.format(field="minutes")


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Files below a folder."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def fleet_of(root: Path, clusters: list[dict[str, Any]], **more: Any) -> Path:
    """A fleet file beside a repository `apps` with a good and a bad target."""
    write(root, {"apps/good/app.yaml": APP, "apps/good/plugin.yaml": GOOD})
    write(root, {"apps/bad/app.yaml": APP, "apps/bad/plugin.yaml": BAD})
    file = root / "fleet.yaml"
    file.write_text(yaml.safe_dump({"repositories": {"apps": {"path": "apps"}}, "clusters": clusters, **more}))
    return file


def runs(*names: str) -> dict[str, Any]:
    """What a cluster says that runs these targets of `apps`."""
    return {"targets": [{"repository": "apps", "names": list(names)}]}


def run(file: Path, *arguments: str) -> Result:
    """`gitops-kong fleet` with a state folder beside the file."""
    state = file.parent / "state"
    return CliRunner().invoke(cli, ["fleet", str(file), "--jobs", "1", "--state", str(state), *arguments])


def report(file: Path, *arguments: str) -> dict[str, Any]:
    """The JSON report of a run."""
    done = run(file, "--format", "json", *arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def echo(settings: bytes, parts: Mapping[str, Content]) -> bytes:
    """Work for engines: the settings, and what came of each content."""
    told = json.loads(settings)
    time.sleep(told.get("seconds", 0))
    if told.get("dies"):
        os.kill(os.getpid(), signal.SIGKILL)
    if told.get("fails"):
        raise ZeroDivisionError("of this job")
    return json.dumps([told["number"], *(part.data.decode() for part in parts.values())]).encode()


def echo_job(number: int, **more: Any) -> Job:
    """A job for `echo`; all share one content and have one of their own."""
    own = Packed.of(f"own {number}".encode())
    return Job(json.dumps({"number": number, **more}).encode(), {"shared": Packed.of(b"all " * 1000), "own": own})


def echoed(number: int) -> bytes:
    """What `echo` makes of `echo_job(number)`."""
    return json.dumps([number, "all " * 1000, f"own {number}"]).encode()
