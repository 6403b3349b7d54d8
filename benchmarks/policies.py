"""How long all rules take on a repository of benchmarks/generate.py: the objects are read and translated before.

python benchmarks/policies.py FOLDER
"""

from __future__ import annotations

import time
from pathlib import Path

import click

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.settings import NEWEST, controller_options
from gitops_kong.gateway.catalogue import load
from gitops_kong.gateway.entity_validation import ServingSchemas
from gitops_kong.manifests.yaml import read_objects
from gitops_kong.policies.engine import judge
from gitops_kong.policies.evidence import Evidence
from gitops_kong.policies.model import built_in
from gitops_kong.translate.build import translate


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
def main(folder: Path) -> None:
    """Print seconds of one core for the rules that are on by default, and for all, where everything has changed."""
    objects = [o for file in sorted(folder.rglob("*.yaml")) for o in read_objects(file.read_bytes(), str(file))]
    options, catalogue = controller_options(NEWEST), load("3.9")
    store = ObjectStore(objects)
    config = translate(store, options, ServingSchemas(catalogue, options)).config
    for name, all_rules in (("on by default", False), ("all", True)):
        rules = [p for p in built_in().values() if p.enabled or all_rules]
        evidence = Evidence(
            store,
            options,
            stored={o.ref: o for o in objects},
            changes={o.ref: "modified" for o in objects},
            configuration=lambda: config,
            plugin_schema=catalogue.plugin,
        )
        start = time.process_time()
        found = sum(1 for _ in judge(rules, "", evidence))
        seconds = time.process_time() - start
        print(f"{len(rules)} rules {name}, {len(objects)} objects: {found} findings in {seconds:.2f} s")


if __name__ == "__main__":
    main()
