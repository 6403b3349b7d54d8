"""CPU and wall time of a check of many targets: kustomize overlays, from nothing, with several processes, and again.

python benchmarks/targets.py [--targets 100] [--repeat 3]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent))
from generate import INGRESS, PLUGIN, SERVICE
from run import _OWN, cost, row

BASES = 5
APPS = 8  # of each base


@click.command()
@click.option("--targets", default=100, show_default=True)
@click.option("--repeat", default=3, show_default=True, help="The best of so many runs counts.")
def main(targets: int, repeat: int) -> None:
    """Measure with one process, with as many as the machine has, after a run that was kept, and after one change."""
    click.echo("| targets | what | wall s | CPU s | peak MB | ratio |\n|---:|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        place = folder / "repository"
        for n in range(BASES):
            base(place / "bases" / str(n))
        for n in range(targets):
            overlay = f"resources: [../../bases/{n % BASES}]\nnamespace: team-{n}\n"
            write(place / "overlays" / f"{n:03}" / "kustomization.yaml", overlay)
        check = (*_OWN, "check", "--no-base")
        for what, more in (("one process", ("--jobs", "1")), ("by cores", ())):
            found = [cost((*check, "--no-cache", *more), place) for _ in range(repeat)]
            row(targets, f"check --no-cache, {what}", found)
        cache = folder / "cache"
        cost(check, place, cache)
        row(targets, "check again", [cost(check, place, cache) for _ in range(repeat)])
        found = []
        for n in range(repeat):
            with (place / "overlays" / "000" / "kustomization.yaml").open("a", encoding="utf-8") as file:
                file.write(f"# change {n}\n")
            found.append(cost(check, place, cache))
        row(targets, "check, one overlay changed", found)


def base(place: Path) -> None:
    """A kustomization of some applications, as `generate.py` makes them."""
    for n in range(APPS):
        plugin = PLUGIN.format(n=n, team=0, kind="rate-limiting", text=f"minute: {n + 1}\n  policy: local")
        ingress = INGRESS.format(n=n, team=0, plugins=f"\n    konghq.com/plugins: plugin-{n}")
        write(place / f"app-{n}.yaml", "---\n".join((plugin, SERVICE.format(n=n, team=0), ingress)))
    write(place / "kustomization.yaml", "resources:\n" + "".join(f"- app-{n}.yaml\n" for n in range(APPS)))


def write(file: Path, text: str) -> None:
    """A file, and its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
