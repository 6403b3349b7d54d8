"""Tags that lead from a Kong entity back to its Kubernetes object."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.annotations import PREFIX, comma_list

_USER_TAGS = f"{PREFIX}/tags"


def object_tags(obj: K8sObject, options: ControllerOptions, named_rules: Iterable[str] = ()) -> list[str]:
    """Tags of an object's entities (KIC `util.GenerateTagsForObject`): its identity, then its own `konghq.com/tags`.

    `named_rules` are names of Gateway API rules; blank ones give no tag.
    """
    group, kind, namespace, name = obj.ref
    tags = []
    if name:
        tags.append(f"k8s-name:{name}")
    if namespace:
        tags.append(f"k8s-namespace:{namespace}")
    if kind:
        tags.append(f"k8s-kind:{kind}")
    if uid := obj.uid:
        tags.append(f"k8s-uid:{uid}")
    if group:
        tags.append(f"k8s-group:{group}")
    if version := obj.version:
        tags.append(f"k8s-version:{version}")
    tags.extend(f"k8s-named-route-rule:{rule}" for rule in named_rules if rule.strip())
    if own := obj.annotations.get(_USER_TAGS):
        tags.extend(dict.fromkeys(comma_list(own, options)))
    return tags


# What a service without any Kubernetes Service is tagged with (KIC `ingressRules.generateKongServiceTags`).
UNKNOWN_SERVICE_TAGS = (
    "k8s-name:UNKNOWN",
    "k8s-namespace:UNKNOWN",
    "k8s-kind:Service",
    "k8s-uid:00000000-0000-0000-0000-000000000000",
    "k8s-group:core",
    "k8s-version:v1",
)
