"""The fast reader and libyaml give the same values wherever the fast one gives any."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_kong.errors import ManifestError
from gitops_kong.manifests import fast, nodes
from gitops_kong.manifests.construct import construct

WORDS = [
    "a", "b", "kind", "yes", "~", "0777", "1.0", "-1", "12:30", "x#y", "x #y", "# c", "'q'", '"q"', '"a\\nb"', "''",
    "a: b", "k:", "-", "- x", "--", "{}", "[]", "[a, b]", "{a: 1}", "[a", "{a: [b, {c: d}]}", '["x", 1]', "{a: , b}",
    "|", "|-", "|+", ">", "*a", "&a b", "!!str 1", "? x", "?", ":", "<<", "a b", "a  ", "é", "http://x/y", "%a", "@",
    "...", "a,b", "{{ x }}", "'it''s'", "'a' b", ".inf", ".nan", "1e3", "=", "a:b", "'a: b'", "\"a # b\"",
]  # fmt: skip
KEYS = ["a", "b", "c", "kind", "1", "'1'", '"a"', "yes", "x.y/z", "a b", "<<", "~", "-k", "k-", "[a]", "é"]

line = st.builds(
    lambda indent, dashes, key, value: " " * indent + dashes + (f"{key}: " if key else "") + value,
    st.integers(0, 5),
    st.sampled_from(["", "", "", "- ", "-   ", "- - "]),
    st.sampled_from(["", *KEYS]),
    st.sampled_from(["", "", *WORDS]),
)
documents = st.builds(
    lambda lines, end: "\n".join(lines) + end, st.lists(line, max_size=9), st.sampled_from(["\n", ""])
)

names = st.sampled_from(["a", "b", "name", "port", "x-y", "konghq.com/plugins"])
BLOCKS = {
    "|\n": ("text: of", "", " - many lines"),
    ">\n": ("folded", "text", "", "", "- of: lines #1", ""),
    ">-\n": ("one", "", "two"),
    ">+\n": ("one", "", ""),
    "> \n": ("one", " deeper", "two"),
}
values = st.recursive(
    st.sampled_from([w for w in WORDS if w not in ("", "|", "|-", "|+", ">")]) | st.sampled_from(list(BLOCKS)),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(names, inner, min_size=1, max_size=3),
    max_leaves=12,
)


def write(value: object, indent: int) -> str:
    pad = " " * indent
    if isinstance(value, dict):
        return "".join(f"{pad}{key}:{below(item, indent)}" for key, item in value.items())
    if isinstance(value, list):
        return "".join(f"{pad}- {write(item, indent + 2).lstrip(' ')}" for item in value)
    if value in BLOCKS:
        lines = BLOCKS[str(value)]
        return f"{str(value)[:-1]}\n" + "".join(f"{pad}  {line}".rstrip(" ") + "\n" for line in lines)
    return f"{value}\n"


def below(value: object, indent: int) -> str:
    if isinstance(value, dict | list):
        return "\n" + write(value, indent + (2 if isinstance(value, dict) else 0))
    return " " + write(value, indent)


def slow(text: str) -> object:
    try:
        root = nodes.compose(text, "f")
        return None if root is None else construct(root, "f")
    except ManifestError:
        return "error"


def same(text: str) -> bool:
    try:
        found = fast.parse(text)
    except fast.Unsure:
        return True
    return json.dumps(found) == json.dumps(slow(text))


@given(documents)
@settings(max_examples=1500)
def test_lines_in_any_order(text: str) -> None:
    assert same(text), text


@given(values)
@settings(max_examples=500)
def test_well_formed_documents(value: object) -> None:
    assert same(write(value, 0)), write(value, 0)


@given(st.text(alphabet=" ab:-#'\"\n[]{},|>&*!%?\\01.~\t\r\u2028\ufeff", max_size=40))
@settings(max_examples=1500)
def test_any_text(text: str) -> None:
    assert same(text), text


def test_ordinary_manifests_need_no_other_parser() -> None:
    text = """\
# A route
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: "shop"
  labels: {app: shop, tier: 'web'}
  annotations:
    konghq.com/methods: GET,POST
spec:
  rules:
  - host: shop.example   # public
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
      -   path: /b
          flags: [a, "b c", 3]
  tls: []
data:
  script: |-
    if a: b
      then - c

  empty:
"""
    value = fast.parse(text)
    assert value == slow(text)
    assert value["data"] == {"script": "if a: b\n  then - c", "empty": None}
