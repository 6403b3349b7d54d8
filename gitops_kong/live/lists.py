"""Every object of a kind, page by page, and whole: a list that breaks off starts again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gitops_kong.live.client import ApiError, Client

PAGE = 500  # as kubectl
_STARTS = 2  # by pages; after that in one piece


class Resource(NamedTuple):
    """A kind as the API server serves it: `plural` is its name in paths."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "") -> str:
        """The path of its collection, in all namespaces where `namespace` is empty."""
        root = f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"


class Listed(NamedTuple):
    """Items as JSON values with `apiVersion` and `kind`, and the resource version that they are of."""

    items: list[dict[str, Any]]
    resource_version: str


def list_all(
    client: Client,
    resource: Resource,
    namespace: str = "",
    say: Callable[[str], None] = lambda _: None,
    parameters: Mapping[str, str] | None = None,
) -> Listed:
    """All objects, of one state of the cluster. Raises ApiError, UnreachableError.

    A list whose state the API server has forgotten (410 Gone) is started again, the last time in one piece, so that
    no object is missing and none is told twice.
    """
    path = resource.path(namespace)
    for _ in range(_STARTS):
        try:
            return _paged(client, resource, path, PAGE, parameters or {})
        except ApiError as e:
            if e.status != 410:
                raise
            say(f"the list of {resource.plural} ran out in the middle (410 Gone); starting it again")
    return _paged(client, resource, path, 0, parameters or {})


def _paged(client: Client, resource: Resource, path: str, page: int, more: Mapping[str, str]) -> Listed:
    items: list[dict[str, Any]] = []
    parameters = {**more, **({"limit": str(page)} if page else {})}
    while True:
        answer = client.get(path, parameters)
        for item in answer.get("items") or ():
            items.append({"apiVersion": resource.api_version, "kind": resource.kind, **item})
        metadata = answer.get("metadata") or {}
        proceed = metadata.get("continue")
        if not proceed:
            return Listed(items, str(metadata.get("resourceVersion") or ""))
        parameters = {**parameters, "continue": str(proceed)}
