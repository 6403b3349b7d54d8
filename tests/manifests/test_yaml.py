"""Values as `sigs.k8s.io/yaml` v1.6 gives them; each was compared with what the Go library printed."""

from __future__ import annotations

import time

import pytest

from gitops_kong.errors import ManifestError
from gitops_kong.manifests import nodes, yaml
from gitops_kong.manifests.objects import Origin
from gitops_kong.manifests.yaml import read_documents, read_objects

SCALARS = {
    "yes": True,
    "No": False,
    "y": True,
    "tRue": "tRue",
    "~": None,
    "": None,
    "0777": 511,
    "0o17": 15,
    "0x1F": 31,
    "0XfF": 255,
    "-0b11": -3,
    "0b": "0b",
    "08": 8,
    "-012": -10,
    "1_000": 1000,
    "1__0": 10,
    "_1": "_1",
    "+7": 7,
    "-0": 0,
    "-0.0": 0,
    "5.": 5,
    ".5": 0.5,
    ".1_5": 0.15,
    ".e5": ".e5",
    "1e3": 1000,
    "1.5e-7": 1.5e-7,
    "1e400": "1e400",
    "1e21": 1e21,
    "9007199254740993": 9007199254740993,
    "1234567890123456789.0": 1234567890123456800,
    "9223372036854775807": 9223372036854775807,
    "9223372036854775808": 9223372036854775808.0,
    "-9223372036854775809": -9223372036854775808.0,
    "18446744073709551616": 18446744073709551616.0,
    "0x1FFFFFFFFFFFFFFFF": "0x1FFFFFFFFFFFFFFFF",
    "12:30:45": "12:30:45",
    "2026-03-04": "2026-03-04",
    "2026-03-04T05:06:07Z": "2026-03-04T05:06:07Z",
    '"yes"': "yes",
    "'it''s'": "it's",
    '"a\\tb"': "a\tb",
    "!!str 12": "12",
    '!!int "5"': 5,
    "!!float 5": 5,
    "!own x": "x",
    "!!binary aGk=": "hi",
    "!!binary /w==": "\ufffd",
    "a#b": "a#b",
    "a # b": "a",
    "http://x:80/a": "http://x:80/a",
    "[a, 1, yes, {b: ~}]": ["a", 1, True, {"b": None}],
    "{x: , y: 1}": {"x": None, "true": 1},
}


@pytest.mark.parametrize("text", SCALARS)
def test_scalars(text: str) -> None:
    value = SCALARS[text]
    for source in (f"k: {text}\n", f"k: {text}  # note\n", f"- k: {text}\n"):
        (found,) = read_documents(source.encode(), "f")
        found = found[0] if isinstance(found, list) else found
        assert found == {"k": value}
        assert type(found["k"]) is type(value)


KEYS = {
    "1: a": {"1": "a"},
    "07: a": {"7": "a"},
    "no: a": {"false": "a"},
    "0.1: a": {"0.1": "a"},
    "1e6: a": {"1e+06": "a"},
    "1234567.5: a": {"1.2345675e+06": "a"},
    "-0.0: a": {"-0": "a"},
    ".inf: a": {".inf": "a"},
    '"5": a': {"5": "a"},
    "a b: c": {"a b": "c"},
    "a : b": {"a": "b"},
    "? a\n: b": {"a": "b"},
}


@pytest.mark.parametrize("text", KEYS)
def test_keys_become_text(text: str) -> None:
    assert read_documents(text.encode(), "f") == [KEYS[text]]


MERGES = {
    "x: &a {k: 1, z: 1}\nv:\n  <<: *a\n  z: 2\n": {"k": 1, "z": 2},
    "x: &a {k: 1, z: 1}\nv:\n  z: 2\n  <<: *a\n": {"k": 1, "z": 1},  # goyaml goes by the order of the lines
    "x: &a {k: 1}\nv:\n  <<: [*a, {k: 2, m: 3}]\n": {"k": 1, "m": 3},
    'x: 1\nv:\n  "<<": 1\n': {"<<": 1},
}


@pytest.mark.parametrize("text", MERGES)
def test_merge_keys(text: str) -> None:
    assert read_documents(text.encode(), "f")[0]["v"] == MERGES[text]


