"""Shorthand and deprecated fields: what the gateway writes in their place before it validates.

Source: `shorthand_fields` in `Schema:process_auto_fields` (kong/db/schema/init.lua) and in the schemas of services,
upstreams and the plugins that have some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gitops_kong.gateway import lua
from gitops_kong.gateway.fields import Error, Field
from gitops_kong.gateway.formats import urls
from gitops_kong.gateway.lua import MISSING, GatewayCrash, Table

if TYPE_CHECKING:
    from gitops_kong.gateway.records import Compiler

Rewrite = Callable[[Any], "Table | None"]


def _url(value: Any) -> Table | None:
    return urls.service_url(lua.tostring(value))


def _upstream_algorithm(value: Any) -> Table:
    if value in ("least-connections", "latency"):
        return {"algorithm": value, "hash_on": None}
    return {"algorithm": value}


def _upstream_hash_on(value: Any) -> Table:
    if value is None:
        return {"hash_on": "none"}
    return {"hash_on": value, "algorithm": "round-robin" if value == "none" else "consistent-hashing"}


def _cookie_idletime(value: Any) -> Table:
    return {"idling_timeout": 0 if value is None else value}


def _cookie_samesite(value: Any) -> Table:
    return {"cookie_same_site": "Lax" if value == "off" else value}


def _cookie_renew(_: Any) -> None:
    return None


REWRITES: dict[str, Rewrite] = {
    "url": _url,
    "upstream_algorithm": _upstream_algorithm,
    "upstream_hash_on": _upstream_hash_on,
    "cookie_idletime": _cookie_idletime,
    "cookie_samesite": _cookie_samesite,
    "cookie_renew": _cookie_renew,
}


class Shorthand:
    """One field that stands for others: `becomes` names the one that takes its value, or `rewrite` a function."""

    def __init__(self, name: str, spec: Mapping[str, Any], compiler: Compiler) -> None:
        self.name = name
        self.field = Field(spec, compiler)
        self.becomes: list[str] | None = spec.get("becomes")
        self.rewrite = None if self.becomes else REWRITES[spec["rewrite"]]
        # Until 3.7 what a shorthand gives always wins, whether it is deprecated or not.
        self.deprecated = "deprecation" in spec and compiler.version >= "3.8"
        self.replaced_with: list[list[str]] = spec.get("deprecation") or [] if self.deprecated else []
        self.merges = compiler.version >= "3.6"
        self.null_is_unset = compiler.version >= "3.8"  # where a nested value is merged in

    def expand(self, data: Table, value: Any) -> Error | None:
        """Write what the value stands for into the table; the error when it cannot."""
        error = self.field.validate(value) or self._mismatch(data, value)
        if error is not None:
            return error
        del data[self.name]
        for name, new in (self._values(value) or {}).items():
            old = data.get(name, MISSING)
            if isinstance(new, dict) and self.merges:
                data[name] = self._merged(old, new)
            elif not self.deprecated or old is MISSING or old is None:
                data[name] = new
        return None

    def _values(self, value: Any) -> Table | None:
        if self.rewrite is not None:
            return self.rewrite(value)
        nested: Any = value
        for part in reversed(self.becomes or ()):
            nested = {part: nested}
        return dict(nested)

    def _mismatch(self, data: Table, value: Any) -> str | None:
        if value is None:
            return None
        for path in self.replaced_with:
            new: Any = data
            for part in path:
                if new is None or isinstance(new, (bool, int, float)):
                    raise GatewayCrash
                new = new.get(part, MISSING) if isinstance(new, dict) else MISSING
                if new is MISSING:
                    break
            if new is not MISSING and new is not None and new is not False and not lua.deep_equal(new, value):
                return "both deprecated and new field are used but their values mismatch"
        return None

    def _merged(self, old: Any, new: Table) -> Table:
        if old is MISSING or (old is None and self.null_is_unset):
            return new
        if not lua.is_table(old):
            raise GatewayCrash
        table = lua.as_table(old)
        if not self.deprecated:
            return {**table, **new}
        kept = {key: item for key, item in table.items() if item is not None or key not in new}
        return {**new, **kept}
