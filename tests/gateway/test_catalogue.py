import time
from pathlib import Path

import pytest

from gitops_kong.errors import UserError
from gitops_kong.gateway import catalogue
from gitops_kong.gateway.catalogue import Catalogue
from gitops_kong.gateway.records import Compiler
from gitops_kong.gateway.relations import Relations


@pytest.mark.parametrize("asked", ["3.9", "3.9.1", "v3.9.1", "3.9.1.2", "3.9.0-enterprise"])
def test_patches_share_their_minor_version(asked: str) -> None:
    assert catalogue.load(asked) is catalogue.load("3.9")


@pytest.mark.parametrize("asked", ["3.3", "4.0", "", "x"])
def test_versions_without_schemas_are_a_user_error(asked: str) -> None:
    with pytest.raises(UserError, match="no schemas of Kong Gateway"):
        catalogue.load(asked)


def test_versions_differ_in_their_plugins() -> None:
    assert catalogue.load("3.4").plugin("redirect") is None
    assert catalogue.load("3.9").plugin("redirect") is not None
    assert len(catalogue.load("3.4").plugins) == 37
    assert len(catalogue.load("3.9").plugins) == 45


def test_loading_a_version_is_fast() -> None:
    start = time.perf_counter()
    Catalogue("3.7")
    assert time.perf_counter() - start < 1  # the aim is 30 ms; this only catches what is grossly wrong


@pytest.mark.parametrize("version", catalogue.VERSIONS)
def test_everything_compiles(version: str) -> None:
    schemas = catalogue.load(version)
    for flavor in ("traditional", "traditional_compatible", "expressions"):
        compiler = Compiler(schemas, flavor)  # type: ignore[arg-type]
        for name in schemas.entities:
            compiler.entity(name).check({})
        for name in schemas.plugins:
            schema = schemas.plugin(name)
            assert schema is not None
            compiler.record(schema).check({})


def test_no_schema_is_the_same_twice_and_none_has_a_description() -> None:
    files = sorted((Path(catalogue.__file__).parent / "schemas").rglob("*.json"))
    assert len(files) > 70
    for file in files:
        lines = file.read_text().splitlines()
        assert len(set(lines)) == len(lines)
        assert '"description":"' not in file.read_text()


def test_custom_plugins_join_a_catalogue() -> None:
    schema = {"fields": {"config": {"type": "record", "required": True, "fields": {"a": {"type": "string"}}}}}
    mine = catalogue.load("3.9").with_plugins({"mine": schema})
    assert mine.plugin("mine") == schema
    assert mine.fill_plugin_defaults({"name": "mine"}) == {
        "name": "mine", "config": {"a": None}, "protocols": ["http", "https"], "enabled": True,
    }  # fmt: skip
    assert catalogue.load("3.9").plugin("mine") is None


def test_parents_come_before_what_refers_to_them() -> None:
    schemas = catalogue.load("3.9")
    relations = Relations({name: schemas.entity(name) or {} for name in schemas.entities})
    for relation in relations.all:
        assert relations.order.index(relation.parent) < relations.order.index(relation.child)
    assert relations.order[0] == "workspaces"


def test_what_the_admin_api_tells_of_an_entity() -> None:
    fields = catalogue.load("3.9").entity_fields("keys")
    assert fields is not None
    assert fields["set"]["reference"] == "key_sets"
    assert catalogue.load("3.9").entity_fields("nonsense") is None