ERRORS = {
    "a: 1\nb: 2\na: 3\n": "f:3:1: duplicate key 'a'; remove one of the two",
    '1: a\n"1": b\n': "f:2:1: duplicate key '1'",
    '{"a": 1, "a": 2}': "f:1:10: duplicate key 'a'",
    "x: y\n---\n\na:\n  b: 1\n c: 2\n": "f:6:2: not YAML: ",
    "plain\n  text\n- a: b\n": "f:3:4: not YAML: mapping values are not allowed",
    "a: b: c": "f:1:5: not YAML: mapping values are not allowed in this context",
    "a: [1, 2": "f:1:4: not YAML: ",
    "a: *b": "f:1:4: an alias without an anchor",
    "a: &x [*x]": "f:1:8: the value of an anchor contains itself",
    "<<: 1": "f:1:5: map merge requires map or sequence of maps as the value",
    "~: a": "f:1:1: unsupported key: null is no key",
    "[a]: b": "f:1:1: a key must be text, not a list or a mapping",
    "a: .nan": "f:1:4: JSON has no such value: .nan is no JSON number",
    "a: !!int x": "f:1:4: this text is no !!int",
    "a: !!binary '#'": "f:1:4: !!binary value contains invalid base64 data",
    "a: b\x07": "f:1:5: not YAML: control characters are not allowed",
    'a: "\\/"': "f:1:4: not YAML: found unknown escape character",
    "a: 1\n--- b\n": "f:2:4: invalid document separator: only a comment may follow ---",
    "a:\n\t- b\n": "f:2:1: not YAML: while scanning for the next token found character that cannot start any token",
    "[" * 300 + "]" * 300: "f:1:101: nested deeper than 100 levels",
}


