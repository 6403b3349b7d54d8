"""`konghq.com/rewrite`: a request-transformer plugin on the route (KIC `subtranslator.MaybeRewriteURI`)."""

from __future__ import annotations

from gitops_kong.translate.annotations import PREFIX
from gitops_kong.translate.context import Context
from gitops_kong.translate.state import Service


class RewriteError(Exception):
    """A service that is left out for its routes' rewrite annotation."""


def apply(service: Service, context: Context) -> None:
    """Add the plugin to each route whose Ingress asks for it."""
    for route in service.routes:
        uri = route.parent.annotations.get(f"{PREFIX}/rewrite")
        if uri is None:
            if context.behaves("rewrite-looks-at-every-route"):
                continue
            return
        if not context.options.gate("RewriteURIs"):
            raise RewriteError("konghq.com/rewrite annotation not supported when rewrite uris disabled")
        config = {"replace": {"uri": template(uri or "/")}}
        route.plugins.append({"name": "request-transformer", "config": config})


def template(uri: str) -> str:
    """The URI with `$N` as the plugin's `$(uri_captures[N])` and `\\$` as a plain `$` (`generateRewriteURIConfig`).

    Positions in errors count bytes of UTF-8.
    """
    out: list[str] = []
    escaped = marked = digits = False
    position = 0
    for char in uri:
        if escaped:
            if char != "$":
                raise RewriteError(f"unexpected {char} at pos {position}")
            out.append(char)
            escaped = False
        elif marked:
            if not char.isdecimal():
                raise RewriteError(f"unexpected {char} at pos {position}")
            out.append(f"$(uri_captures[{char}")
            marked, digits = False, True
        elif digits and char.isdecimal():
            out.append(char)
        else:
            if digits:
                out.append("])")
                digits = False
            marked, escaped = char == "$", char == "\\"
            if not marked and not escaped:
                out.append(char)
        position += len(char.encode(errors="replace"))
    if digits:
        out.append("])")
    if marked or escaped:
        raise RewriteError("unexpected end of string")
    return "".join(out)
