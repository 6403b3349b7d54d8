import json
from pathlib import Path

import pytest

from gitops_kong.controller.scenario_file import load
from gitops_kong.controller.scenario_world import simulate

MANIFESTS = """
apiVersion: configuration.konghq.com/v1
kind: KongClusterPlugin
metadata: {name: own, labels: {global: "true"}, annotations: {kubernetes.io/ingress.class: kong}}
plugin: our-plugin
config: {size: 3}
"""
SCHEMA = {"name": "our-plugin", "fields": [{"config": {"type": "record", "fields": [{"size": {"type": "integer"}}]}}]}


@pytest.mark.parametrize("known", [True, False])
def test_plugins_of_the_repository_are_known(tmp_path: Path, known: bool) -> None:
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "all.yaml").write_text(MANIFESTS)
    (folder / "case.json").write_text(json.dumps({"steps": [{"manifests": "all.yaml"}]}))
    if known:
        schemas = tmp_path / ".gitops-kong" / "schemas"
        schemas.mkdir(parents=True)
        (schemas / "our-plugin.json").write_text(json.dumps(SCHEMA))
    (result,) = simulate(load(str(folder / "case.json")), "3.5.13")
    assert result.record.pushes[0].answer.accepted is known
