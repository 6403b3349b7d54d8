"""What the controller tells of itself: KIC's diagnostics server, `/debug/config/…` (`--dump-config`).

KIC 3.2 - 3.5 `internal/diagnostics/api_types.go`. Until 3.4 an empty dump is answered where there is none, since then
204. Before 3.2 there was no fallback.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops_kong.errors import UserError
from gitops_kong.live.client import ApiError, Client
from gitops_kong.manifests.lenient import mapping
from gitops_kong.manifests.objects import Ref


@dataclass(frozen=True)
class Affected:
    """An object that the fallback leaves out or takes from before; `causes` as the controller writes them."""

    ref: Ref
    causes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnostics:
    """The last configurations that a gateway took and refused, None where there is none, and the fallback of now.

    `errors` is the gateway's answer to the refused one.
    """

    successful: Mapping[str, Any] | None = None
    failed: Mapping[str, Any] | None = None
    fallback: bool = False
    broken: tuple[Affected, ...] = ()
    excluded: tuple[Affected, ...] = ()
    backfilled: tuple[Affected, ...] = ()
    errors: tuple[Mapping[str, Any], ...] = field(default=())


def read_diagnostics(client: Client) -> Diagnostics:
    """All of it. Raises ApiError, UnreachableError, UserError where nothing is to be had."""
    try:
        fallback = client.get("/debug/config/fallback")
    except ApiError as e:
        if e.status == 404:
            raise UserError(
                f"{client.connection.server}: no /debug/config here; start the controller with --dump-config"
            ) from None
        raise
    fallback = mapping(fallback)
    return Diagnostics(
        _dump(client, "successful"),
        _dump(client, "failed"),
        fallback.get("status") == "triggered",
        _affected(fallback.get("brokenObjects")),
        _affected(fallback.get("excludedObjects")),
        _affected(fallback.get("backfilledObjects")),
        _errors(client.text("/debug/config/raw-error")),
    )


def _dump(client: Client, name: str) -> Mapping[str, Any] | None:
    answer = mapping(client.get(f"/debug/config/{name}"))
    config = mapping(answer.get("config"))
    return config or None  # a refused configuration has no hash


def _affected(objects: Any) -> tuple[Affected, ...]:
    found = (mapping(each) for each in objects or ())
    return tuple(
        Affected(
            Ref(*(str(each.get(key) or "") for key in ("group", "kind", "namespace", "name"))),
            tuple(map(str, each.get("causingObjects") or ())),
        )
        for each in found
    )


def _errors(text: str) -> tuple[Mapping[str, Any], ...]:
    """`flattened_errors` of the gateway's answer, in the form of `pushes[].errors` of `simulate`."""
    try:
        answer = json.loads(text)
    except ValueError:
        return ()
    return tuple(
        {
            "entityType": each.get("entity_type"),
            "entityName": each.get("entity_name"),
            "entityTags": each.get("entity_tags") or [],
            "errors": each.get("errors") or [],
        }
        for each in mapping(answer).get("flattened_errors") or ()
        if isinstance(each, dict)
    )