@pytest.mark.parametrize("parser", ["libyaml", "python"])
@pytest.mark.parametrize("text", ERRORS)
def test_errors_have_a_position(text: str, parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = ERRORS[text]
    if parser == "python":
        monkeypatch.setattr(nodes, "_CParser", None)
        expected = expected.partition("not YAML")[0].rpartition(":")[0] if "not YAML" in expected else expected
        expected = expected.rpartition(":")[0]  # the two see syntax errors at different columns
    with pytest.raises(ManifestError) as error:
        read_documents(text.encode(), "f")
    assert str(error.value).startswith(expected)
    assert "\n" not in str(error.value)


ODD = {
    "{a:}": {"a:": None},
    "[a:]": ["a:"],
    "k: {a:, b: c:}": {"k": {"a:": None, "b": "c:"}},
    "k: [a:, b:c, 'd':1, \"e\":[f:]]": {"k": ["a:", "b:c", {"d": 1}, {"e": ["f:"]}]},
    "k: [a:b:]": {"k": ["a:b:"]},
    "k: {a: [:]}": None,
    "k: {x: http:}\nj: \ue000": {"k": {"x": "http:"}, "j": "\ue000"},
    "[? a]": [{"a": None}],
    "[a: b, c]": [{"a": "b"}, "c"],
    "{a:1}": {"a:1": None},
    "[!a, b]": ["b"],
    "[!a,b]": None,
    "[!!str, 1]": ["1"],
    "[!!str ,1]": ["", 1],
    "[!<tag:yaml.org,2002:str>,1]": None,
    "%YAML 1.1\n": None,
    "%YAML 1.1\n---\na: 1": None,  # the separator leaves a directive without its document
    "%TAG !e! tag:x,2000:\n---\na: 1": None,
    "%a": None,
    "k: |\n  a": {"k": "a\n"},
    "k: |-\n  a": {"k": "a"},
    "k: >\n  a\n  b": {"k": "a b\n"},
    "a: 1\n\ufeffb: 2": {"a": 1, "\ufeffb": 2},
    "\ufeff\ufeffa: 1": {"a": 1},
    "--- # c\ra: 1\r": {"a": 1},
    "---\ra: 1\r": None,
}


@pytest.mark.parametrize("parser", ["libyaml", "python"])
@pytest.mark.parametrize("text", ODD)
def test_odd_documents_give_what_go_reads(text: str, parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if parser == "python":
        monkeypatch.setattr(nodes, "_CParser", None)
    found: object
    try:
        (found,) = read_documents(text.encode(), "f")
    except ManifestError:
        found = None
    assert found == ODD[text]


def test_only_yaml_1_1_is_read() -> None:
    assert yaml.read_value(b"%YAML 1.1\n---\na: yes") == {"a": True}
    with pytest.raises(ManifestError, match=r"^-:1:1: not YAML: found incompatible YAML document"):
        yaml.read_value(b"%YAML 1.2\n---\na: yes")


def test_colons_without_end_are_an_error() -> None:
    with pytest.raises(ManifestError, match="too many colons"):
        read_documents(b"k: [" + b"a:," * 50 + b"]\n", "f")


def test_invalid_utf8_has_a_position() -> None:
    with pytest.raises(ManifestError, match=r"^f:2:4: not YAML: invalid UTF-8$"):
        read_documents(b"a: 1\nb: \xff\n", "f")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(encoding: str) -> None:
    assert read_documents("a: é\r\nb: 2\r\n".encode(encoding), "f") == [{"a": "é", "b": 2}]


def test_documents() -> None:
    text = b"# top\n---\n---\n# nothing\n--- # note\na: 1\n...\n---\nb: |\n  x\n  ---y\n---\n[1]\n---"
    documents = list(yaml.read_pieces(text, "f"))
    assert [(d.line, d.value) for d in documents] == [(5, {"a": 1}), (8, {"b": "x\n---y\n"}), (12, [1])]
    assert [d.number for d in documents] == sorted({d.number for d in documents})


def test_json_reads_what_yaml_does_not() -> None:
    text = b'\n{"a": "\\ud83d\\ude00\\/", "b": 1.0, "c": 18446744073709551615, "d":{"e":[]}}\n'
    (value,) = read_documents(text, "f")
    assert value == {"a": "\U0001f600/", "b": 1, "c": 18446744073709551615.0, "d": {"e": []}}
    assert type(value["b"]) is int


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": "\\ud83d"}', '{"a": 1', "{a: b]"])
def test_broken_json_is_an_error_with_a_position(text: str) -> None:
    if text == '{"a": NaN}':
        assert read_documents(text.encode(), "f") == [{"a": "NaN"}]  # as YAML it is text
        return
    with pytest.raises(ManifestError, match=r"^f:1:\d+: "):
        read_documents(text.encode(), "f")


def test_lists_are_taken_apart() -> None:
    text = b"""apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: a}}
- apiVersion: v1
  kind: ConfigMapList
  items:
  - metadata: {name: b}
"""
    first, second = read_objects(text, "f")
    assert (first.kind, first.name, first.origin) == ("Service", "a", Origin("f", 0, ("items", 0)))
    assert (second.kind, second.name, second.api_version) == ("ConfigMap", "b", "v1")
    assert second.origin == Origin("f", 0, ("items", 1, "items", 0))


NO_OBJECTS = {
    "a: 1\n---\n- x\n": "f:1:1: kind is missing or no text",
    "---\n\n- x\n": "f:2:1: a manifest must be an object with apiVersion and kind, not a list",
    "kind: X\n": "f:1:1: apiVersion of this X is missing or no text",
    "kind: X\napiVersion: 1\n": "f:1:1: apiVersion of this X is missing or no text",
    "kind: X\napiVersion: v1\nmetadata: []\n": "f:1:1: metadata of this X is no mapping",
    "apiVersion: v1\nkind: List\nitems: [3]\n": "f:1:1: items[0]: a manifest must be an object with apiVersion and "
    "kind, not a number",
}


@pytest.mark.parametrize("text", NO_OBJECTS)
def test_what_is_no_object(text: str) -> None:
    with pytest.raises(ManifestError) as error:
        read_objects(text.encode(), "f")
    assert str(error.value) == NO_OBJECTS[text]


def test_alias_bomb_ends_soon() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 12):
        text += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n"
    started = time.monotonic()
    with pytest.raises(ManifestError, match="excessive aliasing"):
        read_documents(text.encode(), "f")
    assert time.monotonic() - started < 10


def test_long_chains_of_aliases_are_too_deep() -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 400))
    with pytest.raises(ManifestError, match="nested deeper than 100 levels"):
        read_documents(text.encode(), "f")


def test_large_files_are_named() -> None:
    with pytest.raises(ManifestError, match=r"^f:1:1: 50 MB is too large"):
        read_documents(b"#" * 50_000_000, "f")


@pytest.mark.parametrize(
    "text", [b"", b"\n", b"\0", b"\xfe\xff", b"---", b"- " * 5000, b"{" * 5000, b"a:\n" * 3, b"? " * 5000, b"&" * 99]
)
def test_odd_bytes_give_values_or_one_error(text: bytes) -> None:
    outcome: object
    try:
        outcome = read_documents(text, "f")
    except ManifestError as e:
        outcome = str(e)[:2]
    assert outcome in ([], "f:")


@pytest.mark.parametrize(
    "value", ["*hunter2", "!!int hunter2", '"hunter2', "[hunter2", "{hunter2: [}", "@hunter2", "!!binary hunter2!"]
)
def test_errors_never_show_values(value: str) -> None:
    with pytest.raises(ManifestError) as error:
        read_documents(f"kind: Secret\nstringData:\n  password: {value}\n".encode(), "f")
    assert "hunter2" not in str(error.value)
