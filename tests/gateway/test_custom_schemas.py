import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from gitops_kong.cli.main import cli
from gitops_kong.errors import UserError
from gitops_kong.gateway import catalogue, custom_schemas
from gitops_kong.gateway.validate import validate

SCHEMA = """
local typedefs = require "kong.db.schema.typedefs"
local helpers = require "kong.plugins.my-plugin.helpers"
local function even(value) return value % 2 == 0 end
return {
  name = "my-plugin",
  fields = {
    { consumer = typedefs.no_consumer },
    { protocols = typedefs.protocols_http },
    { config = {
        type = "record",
        fields = {
          { host = typedefs.host { required = true } },
          { port = typedefs.port({ default = 8080 }) },
          { mode = { type = "string", one_of = { "a", "b" }, default = "a" } },
          { count = { type = "integer", custom_validator = even } },
          { extra = helpers.extra },
          { names = { type = "array", default = {}, elements = { type = "string", match = "^%l+$" } } },
          { broken = { type = "string", match = "[a" } },
        },
        entity_checks = {
          { mutually_required = { "mode", "port" } },
          { custom_entity_check = { field_sources = { "mode" }, fn = even } },
        },
    } },
  },
}
"""


def write(folder: Path, text: str, name: str = "schema.lua") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(text, "utf-8")
    return file


def errors_of(config: object, schemas: catalogue.Catalogue) -> dict[str, str]:
    plugin = {"name": "my-plugin", "config": config, "tags": ["k8s-name:x"]}
    verdict = validate({"_format_version": "3.0", "plugins": [plugin]}, schemas)
    return {error.get("field", "@"): error["message"] for entry in verdict.errors for error in entry["errors"]}


def test_a_schema_is_taken_over(tmp_path):
    found = custom_schemas.read(write(tmp_path / "my-plugin", SCHEMA))
    assert list(found) == ["my-plugin"]
    assert found["my-plugin"]["unverified"] == [
        "config.count: custom_validator",
        "config.extra: the whole field",
        "config.broken: match",
        "config: custom_entity_check",
    ]
    config = found["my-plugin"]["fields"]["config"]
    assert list(config["fields"]) == ["host", "port", "mode", "count", "extra", "names", "broken"]
    assert config["fields"]["port"] == {"type": "integer", "between": [0, 65535], "default": 8080}
    assert config["fields"]["names"]["default"] == []
    assert config["entity_checks"] == [{"mutually_required": ["mode", "port"]}]


def test_the_gateway_judges_by_it(tmp_path):
    custom_schemas.store(tmp_path, custom_schemas.read(write(tmp_path / "src", SCHEMA)))
    schemas = catalogue.load("3.9").with_plugins(custom_schemas.load_custom(tmp_path))
    assert errors_of({"host": "a.example", "count": 3, "extra": {"x": 1}, "broken": "]"}, schemas) == {}
    assert errors_of({"host": "a b", "mode": "c", "names": ["A"], "nope": 1}, schemas) == {
        "config.host": "invalid value: a b",
        "config.mode": "expected one of: a, b",
        "config.names.1": "invalid value: A",
        "config.nope": "unknown field",
    }
    assert errors_of({}, schemas) == {"config.host": "required field missing"}
    assert errors_of({}, catalogue.load("3.9")) == {
        "name": "plugin 'my-plugin' not enabled; add it to the 'plugins' configuration property"
    }


def test_what_was_not_verified_is_said(tmp_path):
    schemas = catalogue.load("3.9").with_plugins(custom_schemas.read(write(tmp_path, SCHEMA)))
    plugin = {"name": "my-plugin", "config": {"host": "a.example"}}
    note = "plugin my-plugin: config.count: custom_validator"
    for _ in range(3):
        assert note in validate({"_format_version": "3.0", "plugins": [plugin]}, schemas).unverified
    assert note not in validate({"_format_version": "3.0"}, schemas).unverified


def test_a_dump_of_the_admin_api(tmp_path):
    dump = {"fields": [{"config": {"type": "record", "fields": [{"a": {"type": "string"}}]}}], "entity_checks": []}
    one = custom_schemas.read(write(tmp_path, json.dumps(dump), "from-file.json"))
    assert list(one) == ["from-file"]
    assert one["from-file"]["unverified"] == ["functions, which a dump leaves out"]
    several = custom_schemas.read(write(tmp_path, json.dumps({"p": dump, "q": dump}), "all.json"))
    assert list(several) == ["p", "q"]
    assert sorted(custom_schemas.read(tmp_path)) == ["from-file", "p", "q"]


def test_what_was_stored_stays_as_it_is(tmp_path):
    found = custom_schemas.read(write(tmp_path / "a", SCHEMA))
    custom_schemas.store(tmp_path, found)
    assert custom_schemas.load_custom(tmp_path) == found
    assert custom_schemas.load_custom(tmp_path / "nothing") == {}


def test_the_command(tmp_path):
    source = write(tmp_path / "src" / "my-plugin", SCHEMA)
    result = CliRunner().invoke(cli, ["schemas", "import", str(source), "--root", str(tmp_path)])
    assert result.exit_code == 0
    assert (tmp_path / ".gitops-kong/schemas/my-plugin.json").exists()
    assert "not verified: config.count: custom_validator" in result.output


def test_a_dump_of_all_plugins_leaves_those_of_kong_alone(tmp_path):
    dump = {"fields": [{"config": {"type": "record", "fields": []}}]}
    file = write(tmp_path, json.dumps({"rate-limiting": dump, "mine": dump}), "all.json")
    result = CliRunner().invoke(cli, ["schemas", "import", str(file), "--root", str(tmp_path)])
    assert result.exit_code == 0
    assert "rate-limiting: comes with Kong and is known; left out" in result.output
    assert list(custom_schemas.load_custom(tmp_path)) == ["mine"]


