"""What kinds mean for predictions: which carry traffic, and of which the controller writes a status."""

from __future__ import annotations

from gitops_kong.controller.object_status import PROGRAMMED_KINDS

# Kinds whose objects become routes: a person expects traffic from each of them.
ROUTE_KINDS = frozenset(
    {"Ingress", "TCPIngress", "UDPIngress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"}
)

# Kinds whose status depends on what the controller reports of the object after a push: an address, or `Programmed`
# (KIC `KubernetesObjectConfigurationStatus` and `KubernetesObjectIsConfigured` in the reconcilers).
STATUS_KINDS = ROUTE_KINDS | PROGRAMMED_KINDS

# Kinds whose status says `Programmed: False` where the controller reports a failure; of the Gateway API's routes those
# that get a status before they are configured (KIC `EnsureProgrammedCondition`, `ensureParentsProgrammedCondition`).
FAILURE_STATUS_KINDS = frozenset({"HTTPRoute", "GRPCRoute", "TLSRoute"}) | PROGRAMMED_KINDS

# Kinds that only matter where something refers to them.
REFERENCED_KINDS = frozenset({"Service", "KongPlugin", "KongClusterPlugin", "KongServiceFacade"})

# Kinds whose status the controller writes whatever becomes of a configuration; what it says is in their conditions.
OWN_STATUS_KINDS = frozenset({"Gateway", "KongUpstreamPolicy"})
