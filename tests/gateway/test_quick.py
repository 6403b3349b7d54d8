from typing import Any

import pytest

from gitops_kong.gateway import catalogue, quick
from gitops_kong.gateway.catalogue import Catalogue
from gitops_kong.gateway.validate import validate


def services(count: int) -> dict[str, Any]:
    return {
        "_format_version": "3.0",
        "services": [
            {
                "name": f"s-{i}",
                "host": f"s-{i}.example",
                "tags": [f"k8s-name:s-{i}"],
                "routes": [{"name": f"r-{i}", "hosts": [f"h-{i}.example"], "paths": [f"/{i}/", f"~/{i}$"]}],
                "plugins": [{"name": "key-auth", "config": {"key_names": ["a"]}}],
            }
            for i in range(count)
        ],
    }


def learned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...] | None]:
    seen: list[tuple[Any, ...] | None] = []
    learn = quick.Shapes.learn

    def spy(self: quick.Shapes, shape: tuple[Any, ...] | None, data: Any) -> None:
        seen.append(shape)
        learn(self, shape, data)

    monkeypatch.setattr(quick.Shapes, "learn", spy)
    return seen


def test_equal_shapes_are_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = learned(monkeypatch)
    assert validate(services(50), Catalogue("3.9")).status == 201
    assert len(seen) == 3  # a service, a route, a plugin


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"host": "a b"}, "host"),
        ({"host": None}, "host"),
        ({"tags": ["a,b"]}, "tags.1"),
        ({"name": 1}, "name"),
        ({"name": True}, "name"),
        ({"port": True}, "port"),
        ({"nonsense": 1}, "nonsense"),
        ({"id": "x"}, "id"),
        ({"protocol": "grpc", "path": "/"}, "path"),
    ],
)
def test_what_differs_is_still_seen(change: dict[str, Any], field: str) -> None:
    config = services(5)
    config["services"][3].update(change)
    verdict = validate(config, catalogue.load("3.9"))
    assert verdict.status == 400
    assert field in {error.get("field") for entry in verdict.errors for error in entry["errors"]}


@pytest.mark.parametrize("path", ["~/(", "x", "//", "/a/../b", "", 5, None, "/%zz"])
def test_paths_are_judged_one_by_one(path: Any) -> None:
    config = services(5)
    config["services"][3]["routes"][0]["paths"][1] = path
    assert validate(config, catalogue.load("3.9")).status == 400


def test_a_required_field_that_is_missing_has_another_shape() -> None:
    config = services(5)
    del config["services"][3]["host"]
    assert validate(config, catalogue.load("3.9")).status == 400


def test_true_is_not_one() -> None:
    schemas = catalogue.load("3.9")
    for retries, status in ((1, 201), (True, 400), (1, 201), (1.0, 201), (1.5, 400)):
        config = services(1)
        config["services"][0]["retries"] = retries
        assert validate(config, schemas).status == status


def test_what_was_not_verified_is_told_every_time() -> None:
    config = services(3)
    config["services"][1]["plugins"].append({"name": "openid-connect"})
    config["services"][2]["sla"] = "gold"
    for _ in range(2):
        verdict = validate(config, catalogue.load("3.9"), edition="enterprise")
        assert (verdict.status, verdict.unverified) == (201, ("field sla", "plugin openid-connect"))
