"""Go templates with sprig, rendered by helm, and the older `{{name}}` templates of Argo CD."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gitops_kong.errors import RenderError
from gitops_kong.lazy import regex
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources.base import Limits
from gitops_kong.sources.tools import Tools, workspace

Params = Mapping[str, Any]

# What Argo CD adds to sprig, written as templates; `include` takes the place of the call.
_HELPERS = """\
{{- define "gk.normalize" -}}
{{- regexReplaceAll "[^a-z0-9.-]" (. | toString | lower) "" | trunc 253 | trimAll "-." -}}
{{- end -}}
{{- define "gk.slugify" -}}
{{- regexReplaceAll "[^a-z0-9]+" (. | toString | lower) "-" | trunc 50 | trimAll "-" -}}
{{- end -}}
"""
_ADDED = regex(r"(?<![\w.$\"])(normalize|slugify)(?![\w\"])")
_ACTION = regex(r"\{\{.*?\}\}", re.DOTALL)
_FAST = regex(r"\{\{(.*?)\}\}", re.DOTALL)


def fast(text: str, params: Params) -> str:
    """`{{name}}` replaced by parameters; what is not known stays as it is (fasttemplate)."""

    def value(match: re.Match[str]) -> str:
        found = params.get(match[1].strip())
        return match[0] if found is None else found if isinstance(found, str) else json.dumps(found)

    return _FAST.sub(value, text)


def go(pairs: Sequence[tuple[str, Params]], tools: Tools, limits: Limits) -> list[str]:
    """Each text rendered with its parameters as `.`, in one run of helm. Raises `RenderError`."""
    if not pairs:
        return []
    defined = []
    for number, (text, _) in enumerate(pairs):
        body = _ACTION.sub(lambda match: _ADDED.sub(r'include "gk.\1"', match[0]), text)
        defined.append(f'{{{{- define "gk.{number}" }}}}{body}{{{{ end -}}}}\n')
    results = " ".join(f'(include "gk.{number}" (index $.Values.params {number}))' for number in range(len(pairs)))
    page = _HELPERS + "".join(defined) + f"results: {{{{ list {results} | toJson }}}}\n"
    with workspace() as directory:
        chart = directory / "files" / "chart"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: templates\nversion: 0.0.0\n", encoding="utf-8")
        (chart / "templates" / "all.yaml").write_text(page, encoding="utf-8")
        values = {"params": [params for _, params in pairs]}
        (chart / "values.yaml").write_text(json.dumps(values), encoding="utf-8")
        output = tools.run([tools.helm, "template", "t", "./chart"], directory, limits)
    (document,) = read_documents(output, "template")
    found: list[str] = document["results"]
    if len(found) != len(pairs):
        raise RenderError("the template could not be rendered")
    return found


def strings(value: Any, visit: Callable[[str], str]) -> Any:
    """`value` with `visit` applied to all its text, keys included."""
    if isinstance(value, str):
        return visit(value)
    if isinstance(value, dict):
        return {visit(key): strings(item, visit) for key, item in value.items()}
    if isinstance(value, list):
        return [strings(item, visit) for item in value]
    return value


def fill(value: Any, params_list: Sequence[Params], tools: Tools, limits: Limits, *, go_template: bool) -> list[Any]:
    """A value filled in with each of the parameters, all its text rendered. Raises `RenderError`."""
    if not go_template:
        return [strings(value, lambda text, params=params: fast(text, params)) for params in params_list]  # type: ignore[misc]
    texts: dict[str, None] = {}

    def collect(text: str) -> str:
        if "{{" in text:
            texts[text] = None
        return text

    strings(value, collect)
    pairs = [(text, params) for params in params_list for text in texts]
    results = iter(go(pairs, tools, limits))
    filled = []
    for _ in params_list:
        known = {text: next(results) for text in texts}
        filled.append(strings(value, lambda text, known=known: known.get(text, text)))  # type: ignore[misc]
    return filled
