"""Filters of HTTPRoute rules as Kong plugins.

Behaviour of KIC `generatePluginsFromHTTPRouteFilters` (3.5.13); what differs before are rows of the versions table.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.manifests.objects import EMPTY
from gitops_kong.translate.state import Entity, Route

REQUEST_TRANSFORMER = "request-transformer"
RESPONSE_TRANSFORMER = "response-transformer"

# What the request-transformer puts after the replacement of a prefix: Lua that the gateway evaluates for each request.
# By whether the replacement is empty, and whether the path that is matched is `/` (its capture lacks the slash).
REST_OF_PATH = {
    (False, False): "$(uri_captures[1])",
    (False, True): '$(uri_captures[1] == nil and "" or "/" .. uri_captures[1])',
    (True, False): '$(uri_captures[1] == nil and "/" or uri_captures[1])',
    (True, True): '$(uri_captures[1] == nil and "/" or "/" .. uri_captures[1])',
}

Filter = Mapping[str, Any]


class RouteError(Exception):
    """A reason why a route cannot be translated, in the controller's words."""


@dataclass
class _Translated:
    """What the filters of a rule add to a Kong route."""

    plugins: list[Entity] = field(default_factory=list)
    extension_plugins: list[str] = field(default_factory=list)
    rewritten_prefix: str | None = None


@dataclass
class _Transformer:
    """Configuration of a transformer plugin; what filters ask of the same plugin joins in one."""

    config: dict[str, dict[str, Any]] = field(default_factory=dict)
    parts: int = 0

    def add(self, action: str, headers: Iterable[str]) -> None:
        self.config.setdefault(action, {}).setdefault("headers", []).extend(headers)

    def set_uri(self, uri: str) -> None:
        if uri:
            self.config.setdefault("replace", {}).setdefault("uri", uri)  # the first rewrite stays

    def plugin_config(self) -> dict[str, dict[str, Any]]:
        """The configuration as it is sent: an action without headers stays as an empty one, unless parts joined."""
        config = {action: {k: v for k, v in what.items() if v} for action, what in self.config.items()}
        return config if self.parts == 1 else {action: what for action, what in config.items() if what}


def normalized_path(path: str) -> str:
    """The path of a prefix match without its trailing slash, `/` for none."""
    return path.removesuffix("/") or "/"


def prefix_rewrites(filters: Iterable[Filter]) -> list[Mapping[str, Any]]:
    """The path modifiers of URLRewrite filters that replace the matched prefix."""
    paths = [(f.get("urlRewrite") or EMPTY).get("path") or EMPTY for f in filters if f.get("type") == "URLRewrite"]
    return [path for path in paths if path.get("type") == "ReplacePrefixMatch"]


def has_redirect(filters: Iterable[Filter]) -> bool:
    """Whether there is a RequestRedirect filter."""
    return any(f.get("type") == "RequestRedirect" for f in filters)


def apply_filters(
    route: Route, filters: Sequence[Filter], path: str, tags: list[str], options: ControllerOptions
) -> str | None:
    """Add to `route` what `filters` of a match of `path` ask for; raises `RouteError`.

    Gives the normalized path whose rest a rewrite needs as the first capture, None if there is no such rewrite.
    """
    if not filters:
        return None
    result = _Translated()
    transformers: dict[str, _Transformer] = {}
    for item in filters:
        _translate(item, path, options, result, transformers)
    for name, transformer in sorted(transformers.items()):
        result.plugins.append({"name": name, "config": transformer.plugin_config()})
    if options.behaviours["filter-plugins-tagged"]:
        for plugin in result.plugins:
            plugin["tags"] = tags
    route.plugins += result.plugins
    route.extension_plugins += result.extension_plugins
    return result.rewritten_prefix


def _translate(
    item: Filter,
    path: str,
    options: ControllerOptions,
    result: _Translated,
    transformers: dict[str, _Transformer],
) -> None:
    kind = item.get("type") or ""
    if kind == "RequestHeaderModifier":
        _modify_headers(item.get("requestHeaderModifier") or EMPTY, REQUEST_TRANSFORMER, transformers, options)
    elif kind == "ResponseHeaderModifier":
        _modify_headers(item.get("responseHeaderModifier") or EMPTY, RESPONSE_TRANSFORMER, transformers, options)
    elif kind == "RequestRedirect":
        redirect = item.get("requestRedirect") or EMPTY
        if uses_redirect_plugin(options):
            result.plugins.append(_redirect_plugin(redirect, options))
        else:
            result.plugins.append(
                {"name": "request-termination", "config": {"status_code": redirect.get("statusCode")}}
            )
            location = _header("Location", _location(redirect, path, options), options, blank=True)
            _transformer(transformers, RESPONSE_TRANSFORMER).add("add", [location])
    elif kind == "URLRewrite":
        _rewrite_url(item.get("urlRewrite"), path, result, transformers, options)
    elif kind == "ExtensionRef":
        ref = item.get("extensionRef") or EMPTY
        group, ref_kind = ref.get("group") or "", ref.get("kind") or ""
        if group != "configuration.konghq.com" or ref_kind != "KongPlugin":
            raise RouteError(f"plugin {group}/{ref_kind} unsupported")
        result.extension_plugins.append(ref.get("name") or "")
    elif _is_refused(kind, options):
        raise RouteError(f"httpFilter {kind} unsupported")


