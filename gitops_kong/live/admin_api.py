"""What a gateway really runs, from its Admin API: `GET /config` where there is no database, else entities by pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gitops_kong.errors import ManifestError, UserError
from gitops_kong.live.client import ApiError, Client
from gitops_kong.manifests.yaml import read_value

_ENTITIES = ("services", "routes", "plugins", "consumers", "consumer_groups", "upstreams", "certificates", "vaults")
_PAGE = "1000"  # the most that the Admin API gives at once


@dataclass(frozen=True)
class Running:
    """Entities by type, flat (references by id or name), and the gateway's version, '' where it is not told."""

    entities: Mapping[str, list[dict[str, Any]]]
    version: str = ""
    router_flavor: str = ""


def read_gateway(client: Client, say: Callable[[str], None] = lambda _: None) -> Running:
    """What runs. Raises ApiError, UnreachableError, UserError where the answer is none of an Admin API."""
    about = client.get("/")
    if not isinstance(about, dict) or "version" not in about:
        raise UserError(f"{client.connection.server}: this is no Admin API of Kong Gateway")
    configuration = about.get("configuration")
    configuration = configuration if isinstance(configuration, dict) else {}
    found = _whole(client) if configuration.get("database", "off") == "off" else None
    if found is None:
        say("GET /config is not to be had; reading the entities page by page")
        found = {name: _paged(client, name) for name in _ENTITIES}
    return Running(found, str(about["version"]), str(configuration.get("router_flavor") or ""))


def _whole(client: Client) -> dict[str, list[dict[str, Any]]] | None:
    """`GET /config`: the declarative configuration as a text within JSON; None where the gateway does not tell it."""
    try:
        answer = client.get("/config")
    except ApiError as e:
        if e.status in (400, 403, 404, 405):
            return None
        raise
    content = answer.get("config", answer) if isinstance(answer, dict) else None
    if isinstance(content, str):
        try:
            content = read_value(content.encode())
        except ManifestError:
            content = None
    if not isinstance(content, dict):
        raise UserError(f"{client.connection.server}/config: no declarative configuration")
    return flat(content)


def flat(config: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The entities of a declarative configuration by type, those that are nested in others too."""
    found: dict[str, list[dict[str, Any]]] = {}

    def add(name: str, entities: Any) -> None:
        for entity in entities if isinstance(entities, list) else ():
            if not isinstance(entity, dict):
                continue
            own = {key: value for key, value in entity.items() if key not in _NESTED}
            found.setdefault(name, []).append(own)
            for child in _NESTED:
                add(child, entity.get(child))

    for name, entities in config.items():
        add(name, entities)
    return found


_NESTED = ("routes", "plugins", "targets", "snis")


def _paged(client: Client, name: str) -> list[dict[str, Any]]:
    entities: list[dict[str, Any]] = []
    parameters = {"size": _PAGE}
    while True:
        try:
            answer = client.get(f"/{name}", parameters)
        except ApiError as e:
            if e.status == 404 and not entities:  # a type that this gateway does not have
                return []
            raise
        entities += answer.get("data") or ()
        if not answer.get("offset"):
            return entities
        parameters = {"size": _PAGE, "offset": str(answer["offset"])}
