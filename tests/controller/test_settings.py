"""Options from the words of users and scenario files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gitops_kong.controller.scenario_file import load, parse
from gitops_kong.controller.settings import controller_options, parse_version, scenario_options
from gitops_kong.errors import UserError


def test_versions() -> None:
    assert parse_version("v3.4.3") == (3, 4, 3)
    assert parse_version("3.4") == (3, 4, 20)
    assert parse_version("3.6") == (3, 6, 0)
    for bad in ("3", "latest", "3.1.0", "2.12.0"):
        with pytest.raises(UserError):
            parse_version(bad)


def test_gates_have_the_version_s_defaults() -> None:
    assert not controller_options("3.2.4").gate("KongCustomEntity")
    assert controller_options("3.3.0").gate("KongCustomEntity")
    assert controller_options("3.2.4", feature_gates={"KongCustomEntity": True}).gate("KongCustomEntity")
    with pytest.raises(UserError, match="Falback"):
        controller_options("3.5.13", feature_gates={"Falback": True})


def test_scenario_options() -> None:
    options = scenario_options("3.5.13", {"kongVersion": "3.4", "fallbackConfiguration": True, "ingressClass": "x"})
    assert (options.gateway_version, options.gate("FallbackConfiguration"), options.ingress_class) == (
        (3, 4),
        True,
        "x",
    )
    flags = {"ExpressionRoutes": True, "EnterpriseEdition": True}
    assert scenario_options("3.5.13", {"featureFlags": flags}).router_flavor == "expressions"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "a mapping is needed"),
        ({}, "steps"),
        ({"steps": []}, "at least one step"),
        ({"steps": [{"manifest": "a.yaml"}]}, "'manifest'"),
        ({"steps": [{"manifests": 1}]}, "a path or a list of paths"),
        ({"steps": [{"updates": "two"}]}, "a number of update loops"),
        ({"steps": [{"gateway": "kong"}]}, "schema, rules"),
        ({"steps": [{"reject": [{"kind": "x"}]}]}, "'kind'"),
        ({"steps": [{"reject": [{"message": ["x"]}]}]}, "a mapping of fields"),
        ({"steps": [{}], "options": {"routerFlavor": "x"}}, "routerFlavor"),
        ({"steps": [{"expect": {"x": 1}}]}, "'x'"),
    ],
)
def test_scenario_files_say_what_is_wrong(data: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parse(data, "case.yaml")


def test_a_scenario_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        load(str(tmp_path / "none.yaml"))
    (tmp_path / "case.yaml").write_text("a: [")
    with pytest.raises(UserError, match="not a scenario file"):
        load(str(tmp_path / "case.yaml"))
