"""What a run over a fleet costs: work that is shared and work that is not, bytes that go to workers, a second run.

python benchmarks/fleet.py [--clusters 200] [--repositories 3] [--ingresses 50] [--snapshots 20] [--jobs 2]

Each repository has two targets, `test` and `production`; a tenth of the clusters run the first, the others the second,
under two versions of the controller. `--snapshots` says how many different contexts the clusters have: 1 is a fleet
of equals, as many as clusters one in which no cluster is like another.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.run import HERE, calibrate, cost
from gitops_kong.cli.fleet_run import FleetSettings, run_fleet
from gitops_kong.cli.inputs import CheckSettings
from gitops_kong.fleet.engines import Engine, engine_of
from gitops_kong.fleet.file import read_fleet
from gitops_kong.fleet.job import Done, Job, Work
from gitops_kong.fleet.journal import Journal


class Counting:
    """An engine that counts what goes to it and comes back, in bytes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.contents: dict[str, int] = {}
        self.compressed = self.each_time = self.settings = self.results = 0

    def run(self, jobs: Iterator[Job], work: Work) -> Iterator[Done]:
        for done in self.engine.run(self._counted(jobs), work):
            self.results += len(done.result)
            yield done

    def _counted(self, jobs: Iterator[Job]) -> Iterator[Job]:
        for job in jobs:
            self.settings += len(job.settings)
            for part in job.parts.values():
                self.each_time += len(part.data)
                if part.key not in self.contents:
                    self.contents[part.key] = len(part.data)
                    self.compressed += len(zlib.compress(part.data, 1))
            yield job


@click.group(invoke_without_command=True)
@click.option("--clusters", default=200, show_default=True)
@click.option("--repositories", default=3, show_default=True)
@click.option("--ingresses", default=50, show_default=True, help="Of each repository.")
@click.option("--snapshots", "variants", multiple=True, type=int, default=(1, 20, 200), show_default=True)
@click.option("--jobs", default=1, show_default=True, help="CPU time of several is not counted.")
@click.option("--unshared/--no-unshared", default=True, help="Run without sharing, too.")
@click.pass_context
def main(
    context: click.Context,
    clusters: int,
    repositories: int,
    ingresses: int,
    variants: tuple[int, ...],
    jobs: int,
    unshared: bool,
) -> None:
    """Measure fleets of several kinds."""
    if context.invoked_subcommand:
        return
    click.echo(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, --jobs {jobs}\n")
    click.echo(f"{clusters} clusters × {repositories} repositories of {ingresses} Ingresses\n")
    heads = (
        "snapshots",
        "",
        "wall s",
        "CPU s",
        "ratio",
        "peak MB",
        "run",
        "rendered",
        "sent MB",
        "zlib MB",
        "results MB",
    )
    click.echo(f"| {' | '.join(heads)} |")
    click.echo("|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as temporary:
        for variant in variants:
            place = Path(temporary) / str(variant)
            make(place, clusters, repositories, ingresses, variant)
            kinds = (("shared", True, False), ("again, --resume", True, True), ("nothing shared", False, False))
            for name, share, resume in kinds:
                if share or (unshared and variant == variants[0]):
                    row(place, name, share, resume, jobs, variant)


def row(place: Path, name: str, share: bool, resume: bool, jobs: int, variant: int) -> None:
    """One line of the table."""
    flags = ["--share" if share else "--no-share", "--resume" if resume else "--no-resume", "--jobs", str(jobs)]
    loop = min(calibrate() for _ in range(3))
    used = cost([sys.executable, __file__, "one", str(place), *flags], place)
    told = json.loads((place / "told.json").read_text())
    click.echo(
        f"| {variant} | {name} | {used.wall:.1f} | {used.cpu:.1f} | {used.cpu / loop:.0f} | {used.memory:.0f}"
        f" | {told['computed']} of {told['checks']} | {told['renderings']} | {told['sent'] / 1e6:.2f}"
        f" | {told['compressed'] / 1e6:.2f} | {told['results'] / 1e6:.2f} |"
    )


@main.command()
@click.argument("place", type=click.Path(path_type=Path))
@click.option("--share/--no-share")
@click.option("--resume/--no-resume")
@click.option("--jobs", type=int, default=2)
def one(place: Path, share: bool, resume: bool, jobs: int) -> None:
    """One run over the fleet in PLACE; what it did is written to told.json."""
    file = place / "fleet.yaml"
    fleet = read_fleet(file.read_bytes(), str(file))
    engine = Counting(engine_of("processes", jobs))
    settings = FleetSettings(CheckSettings(), resume=resume, share=share)
    start = time.perf_counter()
    report, counts = run_fleet(fleet, place, settings, engine, Journal(place / "state"), lambda _check, _total: None)
    told = {
        "seconds": time.perf_counter() - start,
        "checks": report.checks,
        "computed": counts.computed,
        "renderings": counts.renderings,
        "sent": sum(engine.contents.values()) + engine.settings if share else engine.each_time + engine.settings,
        "compressed": engine.compressed,
        "results": engine.results,
    }
    (place / "told.json").write_text(json.dumps(told))


def make(place: Path, clusters: int, repositories: int, ingresses: int, variants: int) -> None:
    """A fleet: its file, its repositories, the snapshots of its clusters."""
    names = [f"repository-{i}" for i in range(repositories)]
    for number, name in enumerate(names):
        for target in ("test", "production"):
            folder = place / name / target
            size = str(ingresses + number)  # none is like another
            cost([sys.executable, str(HERE / "generate.py"), str(folder), "--ingresses", size], place.parent)
        (place / name / ".gitops-kong.yaml").write_text("targets: [{path: test}, {path: production}]\n")
    (place / "snapshots").mkdir()
    snapshot = "\n---\n".join(sorted(f.read_text() for f in (place / names[0] / "test").rglob("*.yaml"))[:60])
    for i in range(variants):
        text = snapshot.replace("host-", f"snapshot-{i}-host-").replace("name: ", "name: present-")
        (place / "snapshots" / f"{i}.yaml").write_text(text)
    fleet = {
        "repositories": {name: {"path": name} for name in names},
        "groups": [
            {"controller": {"version": "3.5.13"}},
            {
                "clusters": {"labels": {"stage": "test"}},
                "controller": {"version": "3.4.20"},
                "targets": [{"repository": name, "names": ["test"]} for name in names],
            },
            {
                "clusters": {"labels": {"stage": "production"}},
                "targets": [{"repository": name, "names": ["production"]} for name in names],
            },
        ],
        "clusters": [
            {
                "name": f"cluster-{i}",
                "labels": {"stage": "test" if i % 10 == 0 else "production"},
                "context": [f"snapshots/{i * variants // clusters}.yaml"],
            }
            for i in range(clusters)
        ],
    }
    (place / "fleet.yaml").write_text(json.dumps(fleet))
    shutil.rmtree(place / "state", ignore_errors=True)


if __name__ == "__main__":
    main()
