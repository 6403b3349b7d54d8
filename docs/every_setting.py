"""What becomes of the shop's Ingresses in the four scenarios, for every setting of the controller that matters.

python docs/every_setting.py SHOP     print it; SHOP is a repository that examples/shop/make-history.sh made
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from gitops_kong.cli.inputs import CheckSettings
from gitops_kong.cli.pipeline import check
from gitops_kong.cli.progress import Progress
from gitops_kong.cli.repository import open_repository
from gitops_kong.cli.settings import ControllerSettings
from gitops_kong.predict.model import SCENARIOS

VERSIONS = ("3.2.4", "3.4.3", "3.5.13")
INGRESSES = ("checkout", "search", "suggestions")
HEAD = ["controller", "gate", "last valid", "Ingress", *SCENARIOS]


def rows(shop: Path) -> Iterator[list[str]]:
    """One row for each setting and Ingress: `configuration status traffic` in each scenario."""
    repository = open_repository((str(shop),), "main", compare=True)
    for version, gate, last_valid in product(VERSIONS, (True, False), (False, True)):
        controller = ControllerSettings(
            version, feature_gates={"FallbackConfiguration": gate}, use_last_valid_config_for_fallback=last_valid
        )
        wanted = CheckSettings(repository.paths, targets=("production",), controller=controller)
        report = check(repository.head, repository.base, repository.config, wanted, Progress(quiet=True))
        found = {
            (p.object.name, scenario): " ".join(p.outcome)
            for p in report.targets[0].predictions
            for scenario in (SCENARIOS if p.scenario == "*" else (p.scenario,))
            if p.object.kind == "Ingress"
        }
        for name in INGRESSES:
            setting = [version, "on" if gate else "off", "yes" if last_valid else "no"]
            yield [*setting, name, *(found[name, scenario] for scenario in SCENARIOS)]


def main() -> None:
    """Print the table with columns of even width."""
    table = [HEAD, *rows(Path(sys.argv[1]))]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


if __name__ == "__main__":
    main()
