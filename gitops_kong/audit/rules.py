"""The rules of `gitops-kong audit`: what each one is, means, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gitops_kong.predict.model import Severity


class AuditRule(NamedTuple):
    """One rule; `severity` is that of its findings unless a check lowers it."""

    severity: Severity
    title: str
    meaning: str
    remediation: str


RULES: Mapping[str, AuditRule] = {
    "ingress-status-missing": AuditRule(
        "error",
        "An Ingress that works has no address in its status",
        "The gateway runs its configuration, but the controller has not written status.loadBalancer. ExternalDNS"
        " makes no record for it, and Argo CD keeps it Progressing. KIC 3.2.0 to 3.4.3 write no status while the"
        " fallback configuration is in use.",
        "Mend what is broken (other findings name it); from KIC 3.4.4 on the status is written with a fallback, too.",
    ),
    "not-served": AuditRule(
        "error",
        "The gateway runs nothing of it",
        "The controller should have given the gateway a configuration for it, and the gateway has none: requests"
        " are not routed as it says.",
        "Look for what the gateway refuses or the controller cannot translate; `gitops-kong explain` tells the chain.",
    ),
    "publish-service-without-address": AuditRule(
        "error",
        "The controller's publish Service has no address",
        "The controller writes the addresses of this Service into every status. While it has none, no Ingress"
        " gets one.",
        "Look at the Service's Events: the cloud's load balancer is not there yet, or cannot be made.",
    ),
    "ingress-address-differs": AuditRule(
        "error",
        "An Ingress has another address than the gateway",
        "Its status names other addresses than the controller's publish Service has now. DNS records that are"
        " made from it lead elsewhere.",
        "Let the controller write it anew: touch the Ingress or restart the controller; look who else writes its"
        " status.",
    ),
    "class-not-handled": AuditRule(
        "error",
        "Nobody handles the ingress class",
        "Its IngressClass is Kong's, but no controller of this cluster runs with that class: nothing routes it,"
        " and a status that it has is of a controller that is gone.",
        "Use the class of a controller that runs (--ingress-class), or deploy one for this class.",
    ),
    "class-missing": AuditRule(
        "warning",
        "The ingress class does not exist",
        "No IngressClass has that name, and no Kong controller was found for it. Unless another controller takes"
        " it by name, nothing routes it.",
        "Correct spec.ingressClassName, or create the IngressClass.",
    ),
    "class-not-named": AuditRule(
        "warning",
        "An Ingress names no class, and there is no default",
        "It has neither spec.ingressClassName nor the annotation kubernetes.io/ingress.class, and no IngressClass"
        " is the cluster's default: no controller takes it.",
        "Name the class, or make an IngressClass the default.",
    ),
    "status-outdated": AuditRule(
        "error",
        "A condition is older than the object",
        "The controller has not judged the object since it was changed: the condition's observedGeneration is"
        " lower than its metadata.generation. What is in force is an older version of it.",
        "Look at the controller's log (`gitops-kong logs`) and for refused configurations.",
    ),
    "not-programmed": AuditRule(
        "error",
        "The controller says that the object is not programmed",
        "A condition of its status says that its configuration is not in force, for the reason that it gives.",
        "Mend what the condition's message names.",
    ),
    "route-without-status": AuditRule(
        "error",
        "The controller has not written a status for the route",
        "It belongs to a Gateway of this controller, and its status has no entry of it.",
        "Look at the controller's log (`gitops-kong logs`) and for refused configurations.",
    ),
    "gateway-refuses": AuditRule(
        "error",
        "The gateway refuses the object's configuration",
        "While it is refused, nothing new reaches the gateway, or only a fallback without it; a gateway that"
        " starts empty stays so.",
        "Correct the field that the message names.",
    ),
    "excluded-now": AuditRule(
        "error",
        "The fallback configuration leaves the object out",
        "The gateway runs a configuration without it, because of an object that is broken.",
        "Mend the broken objects.",
    ),
    "backfilled-now": AuditRule(
        "warning",
        "The fallback configuration serves an older version of the object",
        "The gateway runs what was valid last, because the object or one that it needs is broken.",
        "Mend the broken objects.",
    ),
    "configuration-event": AuditRule(
        "error",
        "The controller recorded a configuration error on the object",
        "A Warning Event of the controller says that it could not translate the object, or that the gateway"
        " refused it.",
        "Mend what the message names.",
    ),
    "gateway-lacks": AuditRule(
        "error",
        "The gateway lacks entities",
        "From the objects of the cluster the controller makes entities that the gateway does not run.",
        "Look at the controller's log (`gitops-kong logs`): the last pushes failed, or the controller is not running.",
    ),
    "gateway-has-more": AuditRule(
        "warning",
        "The gateway runs entities that nothing asks for",
        "The gateway runs entities of an object that the cluster does not have any more, or that this controller"
        " does not handle: an older configuration is in force, or another controller writes to the same gateway.",
        "Look at the controller's log (`gitops-kong logs`), and for a second controller with the same Admin API.",
    ),
    "gateway-differs": AuditRule(
        "error",
        "The gateway runs an entity with other values",
        "What the gateway runs is not what the controller makes of the objects now.",
        "Look at the controller's log (`gitops-kong logs`): the last pushes failed, or someone else writes to the"
        " gateway.",
    ),
    "drift": AuditRule(
        "warning",
        "The object is not as Git says",
        "Fields of the object differ from the manifest in Git: someone changed it in the cluster, or it was not"
        " synced.",
        "Sync it, or bring the change into Git.",
    ),
    "not-in-cluster": AuditRule(
        "error",
        "The cluster lacks an object of Git",
        "The manifest is in Git, and the cluster does not have the object.",
        "Sync it; look why the API server or the admission webhook refuses it.",
    ),
    "not-seen": AuditRule(
        "info",
        "A part of the cluster could not be read",
        "The user of this audit may not list it; nothing is said of it.",
        "Give the user the role of deploy/audit.",
    ),
}
