"""Findings on small targets."""

from typing import Any

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.settings import controller_options
from gitops_kong.manifests.yaml import read_objects
from gitops_kong.policies.evidence import Evidence
from gitops_kong.policies.model import Policy, read_policy


def rule(**fields: Any) -> Policy:
    """A rule with these fields, and what else a rule must have."""
    lines = {
        "id": "own",
        "group": "correctness",
        "severity": "warning",
        "title": "t",
        "meaning": "m",
        "remediation": "r",
        "kinds": "[Ingress]",
        "expression": "'true'",
        "message": "\"'told'\"",
        "examples": "{pass: [{}], fail: [{}]}",
    }
    text = "".join(f"{name}: {value}\n" for name, value in {**lines, **fields}.items())
    return read_policy(text.encode(), "own.yaml")


def evidence(text: str, version: str = "3.5.13", **more: Any) -> Evidence:
    objects = read_objects(text.encode(), "all.yaml")
    return Evidence(ObjectStore(objects), controller_options(version), stored={o.ref: o for o in objects}, **more)
