"""Wall time, CPU time and peak memory of the commands, for repositories of several sizes, and of peers that are here.

python benchmarks/run.py [--ingresses N]… [--repeat 3]

Prints a table in Markdown. `ratio` is CPU time over that of a calibrating loop in the same run: compare this one from
commit to commit and from machine to machine. kubeconform finds no schemas, so that it only reads what it is given.
"""

from __future__ import annotations

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

HERE = Path(__file__).parent
_OWN = (sys.executable, "-m", "gitops_kong")
STAGES = (("--version",), ("--help",), ("render", "."), ("translate", "."), ("check",))


class Cost(NamedTuple):
    """Seconds of wall and CPU time, and the peak of memory in MB."""

    wall: float
    cpu: float
    memory: float


def cost(command: Sequence[str], place: Path) -> Cost:
    """What one run of a command costs."""
    paths = os.pathsep.join(filter(None, (str(HERE.parent.resolve()), os.environ.get("PYTHONPATH"))))
    start = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=place,
        env={**os.environ, "PYTHONPATH": paths},
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
        ("helm template", _chart, ("helm", "template", "bench", ".")),
    ):
        if shutil.which(command[0]):
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
@click.option("--ingresses", "sizes", type=int, multiple=True, default=(50, 500, 5000), show_default=True)
@click.option("--repeat", default=3, show_default=True, help="The best of so many runs counts.")
def main(sizes: tuple[int, ...], repeat: int) -> None:
    """Measure the commands and the peers."""
    click.echo(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores\n")
    click.echo("| Ingresses | what | wall s | CPU s | peak MB | ratio |\n|---:|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for size in sizes:
            place = folder / str(size)
            generator = (sys.executable, str(HERE / "generate.py"), str(place), "--ingresses", str(size))
            cost(generator, folder)
            for stage in STAGES:
                row(size, " ".join(stage), (*_OWN, *stage), place, repeat)
            for name, command, own in peers(place, folder):
                row(size, name, command, own, repeat)


def row(size: int, name: str, command: Sequence[str], place: Path, repeat: int) -> None:
    """One line of the table."""
    loop = min(calibrate() for _ in range(3))
    found = [cost(command, place) for _ in range(repeat)]
    cpu = min(one.cpu for one in found)
    wall, memory = min(one.wall for one in found), max(one.memory for one in found)
    click.echo(f"| {size} | {name} | {wall:.2f} | {cpu:.2f} | {memory:.0f} | {cpu / loop:.1f} |")


if __name__ == "__main__":
    main()
