"""Counts the work of a check instead of timing it: the calls of functions, which a loaded machine does not change.

python benchmarks/work.py                 the numbers, against those of benchmarks/recorded.json
python benchmarks/work.py --record        write them there, after a change that is meant to need more
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

HERE = Path(__file__).parent
RECORDED = HERE / "recorded.json"
TOLERANCE = 1.15
SIZES = (50, 150)

_RUN = """
import contextlib, io, sys
from gitops_kong.cli import main as cli
calls = 0
def count(frame, event, argument):
    global calls
    calls += event in ("call", "c_call")
sys.argv = ["gitops-kong", *sys.argv[1:]]
if "--cache" in sys.argv:
    from gitops_kong.reuse import snapshot
    snapshot._RACY = -(10**18)  # the times of files of this moment count, too
sys.setprofile(count)
try:
    with contextlib.redirect_stdout(io.StringIO()):
        cli.main()
except SystemExit as e:
    status = e.code
sys.setprofile(None)
own = sum(name.partition(".")[0] == "gitops_kong" for name in sys.modules)
print(status, calls, own, len(sys.modules))
"""


def measure() -> dict[str, float]:
    """Calls that each further object costs a check, and the modules that commands import (`own` are the package's)."""
    calls: list[int] = []
    warm: list[int] = []
    objects: list[int] = []
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            place = Path(folder) / str(size)
            generator = [sys.executable, str(HERE / "generate.py"), str(place), "--ingresses", str(size)]
            subprocess.run(generator, check=True, capture_output=True, timeout=120)
            objects.append(sum(1 for file in place.rglob("*.yaml")))
            count, own, _ = _run(place, "check", "--no-cache")
            calls.append(count)
            found["modules of check, own"] = own
            _run(place, "check", "--cache")
            with (place / "team-0" / "ingress-0.yaml").open("a", encoding="utf-8") as file:
                file.write("# changed\n")
            warm.append(_run(place, "check", "--cache")[0])
        _, own, modules = _run(Path(folder), "--help")
        found["modules of --help, own"], found["modules of --help"] = own, modules
    more = objects[1] - objects[0]
    found["calls per object of check"] = round((calls[1] - calls[0]) / more, 1)
    found["calls per object of check, one file changed"] = round((warm[1] - warm[0]) / more, 1)
    return found


def _run(place: Path, *arguments: str) -> tuple[int, int, int]:
    paths = os.pathsep.join(filter(None, (str(HERE.parent.resolve()), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments],
        cwd=place,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "0", "XDG_CACHE_HOME": f"{place}-cache"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    status, calls, own, modules = done.stdout.split()
    if status not in ("0", "1"):
        raise RuntimeError(f"{' '.join(arguments)} ended with {status}: {done.stderr}")
    return int(calls), int(own), int(modules)


def worse(now: dict[str, float], recorded: dict[str, float]) -> list[str]:
    """What needs over 15 % more than was recorded."""
    return [
        f"{name}: {now[name]:g}, recorded are {value:g}"
        for name, value in recorded.items()
        if now[name] > value * TOLERANCE
    ]


@click.command()
@click.option("--record", is_flag=True, help="Write the numbers to benchmarks/recorded.json.")
def main(record: bool) -> None:
    """Count the work of a check."""
    now = measure()
    for name, value in now.items():
        click.echo(f"{name}: {value:g}")
    if record:
        RECORDED.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
        return
    found = worse(now, json.loads(RECORDED.read_text(encoding="utf-8")))
    for line in found:
        click.echo(f"over 15 % worse: {line}", err=True)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
