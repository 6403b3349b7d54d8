"""Makes a repository of any size, the same for the same size: N Ingresses, N Services, 0.4 N KongPlugins, a file each.

python benchmarks/generate.py FOLDER [--ingresses 5000] [--broken 0]
"""

from __future__ import annotations

import random
from pathlib import Path

import click

TEAMS = 50
PLUGINS = (
    ("rate-limiting", "minute: {n}\n  policy: local"),
    ("cors", 'origins: ["https://{n}.example.com"]\n  max_age: {n}'),
    ("key-auth", "key_names: [x-key-{n}]"),
    ("request-transformer", 'add:\n    headers: ["x-n:{n}"]'),
    ("ip-restriction", "allow: [10.0.{m}.0/24]"),
)
PLUGIN = """apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata:
  name: plugin-{n}
  namespace: team-{team}
plugin: {kind}
config:
  {text}
"""
SERVICE = """apiVersion: v1
kind: Service
metadata:
  name: service-{n}
  namespace: team-{team}
spec:
  selector:
    app: service-{n}
  ports:
  - name: http
    port: 80
    targetPort: 8080
"""
INGRESS = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ingress-{n}
  namespace: team-{team}
  annotations:
    konghq.com/strip-path: "true"{plugins}
spec:
  ingressClassName: kong
  rules:
  - host: host-{n}.example.com
    http:
      paths:
      - path: /a/{n}
        pathType: Prefix
        backend:
          service:
            name: service-{n}
            port:
              number: 80
      - path: /b/{n}
        pathType: Exact
        backend:
          service:
            name: service-{n}
            port:
              name: http
"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--ingresses", default=5000, show_default=True)
@click.option("--broken", default=0, show_default=True, help="How many plugins have a field that Kong does not know.")
def main(folder: Path, ingresses: int, broken: int) -> None:
    """Write the repository into FOLDER."""
    rng = random.Random(7)
    plugins = ingresses * 2 // 5
    for n in range(plugins):
        kind, config = PLUGINS[(n // TEAMS) % len(PLUGINS)]
        text = config.format(n=n + 1, m=n % 250) + ("\n  surprise: true" if n < broken else "")
        write(folder, n, f"plugin-{n}", PLUGIN.format(n=n, team=n % TEAMS, kind=kind, text=text))
    for n in range(ingresses):
        team = n % TEAMS
        first = team + TEAMS * rng.randrange(max(plugins // TEAMS, 1))
        used = [p for p in (first, first + TEAMS) if p < plugins]
        names = f"\n    konghq.com/plugins: {', '.join(f'plugin-{p}' for p in used)}" if used else ""
        write(folder, n, f"service-{n}", SERVICE.format(n=n, team=team))
        write(folder, n, f"ingress-{n}", INGRESS.format(n=n, team=team, plugins=names))


def write(folder: Path, n: int, name: str, text: str) -> None:
    file = folder / f"team-{n % TEAMS}" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
