"""Kubernetes objects as plain values, and references to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gitops_kong.manifests.lenient import mapping, text

EMPTY: Mapping[str, Any] = {}

# Annotation of a stand-in for an object that others will make: its name and labels are known, its `data` is not.
CONTENT_UNKNOWN = "gitops-kong/content-unknown"
# What is known of such content all the same: why the controller cannot use it, in its own words.
CONTENT_PROBLEM = "gitops-kong/content-problem"


class Ref(NamedTuple):
    """Identity of an object in one cluster. `group` is '' for the core group, `namespace` is '' for cluster scope."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`Kind namespace/name`, as reports print it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def to_json(self) -> dict[str, str]:
        """REF of CONTRACT.md: kind, namespace, name."""
        return {"kind": self.kind, "namespace": self.namespace, "name": self.name}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an object was read: the file that a person edits and the document's place in it.

    `file` is relative to the repository's root (`-` for stdin); `document` counts YAML documents from 0; `item` is
    the path within the document for objects of a List (`("items", 3)`). `patches` are the documents that change the
    object afterwards (Kustomize's), the last one last.
    """

    file: str
    document: int = 0
    item: tuple[str | int, ...] = ()
    patches: tuple[Origin, ...] = ()


class K8sObject:
    """One Kubernetes object: its content and the parts of it that every stage asks for.

    Parts of a wrong type (labels that are a list, a number as a name) count as empty; that such an object is refused
    is for the API server's rules to say, which look at `data`.

    `data` is shared between stages and is never changed after reading; a stage that changes an object makes a new one
    with `with_data`.
    """

    __slots__ = ("annotations", "api_version", "data", "labels", "origin", "ref")

    def __init__(self, data: Mapping[str, Any], origin: Origin | None = None) -> None:
        self.data = data
        self.origin = origin
        self.api_version: str = data.get("apiVersion") or ""
        metadata = mapping(data.get("metadata"))
        self.labels: Mapping[str, str] = mapping(metadata.get("labels"))
        self.annotations: Mapping[str, str] = mapping(metadata.get("annotations"))
        group, slash, _ = self.api_version.partition("/")
        self.ref = Ref(
            group if slash else "",
            data.get("kind") or "",
            text(metadata.get("namespace")),
            text(metadata.get("name")),
        )

    @property
    def group(self) -> str:
        """API group, '' for core."""
        return self.ref.group

    @property
    def version(self) -> str:
        """API version without the group: `v1`."""
        return self.api_version.rpartition("/")[2]

    @property
    def kind(self) -> str:
        """Kind, for example `Ingress`."""
        return self.ref.kind

    @property
    def namespace(self) -> str:
        """Namespace, '' for cluster scope."""
        return self.ref.namespace

    @property
    def name(self) -> str:
        """Name."""
        return self.ref.name

    @property
    def metadata(self) -> Mapping[str, Any]:
        """`metadata`, empty where missing."""
        return mapping(self.data.get("metadata"))

    @property
    def spec(self) -> Mapping[str, Any]:
        """`spec`, empty where missing."""
        return mapping(self.data.get("spec"))

    @property
    def uid(self) -> str:
        """`metadata.uid`, '' where missing."""
        return self.metadata.get("uid") or ""

    @property
    def content_unknown(self) -> bool:
        """Whether `data` is not known: nothing may be concluded from what it lacks."""
        return self.annotations.get(CONTENT_UNKNOWN) == "true"

    @property
    def content_problem(self) -> str:
        """Why the content, which is not known, cannot be used; '' where nothing is known of that."""
        return self.annotations.get(CONTENT_PROBLEM) or "" if self.content_unknown else ""

    def with_data(self, data: Mapping[str, Any]) -> K8sObject:
        """The same object with other content, keeping its origin."""
        return K8sObject(data, self.origin)

    def __repr__(self) -> str:
        return f"K8sObject({self.ref})"
