"""What an Ingress route matches, as a router expression with its priority (KIC `subtranslator/ingress_atc.go`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate import expressions as ex
from gitops_kong.translate.annotations import PREFIX, comma_list, headers
from gitops_kong.translate.state import Entity

_DEFAULT_REGEX_PREFIX = "/~"

# Bits of a priority, lowest first: length of the longest path, regular expression, all hosts plain, number of headers,
# number of kinds of matchers (`IngressRoutePriorityTraits.EncodeToPriority`).
_LONGEST_PATH = (1 << 16) - 1
_REGEX_SHIFT = 16
_PLAIN_HOST_SHIFT = 32
_HEADERS_SHIFT, _MOST_HEADERS = 33, 255
_FIELDS_SHIFT = 41


def matchers(ingress: K8sObject, host: str, paths: Sequence[tuple[str, str]], options: ControllerOptions) -> Entity:
    """`expression` and `priority` of a route; `paths` are paths with their types."""
    annotations = ingress.annotations
    regex_prefix = annotations.get(f"{PREFIX}/regex-prefix") or _DEFAULT_REGEX_PREFIX
    hosts = [*([host] if host else []), *comma_list(annotations.get(f"{PREFIX}/host-aliases", ""), options)]
    found_headers = headers(annotations)
    methods = _methods(annotations, options)
    snis = comma_list(annotations.get(f"{PREFIX}/snis", ""), options)
    expression = ex.all_of(
        ex.hosts(hosts),
        ex.any_of(*(_path(path, kind, regex_prefix) for path, kind in paths)),
        ex.annotated_headers(found_headers),
        ex.methods(methods),
        ex.snis(snis),
    )
    fields = sum(map(bool, (paths, hosts, found_headers, methods, snis)))
    plain = bool(hosts) and not any(h.startswith("*") for h in hosts)
    lengths = [_length(path, kind, regex_prefix) for path, kind in paths]
    priority = (
        min(max((length for length, _ in lengths), default=0), _LONGEST_PATH)
        + (any(regex for _, regex in lengths) << _REGEX_SHIFT)
        + (plain << _PLAIN_HOST_SHIFT)
        + (min(len(found_headers), _MOST_HEADERS) << _HEADERS_SHIFT)
        + (fields << _FIELDS_SHIFT)
        + (ex.INGRESS_BITS << ex.KIND_SHIFT)
    )
    return {"expression": expression, "priority": priority}


def _methods(annotations: Mapping[str, str], options: ControllerOptions) -> list[str]:
    methods: Iterable[str] = comma_list(annotations.get(f"{PREFIX}/methods", ""), options)
    return [m.upper() for m in methods] if options.behaviours["annotation-lists-trimmed"] else list(methods)


def _path(path: str, kind: str, regex_prefix: str) -> str:
    if kind == "Prefix":
        base = path.strip("/")
        if not base:
            return ex.predicate(ex.PATH, ex.PREFIX, "/")
        return ex.any_of(ex.predicate(ex.PATH, ex.EQUAL, f"/{base}"), ex.predicate(ex.PATH, ex.PREFIX, f"/{base}/"))
    if kind == "Exact":
        return ex.predicate(ex.PATH, ex.EQUAL, f"/{path.lstrip('/')}")
    if kind != "ImplementationSpecific":
        return ""
    if not path.startswith(regex_prefix):
        return ex.predicate(ex.PATH, ex.PREFIX, path or "/")
    regex = path[len(regex_prefix) :] or "^/"
    return ex.predicate(ex.PATH, ex.REGEX, regex if regex.startswith("^") else f"^{regex}")


def _length(path: str, kind: str, regex_prefix: str) -> tuple[int, bool]:
    """Length of a path in bytes as it counts for the priority, and whether it is matched by a regular expression."""
    if kind == "Exact":
        return 1 + _bytes(path.lstrip("/")), True
    if kind == "Prefix":
        base = path.strip("/")
        return (2 + _bytes(base) if base else 1), True
    if kind == "ImplementationSpecific" and path.startswith(regex_prefix):
        return _bytes(path[len(regex_prefix) :]), True
    return (_bytes(path) if kind == "ImplementationSpecific" else 0), False


def _bytes(text: str) -> int:
    return len(text.encode(errors="replace"))