def uses_redirect_plugin(options: ControllerOptions) -> bool:
    """Whether redirects become the redirect plugin (the translator's flag `SupportRedirectPlugin`).

    The controller sets the flag for gateways from 3.9 on; a scenario file can set it otherwise.
    """
    flag = options.feature_gates.get("SupportRedirectPlugin")
    return options.behaviours["redirect-plugin"] and (options.gateway_version >= (3, 9) if flag is None else flag)


def _is_refused(kind: str, options: ControllerOptions) -> bool:
    if kind == "RequestMirror" or options.behaviours["unknown-filter-refused"]:
        return True
    return kind == "CORS" and options.behaviours["cors-filter-refused"]


def _transformer(transformers: dict[str, _Transformer], name: str, parts: int = 1) -> _Transformer:
    transformer = transformers.setdefault(name, _Transformer())
    transformer.parts += parts
    return transformer


def _header(name: str, value: str, options: ControllerOptions, *, blank: bool = False) -> str:
    if options.behaviours["transformer-header-without-blank"]:
        return f"{name}:{value}" if value else name
    return f"{name}: {value}" if blank else f"{name}:{value}"


def _modify_headers(
    modifier: Mapping[str, Any], name: str, transformers: dict[str, _Transformer], options: ControllerOptions
) -> None:
    """Headers to set are replaced where they are and added where not; headers to add are appended."""
    transformer = _transformer(transformers, name)
    for action, given in (("replace", "set"), ("add", "set"), ("append", "add")):
        headers = modifier.get(given)
        if headers is not None:
            transformer.add(action, [_header(h.get("name", ""), h.get("value", ""), options) for h in headers])
    removed = modifier.get("remove")
    if removed is not None:
        transformer.add("remove", removed)


def _location(redirect: Mapping[str, Any], path: str, options: ControllerOptions) -> str:
    """Where a redirect leads: `path`, or the one that replaces it, on the host that the filter names."""
    modifier = redirect.get("path") or EMPTY
    if modifier.get("type") == "ReplaceFullPath" and modifier.get("replaceFullPath") is not None:
        path = modifier["replaceFullPath"]
    hostname = redirect.get("hostname")
    if hostname is None:
        return path
    port = redirect.get("port")
    if port is None and not options.behaviours["redirect-without-default-port"]:
        port = 80
    host = hostname if port is None else f"{hostname}:{port}"
    scheme = redirect.get("scheme")
    location = posixpath.normpath(f"{host}/{path}")
    return f"{'http' if scheme is None else scheme}://{location}" if scheme != "" else location


def _redirect_plugin(redirect: Mapping[str, Any], options: ControllerOptions) -> Entity:
    modifier = redirect.get("path") or EMPTY
    replaces_path = modifier.get("type") == "ReplaceFullPath" and modifier.get("replaceFullPath") is not None
    return {
        "name": "redirect",
        "config": {
            "status_code": redirect.get("statusCode"),
            "location": _location(redirect, "/", options),
            "keep_incoming_path": not replaces_path,
        },
    }


def _rewrite_url(
    rewrite: Mapping[str, Any] | None,
    path: str,
    result: _Translated,
    transformers: dict[str, _Transformer],
    options: ControllerOptions,
) -> None:
    if rewrite is None:
        raise RouteError("URLRewrite is not provided")
    modifier, hostname = rewrite.get("path"), rewrite.get("hostname")
    if modifier is None and hostname is None:
        raise RouteError("URLRewrite missing Path and Hostname")
    parts = (modifier is not None) + (hostname is not None)
    transformer = _transformer(transformers, REQUEST_TRANSFORMER, parts)
    if modifier is not None:
        transformer.set_uri(_replacement_uri(modifier, path, result))
    if hostname is not None:
        header = _header("host", hostname, options)
        transformer.add("replace", [header])
        transformer.add("add", [header])


def _replacement_uri(modifier: Mapping[str, Any], path: str, result: _Translated) -> str:
    kind = modifier.get("type") or ""
    if kind == "ReplaceFullPath":
        full_path: str | None = modifier.get("replaceFullPath")
        if full_path is None:
            raise RouteError(
                "failed to generate request-transformer plugin for Path: "
                "failed to generate request-transformer plugin for URLRewrite: URLRewrite missing ReplaceFullPath"
            )
        return full_path
    if kind != "ReplacePrefixMatch":
        raise RouteError(
            f"failed to generate request-transformer plugin for Path: unsupported path type {kind} for URLRewrite"
        )
    path = normalized_path(path)
    result.rewritten_prefix = path
    replacement: str | None = modifier.get("replacePrefixMatch")
    if replacement is None:
        return "/"
    replacement = replacement.removesuffix("/")
    return replacement + REST_OF_PATH[not replacement, path == "/"]
