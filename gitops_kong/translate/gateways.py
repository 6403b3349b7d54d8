"""What routes and certificates take from their Gateways: listening ports, protocols, host names, TLS Secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gitops_kong.cluster.gateway_api import UNMANAGED_CLASS
from gitops_kong.cluster.reference_grants import GATEWAY_GROUP, Referrer, Target, is_granted
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context

TOO_MANY_CERTIFICATES = "listener '%s' has more than one certificateRef, it's not supported"  # sent unformatted

Listener = Mapping[str, Any]


def _attached_listeners(store: ObjectStore, route: K8sObject) -> Iterator[Listener]:
    """The listeners that the parentRefs of `route` name, of Gateways that exist."""
    for ref in route.spec.get("parentRefs") or ():
        gateway = store.get(GATEWAY_GROUP, "Gateway", ref.get("namespace") or route.namespace, ref.get("name") or "")
        if gateway is None:
            continue
        section = ref.get("sectionName")
        for listener in gateway.spec.get("listeners") or ():
            if section is None or section == listener.get("name"):
                yield listener


def listening_ports(store: ObjectStore, route: K8sObject, protocol: str) -> list[int]:
    """Ports of the listeners of `protocol` that `route` attaches to (KIC `getGatewayListeningPorts`)."""
    return [li.get("port", 0) for li in _attached_listeners(store, route) if li.get("protocol") == protocol]


def http_protocols(store: ObjectStore, routes: Iterable[K8sObject]) -> list[str]:
    """`http` and `https` as far as listeners of `routes` have them (KIC `protocolsFromHTTPRoutesGatewayListeners`)."""
    found = {li.get("protocol") for route in routes for li in _attached_listeners(store, route)}
    return [kong for kong, protocol in (("http", "HTTP"), ("https", "HTTPS")) if protocol in found]


def listener_hostnames(store: ObjectStore, route: K8sObject) -> list[str]:
    """Host names of the listeners of a GRPCRoute without own ones (KIC `getGRPCRouteHostnamesAsSliceOfStringPointers`).

    One Gateway that does not exist takes all host names away, and a parentRef without a namespace is looked up in the
    namespace of the one before it.
    """
    hostnames = []
    namespace = route.namespace
    for ref in route.spec.get("parentRefs") or ():
        if ref.get("kind", "Gateway") != "Gateway":
            continue
        namespace = ref.get("namespace") or namespace
        gateway = store.get(GATEWAY_GROUP, "Gateway", namespace, ref.get("name") or "")
        if gateway is None:
            return []
        section = ref.get("sectionName")
        for listener in gateway.spec.get("listeners") or ():
            hostname = listener.get("hostname")
            if hostname is not None and (section is None or section == listener.get("name")):
                hostnames.append(hostname)
    return hostnames


class ListenerCertificate(NamedTuple):
    """A Secret that a listener serves, for one host name (`*`: any)."""

    secret: K8sObject
    hostname: str
    gateway: K8sObject


def listener_certificates(context: Context) -> list[ListenerCertificate]:
    """The Secrets of Gateways' listeners (KIC `getGatewayCerts`); whether they hold a key pair is for the caller.

    Registers a failure for a listener with several certificates.
    """
    return [
        certificate
        for gateway in context.store.list(GATEWAY_GROUP, "Gateway")
        for certificate in _certificates_of(context, gateway)
    ]


def _certificates_of(context: Context, gateway: K8sObject) -> Iterator[ListenerCertificate]:
    needs_programmed = True
    if context.options.behaviours["gateway-certificates-by-class"]:
        gateway_class = context.store.get(GATEWAY_GROUP, "GatewayClass", "", gateway.spec.get("gatewayClassName") or "")
        if gateway_class is None or gateway_class.spec.get("controllerName") != context.options.gateway_controller_name:
            return
        needs_programmed = bool(gateway_class.annotations.get(UNMANAGED_CLASS))
    listener_statuses = (gateway.data.get("status") or {}).get("listeners") or ()
    statuses = {status.get("name"): status for status in listener_statuses}
    for listener in gateway.spec.get("listeners") or ():
        status = statuses.get(listener.get("name"))
        if status is None or (needs_programmed and not _is_programmed(status, gateway)):
            continue
        refs = (listener.get("tls") or {}).get("certificateRefs") or ()
        if len(refs) > 1:
            context.fail(TOO_MANY_CERTIFICATES, gateway)
        elif refs:
            secret = _secret(context, gateway, refs[0])
            if secret is not None:
                hostname = listener.get("hostname")
                yield ListenerCertificate(secret, "*" if hostname is None else hostname, gateway)


def _is_programmed(listener_status: Mapping[str, Any], gateway: K8sObject) -> bool:
    generation = gateway.metadata.get("generation") or 0
    return any(
        condition.get("type") == "Programmed"
        and condition.get("reason") == "Programmed"
        and condition.get("status") == "True"
        and (condition.get("observedGeneration") or 0) == generation
        for condition in listener_status.get("conditions") or ()
    )


def _secret(context: Context, gateway: K8sObject, ref: Mapping[str, Any]) -> K8sObject | None:
    namespace, name = ref.get("namespace") or gateway.namespace, ref.get("name") or ""
    if (
        context.options.behaviours["gateway-certificates-need-grant"]
        and namespace != gateway.namespace
        and not is_granted(
            context.store,
            Referrer(GATEWAY_GROUP, "Gateway", gateway.namespace),
            Target(namespace, ref.get("group") or "", ref.get("kind", "Secret"), name),
        )
    ):
        return None
    return context.store.get("", "Secret", namespace, name)