FIELDS = 'fields = { { config = { type = "record", fields = { { x = { type = "string", default = %s } } } } } }'
HIDDEN = ("io", "os", "debug", "ffi", "package", "load", "loadstring", "loadfile", "dofile", "getfenv", "setfenv")
MORE_HIDDEN = ("getmetatable", "collectgarbage", "newproxy", "coroutine", "pcall", "xpcall", "python", "module", "jit")


def test_nothing_dangerous_is_there(tmp_path):
    tests = "\n".join(f'if {name} ~= nil then found = found .. " {name}" end' for name in HIDDEN + MORE_HIDDEN)
    source = f"""
    local found = ""
    {tests}
    if string.dump or ("").dump then found = found .. " dump" end
    if type(require("io").open) == "function" or type(require("os").execute) == "function" then found = "require" end
    for name, value in pairs(_G) do if type(value) == "userdata" then found = found .. " " .. name end end
    return {{ name = "x", {FIELDS % "found"} }}
    """
    found = custom_schemas.read(write(tmp_path, source))
    assert found["x"]["fields"]["config"]["fields"]["x"]["default"] == ""


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("while true do end", "runs too long"),
        ("local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end", "too much memory"),
        ("local s = ('a'):rep(1e9)", "too much memory"),
        (
            "return ('a'):rep(200):find(('a*'):rep(9) .. 'b')",
            "too long",
        ),  # stopped by CPU time, or on a loaded machine by the clock
        ("local function f() return f() + 1 end f()", "stack overflow"),
        ("error({})", "schema.lua"),
        ("error('no')", "no"),
        ("return 1", "returns no table"),
        ("return require('x')", "returns no table"),
        ("local t = {} t.t = t return t", "contains itself"),
        ("local t = { a = 1 } for i = 1, 100 do t = { t } end return t", "nested too deeply"),
        ("return { name = ('x'):rep(5000000) }", "too large"),
        ("return {", "unexpected symbol near"),
        ("\x1bLua", "bytecode"),
        ("return { name = '../../x', " + FIELDS % "nil" + " }", "is no name of a plugin"),
        ("return { name = 'x', fields = {} }", "no field `config`"),
        ("kong.db.schema.x() ngx.null.x = 1 return {}", "no field `config`"),
        ("setmetatable(ngx.null, {})", "protected metatable"),
        ("setmetatable(require('x'), {})", "protected metatable"),
    ],
)
def test_attacks_and_mistakes_are_one_line(tmp_path, source, message):
    with pytest.raises(UserError) as caught:
        custom_schemas.read(write(tmp_path, source))
    assert message in str(caught.value)
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"fields": 1}', '{"x": 1}', '{"fields": [{"config": 1}]} x', "[" * 100_000]
)
def test_broken_dumps(tmp_path, text):
    with pytest.raises(UserError):
        custom_schemas.read(write(tmp_path, text, "x.json"))


NAMES = """
type fields elements keys values match between one_of required default len_min entity_checks conditional if_field
if_match match_any patterns reference eq x
"""
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 70000), st.floats(), st.sampled_from(["string", "record", "[a"])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES.split()), inner, max_size=4)
    ),
    max_leaves=12,
)


@example({"type": None, "match": "string"}, [], "record")
@example({"elements": {"type": []}}, None, "record")
@given(JSON, JSON, st.sampled_from(["record", "string", "map", "array"]))
def test_any_schema_can_be_used(spec, value, kind):
    field = {**spec, "type": kind} if isinstance(spec, dict) else spec
    schema = custom_schemas.normalized({"fields": [{"config": {"type": "record", "fields": [{"x": field}]}}]})
    assert custom_schemas.normalized(schema) == schema
    schemas = catalogue.load("3.9").with_plugins({"my-plugin": schema})
    assert isinstance(errors_of({"x": value}, schemas), dict)


PLUGIN = """
apiVersion: configuration.konghq.com/v1
kind: KongClusterPlugin
metadata: {name: p, labels: {global: "true"}, annotations: {kubernetes.io/ingress.class: kong}}
plugin: my-plugin
config: {host: "a b"}
"""


def test_check_uses_what_the_repository_brings_along(tmp_path):
    write(tmp_path, PLUGIN, "plugin.yaml")
    before = CliRunner().invoke(cli, ["check", str(tmp_path), "--format", "text"])
    assert "plugin 'my-plugin' not enabled" in before.output
    custom_schemas.store(tmp_path, custom_schemas.read(write(tmp_path / "src", SCHEMA)))
    after = CliRunner().invoke(cli, ["check", str(tmp_path), "--format", "text"])
    assert "config.host: invalid value: a b" in after.output
    assert "not enabled" not in after.output
    assert "plugin my-plugin takes what its functions check: config.count" in after.output


def test_gateway_validate_uses_them_too(tmp_path, monkeypatch):
    custom_schemas.store(tmp_path, custom_schemas.read(write(tmp_path / "src", SCHEMA)))
    config = {"_format_version": "3.0", "plugins": [{"name": "my-plugin", "config": {"host": "a.example"}}]}
    file = write(tmp_path, json.dumps(config), "kong.json")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["gateway-validate", str(file)])
    assert result.exit_code == 0
    assert "not verified: plugin my-plugin: config.count: custom_validator" in result.output
