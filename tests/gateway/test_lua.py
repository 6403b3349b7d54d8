import pytest

from gitops_kong.gateway import lua


@pytest.mark.parametrize(
    ("value", "text"),
    [(1, "1"), (1.0, "1"), (1.5, "1.5"), (-0.5, "-0.5"), (10**15, "1e+15"), (2**53, "9.007199254741e+15"),
     (1e300, "1e+300"),
     (0.000001, "1e-06"), (True, "true"), (None, "userdata: NULL"), ("a", "a")],
)  # fmt: skip
def test_tostring(value: object, text: str) -> None:
    assert lua.tostring(value) == text


def test_equality_tells_booleans_from_numbers() -> None:
    assert lua.equal(1, 1.0)
    assert not lua.equal(1, True)
    assert not lua.equal(0, False)
    assert lua.deep_equal([1, {"a": 2}], [1.0, {"a": 2.0}])
    assert lua.deep_equal([], {})
    assert not lua.deep_equal([1], {"1": 1})


def test_an_empty_object_is_an_empty_array() -> None:
    assert lua.as_sequence({}) == []
    assert lua.as_sequence({"a": 1}) is None
    assert lua.as_table(["a", "b"]) == {1: "a", 2: "b"}


def test_fields_by_dotted_names() -> None:
    assert lua.get_field({"a": {"b": 1}}, "a.b") == 1
    assert lua.get_field({"a": None}, "a.b") is lua.MISSING
    assert lua.get_field({"a": "text"}, "a.b") is lua.MISSING
    with pytest.raises(lua.GatewayCrash):
        lua.get_field({"a": 5}, "a.b")
    table: lua.Table = {}
    lua.set_field(table, "a.b", 1)
    assert table == {"a": {"b": 1}}
    with pytest.raises(lua.GatewayCrash):
        lua.set_field({"a": "text"}, "a.b", 1)


@pytest.mark.parametrize(("value", "is_one"), [("{vault://env/a}", True), ("{vault://}", True), ("{vault:/env}", False),
                                             ("{vault://env/a", False), (5, False)])  # fmt: skip
def test_references(value: object, is_one: bool) -> None:
    assert lua.is_reference(value) is is_one
