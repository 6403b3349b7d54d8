"""The flags that say which cluster is asked, shared by the commands that read one."""

from __future__ import annotations

import os
from typing import Any

import click

from gitops_kong.cli.say import say
from gitops_kong.cli.sections import section
from gitops_kong.live.client import Client, Patience
from gitops_kong.live.kubeconfig import connect

# Adds the flags to a command, which gives its keyword arguments to `client_of`.
cluster_flags = section(
    "Cluster",
    click.option("--kubeconfig", metavar="FILE", help="Default: $KUBECONFIG, ~/.kube/config, the Pod's account."),
    click.option("--kube-context", metavar="NAME", help="Context of the kubeconfig."),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0),
        default=60.0,
        metavar="SECONDS",
        help="How long to try one request while the API server is away or too busy; default: 60.",
    ),
)


def client_of(flags: dict[str, Any]) -> Client:
    """The client that the flags ask for, which are taken out of `flags`. Raises UserError."""
    connection = connect(flags.pop("kubeconfig"), flags.pop("kube_context"), os.environ)
    return Client(connection, Patience(flags.pop("timeout"), say=say))
