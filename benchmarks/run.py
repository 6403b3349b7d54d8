"""Wall time, CPU time and peak memory of the commands, for repositories of several sizes, and of peers that are here.

python benchmarks/run.py [--ingresses N]… [--repeat 3] [--plot FILE.svg]

Prints a table in Markdown, and draws CPU time by size. `ratio` is CPU time over that of a calibrating loop in the same
run: compare this one from commit to commit and from machine to machine. kubeconform finds no schemas, so that it only
reads what it is given. Peers whose time grows with the square of the size are left out of large repositories.
"""

from __future__ import annotations

import compileall
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

sys.path.insert(0, str(Path(__file__).parent))
from plot import svg

HERE = Path(__file__).parent
_OWN = (sys.executable, "-m", "gitops_kong")
STAGES = (("--version",), ("--help",), ("render", "."), ("translate", "."), ("check", "--no-cache"))
WARM = "check, one file changed"  # since a run that was kept
_MOST = {"kustomize build": 500, "kubectl kustomize": 500, "helm template": 5000}  # Ingresses, for peers


class Cost(NamedTuple):
    """Seconds of wall and CPU time, and the peak of memory in MB."""

    wall: float
    cpu: float
    memory: float


def cost(command: Sequence[str], place: Path, cache: Path | None = None) -> Cost:
    """What one run of a command costs; `cache` is the folder for what it keeps."""
    paths = os.pathsep.join(filter(None, (str(HERE.parent.resolve()), os.environ.get("PYTHONPATH"))))
    kept = {"XDG_CACHE_HOME": str(cache), "GITOPS_KONG_CACHE": "1"} if cache else {"GITOPS_KONG_CACHE": "0"}
    start = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=place,
        env={**os.environ, "PYTHONPATH": paths, **kept},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise click.ClickException(f"{' '.join(command)} ended with {process.returncode}")
    peak = used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, peak)


def calibrate() -> float:
    """CPU seconds of a loop over dictionaries, the kind of work that a check is."""
    start = time.process_time()
    for _ in range(20):
        seen = {str(i): i for i in range(20_000)}
        if sum(seen.values()) != sum(range(20_000)):
            raise click.ClickException("the calibrating loop is wrong")
    return time.process_time() - start


def peers(place: Path, folder: Path) -> Iterator[tuple[str, tuple[str, ...], Path]]:
    """Peers that are installed, each with the command and the folder that it runs in."""
    if shutil.which("kubeconform"):
        empty = f"{folder}/none/{{{{.ResourceKind}}}}.json"
        yield "kubeconform", ("kubeconform", "-ignore-missing-schemas", "-schema-location", empty, "."), place
    for name, make, command in (
        ("kustomize build", _kustomization, ("kustomize", "build", ".")),
        ("kubectl kustomize", _kustomization, ("kubectl", "kustomize", ".")),
        ("helm template", _chart, ("helm", "template", "bench", ".")),
    ):
        if shutil.which(command[0]) and int(place.name) <= _MOST[name]:
            own = folder / f"{place.name}-{command[0]}"
            make(place, own)
            yield name, command, own


def _kustomization(place: Path, own: Path) -> None:
    shutil.copytree(place, own)
    files = sorted(file.relative_to(own).as_posix() for file in own.rglob("*.yaml"))
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", "resources:"]
    (own / "kustomization.yaml").write_text("\n".join([*lines, *(f"- {file}" for file in files)]) + "\n")


def _chart(place: Path, own: Path) -> None:
    shutil.copytree(place, own / "templates")
    (own / "Chart.yaml").write_text("apiVersion: v2\nname: bench\nversion: 0.1.0\n")


@click.command()
@click.option("--ingresses", "sizes", type=int, multiple=True, default=(50, 500, 5000, 50_000), show_default=True)
@click.option("--repeat", default=3, show_default=True, help="The best of so many runs counts.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw CPU time by size into this file.")
def main(sizes: tuple[int, ...], repeat: int, plot: Path | None) -> None:
    """Measure the commands and the peers."""
    compileall.compile_dir(HERE.parent / "gitops_kong", quiet=2)  # as pip does when it installs
    lines: dict[str, list[tuple[int, float]]] = {}
    click.echo(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores\n")
    click.echo("| Ingresses | what | wall s | CPU s | peak MB | ratio |\n|---:|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for size in sizes:
            place = folder / str(size)
            generator = (sys.executable, str(HERE / "generate.py"), str(place), "--ingresses", str(size))
            cost(generator, folder)
            runs = 1 if size > 5000 else repeat
            for stage in STAGES:
                found = [cost((*_OWN, *stage), place) for _ in range(runs)]
                lines.setdefault(" ".join(stage), []).append((size, row(size, " ".join(stage), found)))
            lines.setdefault(WARM, []).append((size, row(size, WARM, warm(place, folder, runs))))
            for name, command, own in peers(place, folder):
                found = [cost(command, own) for _ in range(runs)]
                lines.setdefault(name, []).append((size, row(size, name, found)))
            shutil.rmtree(place)
    if plot:
        plot.write_text(svg(lines), encoding="utf-8")


def warm(place: Path, folder: Path, repeat: int) -> list[Cost]:
    """Runs of `check` after one that was kept, each with one more change to one file."""
    cache = folder / f"{place.name}-cache"
    time.sleep(2.5)  # the times of younger files prove nothing, so they are read again
    cost((*_OWN, "check"), place, cache)
    found = []
    for n in range(repeat):
        with (place / "team-0" / "ingress-0.yaml").open("a", encoding="utf-8") as file:
            file.write(f"# change {n}\n")
        found.append(cost((*_OWN, "check"), place, cache))
    return found


def row(size: int, name: str, found: Sequence[Cost]) -> float:
    """One line of the table; gives CPU seconds. The best run counts, and the highest peak of memory."""
    loop = min(calibrate() for _ in range(3))
    cpu = min(one.cpu for one in found)
    wall, memory = min(one.wall for one in found), max(one.memory for one in found)
    click.echo(f"| {size} | {name} | {wall:.2f} | {cpu:.2f} | {memory:.0f} | {cpu / loop:.1f} |")
    return cpu


if __name__ == "__main__":
    main()
