"""Writes expectations into a scenario file and leaves all other text as it is, comments too."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from gitops_kong.errors import UserError


def updated(text: str, is_json: bool, expectations: Sequence[Mapping[str, Any] | None]) -> str:
    """`text` of a scenario file with `expect:` of each step replaced or added; None leaves a step as it is."""
    if is_json:
        data = json.loads(text)
        for step, expect in zip(data["steps"], expectations, strict=True):
            if expect is not None:
                step["expect"] = expect
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    steps = _child(yaml.compose(text, yaml.SafeLoader), "steps")
    if not isinstance(steps, yaml.SequenceNode) or steps.flow_style:
        raise UserError("--update needs steps as a block list (`- manifests: …`)")
    for step, expect in sorted(
        zip(steps.value, expectations, strict=True), key=lambda pair: pair[0].start_mark.index, reverse=True
    ):
        if expect is not None:
            text = _with_expectation(text, step, expect)
    return text


def _with_expectation(text: str, step: yaml.Node, expect: Mapping[str, Any]) -> str:
    if not isinstance(step, yaml.MappingNode) or step.flow_style:
        raise UserError(f"line {step.start_mark.line + 1}: --update needs steps as block mappings")
    block = yaml.safe_dump({"expect": dict(expect)}, sort_keys=False, allow_unicode=True, width=100)
    block = textwrap.indent(block, " " * step.start_mark.column)
    for key, value in step.value:
        if key.value == "expect":
            start = key.start_mark.index - key.start_mark.column
            return text[:start] + block + text[_end_of_lines(text, key.start_mark.index, value) :]
    last_key, last = step.value[-1]
    end = _end_of_lines(text, last_key.start_mark.index, last)
    newline = "" if text[:end].endswith("\n") else "\n"
    return text[:end] + newline + block + text[end:]


def _end_of_lines(text: str, start: int, value: yaml.Node) -> int:
    """The end of the last line that `value` really uses: a block's end mark lies behind the comments below it."""
    last = value
    while isinstance(last, yaml.CollectionNode) and last.value and not last.flow_style:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    used = len(text[start : last.end_mark.index].rstrip())
    end = text.find("\n", start + used)
    return len(text) if end < 0 else end + 1


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == name:
                return value  # type: ignore[no-any-return]
    return None
