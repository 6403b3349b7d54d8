"""What `snapshot` and `audit` cost on a real API server on this machine, with many Ingresses.

python benchmarks/live.py [--ingresses 5000] [--repeat 3]

kube-apiserver and etcd come from the cache folder (`make test-live` gets them there). Wall time includes theirs.
"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.run import cost
from gitops_kong.live.resources import READ
from tests.live import server
from tests.live.conftest import _established

_OWN = (sys.executable, "-m", "gitops_kong")
_WORKERS = 4


def ingress(number: int, namespace: str) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": f"i{number}.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    made: dict[str, Any] = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": f"i{number:05}", "namespace": namespace, "annotations": {"konghq.com/strip-path": "true"}},
        "spec": {"ingressClassName": "kong", "rules": [rule]},
    }
    made["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = json.dumps(made)
    return made


def fill(cluster: server.Cluster, many: int) -> None:
    namespaces = [f"n{i}" for i in range(10)]
    kinds = [
        (r.api_version, r.kind, r.namespaced) for r in READ if "konghq" in r.api_version or "gateway." in r.api_version
    ]
    cluster.create(*server.definitions(kinds), status=False)
    _established(cluster)
    for name in namespaces:
        metadata = {"name": "web", "namespace": name}
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}})
    context = ssl.create_default_context(cafile=str(cluster.authority))
    headers = {"Authorization": f"Bearer {server.ADMIN}", "Content-Type": "application/json"}

    def some(first: int) -> None:
        connection = http.client.HTTPSConnection("127.0.0.1", cluster.port, context=context)
        for number in range(first, many, _WORKERS):
            made = ingress(number, namespaces[number % 10])
            connection.request("POST", server.path_of(made), json.dumps(made), headers)
            answer = connection.getresponse()
            assert answer.status == 201, answer.read()
            answer.read()

    with ThreadPoolExecutor(_WORKERS) as pool:
        list(pool.map(some, range(_WORKERS)))


@click.command()
@click.option("--ingresses", default=5000, show_default=True)
@click.option("--repeat", default=3, show_default=True)
def main(ingresses: int, repeat: int) -> None:
    lacking = server.missing()
    if lacking:
        raise click.ClickException(f"no {', '.join(lacking)} here; {server.HOW}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cluster = server.Cluster(folder)
        try:
            cluster.start()
            fill(cluster, ingresses)
            config = str(cluster.kubeconfig(folder / "kubeconfig"))
            print("| Ingresses | what | wall s | CPU s | peak MB |\n|---:|---|---:|---:|---:|")
            file = str(folder / "snapshot.json")
            for words in (
                ("snapshot", "--kubeconfig", config, "-o", file),
                ("snapshot", "--kubeconfig", config, "--since", file),
                ("audit", "--kubeconfig", config, "--grace", "0"),
            ):
                best = min((cost((*_OWN, *words), folder) for _ in range(repeat)), key=lambda c: c.wall)
                what = f"{words[0]} --since" if "--since" in words else words[0]
                print(f"| {ingresses} | {what} | {best.wall:.2f} | {best.cpu:.2f} | {best.memory:.0f} |")
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
