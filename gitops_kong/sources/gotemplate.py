"""Go templates with sprig, rendered by helm, and the older `{{name}}` templates of Argo CD (`applicationset/utils`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from gitops_kong.errors import RenderError
from gitops_kong.manifests.yaml import read_documents
from gitops_kong.sources.base import Limits
from gitops_kong.sources.gotemplate_text import adapted
from gitops_kong.sources.tools import Tools, workspace

Params = Mapping[str, Any]

# What Argo CD adds to sprig, written as templates that take the list of arguments
# (`SanitizeName` and `SlugifyName` of applicationset/utils, `slug.Make`).
_HELPERS = """\
{{- define "gk.text" -}}
{{- if not (kindIs "string" .) }}{{ fail (printf "%v is no text" .) }}{{ end -}}
{{- trimAll "-." (trunc 253 (regexReplaceAll "[^-a-z0-9.]" (lower .) "-")) -}}
{{- end -}}
{{- define "gk.normalize" -}}
{{- include "gk.text" (first .) -}}
{{- end -}}
{{- define "gk.slugify" -}}
{{- $text := include "gk.text" (last .) -}}
{{- $most := 50 -}}
{{- $smart := true -}}
{{- if gt (len .) 1 }}{{ $most = int (first .) }}{{ end -}}
{{- if gt (len .) 2 }}{{ $smart = index . 1 }}{{ end -}}
{{- if not $smart }}{{ $text = trunc $most $text }}{{ end -}}
{{- $text = trimAll "-_" (regexReplaceAll "-+" (regexReplaceAll "[^a-z0-9_-]" $text "-") "-") -}}
{{- if and $smart (gt $most 0) (gt (len $text) $most) -}}
{{- $cut := trunc (int (add1 $most)) $text -}}
{{- if contains "-" $cut }}{{ $text = regexReplaceAll "-[^-]*$" $cut "" }}{{ end -}}
{{- $text = trunc $most $text -}}
{{- end -}}
{{- $text -}}
{{- end -}}
"""
_OPTIONS = frozenset(f"missingkey={what}" for what in ("default", "invalid", "zero", "error"))
_OPEN, _CLOSE = "{{", "}}"
_PLAIN_DIGITS = 6  # larger numbers are printed with an exponent


def fast(text: str, params: Params) -> str:
    """`{{name}}` replaced by parameters that are text; what is not known stays as it is (fasttemplate)."""
    if not any(_CLOSE in line.partition(_OPEN)[2] for line in text.split("\n")):
        return text
    found = []
    rest = text
    while True:
        before, opened, rest = rest.partition(_OPEN)
        found.append(before)
        if not opened:
            return "".join(found)
        tag, closed, rest = rest.partition(_CLOSE)
        if not closed:
            raise RenderError(f"invalid template: {_OPEN} without {_CLOSE} in {text!r}")
        value = params.get(tag.strip())
        found.append(value if isinstance(value, str) and tag.strip() else f"{_OPEN}{tag}{_CLOSE}")


def go(pairs: Sequence[tuple[str, Params]], tools: Tools, limits: Limits, options: Sequence[str] = ()) -> list[str]:
    """Each text rendered with its parameters as `.`, in one run of helm. Raises `RenderError`.

    `options` are `goTemplateOptions`. Every text is a file of its own, so that one that defines templates can.
    """
    if not pairs:
        return []
    for option in options:
        if option not in _OPTIONS:
            raise RenderError(f"{option!r} is no option of Go templates")
    missing = options[-1].partition("=")[2].replace("invalid", "default") if options else "default"
    texts = {text: f"_{number}.tpl" for number, text in enumerate(dict.fromkeys(text for text, _ in pairs))}
    params = {id(each): each for _, each in pairs}
    places = {key: number for number, key in enumerate(params)}
    results = " ".join(
        f'(include "t/templates/{texts[text]}" (index $.Values.params {places[id(each)]}))' for text, each in pairs
    )
    page = f"{_HELPERS}results: {{{{ list {results} | toJson }}}}\n"
    with workspace() as directory:
        chart = directory / "files" / "chart"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: t\nversion: 0.0.0\n", encoding="utf-8")
        (chart / "templates" / "all.yaml").write_text(page, encoding="utf-8")
        for text, name in texts.items():
            (chart / "templates" / name).write_bytes(adapted(text, missing).encode("utf-8", "surrogatepass"))
        (chart / "values.yaml").write_text(json.dumps({"params": [*params.values()]}), encoding="utf-8")
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
        return {visit(str(key)): strings(item, visit) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strings(item, visit) for item in value]
    return value


def fill(
    value: Any,
    params_list: Sequence[Params],
    tools: Tools,
    limits: Limits,
    *,
    go_template: bool,
    options: Sequence[str] = (),
) -> list[Any]:
    """A value filled in with each of the parameters, all its text rendered; without any it stays as it is.

    Raises `RenderError`.
    """
    if not go_template:
        return [strings(value, partial(fast, params=params)) if params else value for params in params_list]
    texts: dict[str, None] = {}

    def collect(text: str) -> str:
        if _OPEN in text:
            texts[text] = None
        return text

    strings(value, collect)
    results = iter(go([(text, params) for params in params_list if params for text in texts], tools, limits, options))
    return [_filled(value, texts, results) if params else value for params in params_list]


def _filled(value: Any, texts: Mapping[str, None], results: Iterator[str]) -> Any:
    known = {text: next(results) for text in texts}
    return strings(value, lambda text: known.get(text, text))


def shown(value: Any) -> str:
    """A JSON value as Go's `%v` prints it; a tuple stands for a list of Go's strings."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(float(value))
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{shown(value[key])}' for key in sorted(value))}]"
    return f"[{' '.join(map(shown, value))}]"


def _number(value: float) -> str:
    """A float64 as Go prints it (`strconv.FormatFloat`, format g, the shortest digits that tell it)."""
    mantissa, _, power = repr(value).partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, rest = mantissa.lstrip("-").partition(".")
    point = int(power or 0) + len(whole)  # where the decimal point stands in the digits
    digits = (whole + rest).lstrip("0")
    point -= len(whole + rest) - len(digits)
    digits = digits.rstrip("0")
    if not digits:
        return f"{sign}0"
    if not -4 < point <= _PLAIN_DIGITS:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{'-' if point < 1 else '+'}{abs(point - 1):02d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    whole, rest = digits[:point].ljust(point, "0"), digits[point:]
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"
