"""How long the API server's judgement takes for one object of each kind: schemas, CEL rules, pruning, defaulting.

python benchmarks/admission.py [--objects 5000] [--kind HTTPRoute]…

Every object is different, so that nothing is answered from a cache of equal objects. The first objects of a kind, which
compile its schema, are not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import click

from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.controller.settings import NEWEST
from gitops_kong.manifests.objects import K8sObject

WARM = 20


def _object(api_version: str, kind: str, n: int, **content: Any) -> K8sObject:
    metadata = {"name": f"object-{n}", "namespace": f"team-{n % 50}", "annotations": {"konghq.com/strip-path": "true"}}
    return K8sObject({"apiVersion": api_version, "kind": kind, "metadata": metadata, **content})


def _ingress(n: int) -> K8sObject:
    backend = {"service": {"name": f"service-{n}", "port": {"number": 80}}}
    paths = [{"path": f"/{part}/{n}", "pathType": "Prefix", "backend": backend} for part in "ab"]
    rules = [{"host": f"host-{n}.example.com", "http": {"paths": paths}}]
    return _object("networking.k8s.io/v1", "Ingress", n, spec={"ingressClassName": "kong", "rules": rules})


def _http_route(n: int) -> K8sObject:
    matches = [
        {"path": {"type": "PathPrefix", "value": f"/a/{n}"}, "method": "GET"},
        {"path": {"type": "Exact", "value": f"/b/{n}"}, "headers": [{"name": "x-team", "value": str(n)}]},
    ]
    change = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x", "value": str(n)}]}}
    rules = [{"matches": matches, "filters": [change], "backendRefs": [{"name": f"service-{n}", "port": 80}]}]
    spec = {"parentRefs": [{"name": "kong"}], "hostnames": [f"host-{n}.example.com"], "rules": rules}
    return _object("gateway.networking.k8s.io/v1", "HTTPRoute", n, spec=spec)


def _service(n: int) -> K8sObject:
    spec = {"selector": {"app": f"service-{n}"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    return _object("v1", "Service", n, spec=spec)


def _plugin(n: int) -> K8sObject:
    api = "configuration.konghq.com/v1"
    return _object(api, "KongPlugin", n, plugin="rate-limiting", config={"minute": n, "policy": "local"})


def _consumer(n: int) -> K8sObject:
    return _object("configuration.konghq.com/v1", "KongConsumer", n, username=f"user-{n}", credentials=[f"key-{n}"])


def _secret(n: int) -> K8sObject:
    return _object("v1", "Secret", n, type="Opaque", data={"key": "a2V5LTE=", "password": "cGFzc3dvcmQ="})


MAKERS: Mapping[str, Callable[[int], K8sObject]] = {
    "Ingress": _ingress,
    "HTTPRoute": _http_route,
    "Service": _service,
    "KongPlugin": _plugin,
    "KongConsumer": _consumer,
    "Secret": _secret,
}


@click.command()
@click.option("--objects", default=5000, show_default=True)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(list(MAKERS)), help="Default: all.")
def main(objects: int, kinds: tuple[str, ...]) -> None:
    """Print microseconds of one core for an object of each kind."""
    for kind in kinds or MAKERS:
        server = ApiServer(tuple(map(int, NEWEST.split("."))))  # type: ignore[arg-type]
        made = [MAKERS[kind](n) for n in range(objects + WARM)]
        for obj in made[:WARM]:
            answer = server.admit(obj)
            if not answer.accepted:
                raise click.ClickException(f"{kind}: {answer.messages}")
        start = time.process_time()
        for obj in made[WARM:]:
            server.admit(obj)
        seconds = time.process_time() - start
        print(f"{kind:13} {objects} objects in {seconds:.2f} s: {seconds / objects * 1e6:.0f} microseconds each")


if __name__ == "__main__":
    main()
