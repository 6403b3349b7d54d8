"""What makes Secrets: the kinds of operators, annotations that cert-manager heeds, Secrets that others fill in.

Each function gives, for one object, the Secrets that it makes with what is known of them: name, labels, type, keys.
Sources: the API references of External Secrets, Sealed Secrets, cert-manager (`ingress-shim`, `gateway-shim`), SOPS,
the Vault Secrets Operator, VaultSecret (ricoberger, redhat-cop), Infisical, 1Password, Doppler, Bitwarden, the Secrets
Store CSI driver, Azure Key Vault to Kubernetes, mittwald's secret generator, and Crossplane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from gitops_kong.manifests.label_selectors import matches
from gitops_kong.manifests.lenient import items, mapping, mappings, text
from gitops_kong.manifests.objects import CONTENT_UNKNOWN, EMPTY, K8sObject, Ref
from gitops_kong.sources.base import Assumption

_TLS = "kubernetes.io/tls"
_TLS_KEYS = ("tls.crt", "tls.key")
_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 - the name of a type
_SHIM = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer")
# annotations of a Secret whose content something else puts in
_FILLED = (
    "avp.kubernetes.io/path",
    "reflector.v1.k8s.emberstack.com/reflects",
    "replicator.v1.mittwald.de/replicate-from",
    "secret-generator.v1.mittwald.de/autogenerate",
    "secret-generator.v1.mittwald.de/type",
    "vault.security.banzaicloud.io/vault-addr",
    "vault.security.banzaicloud.io/vault-role",
)


def made_by(maker: K8sObject, everything: Sequence[K8sObject]) -> Iterator[Assumption]:
    """The Secrets that an object makes."""
    make = _MAKERS.get((maker.group, maker.kind))
    if make is not None:
        yield from make(maker)
    elif (maker.group, maker.kind) == ("external-secrets.io", "ClusterExternalSecret"):
        yield from _cluster_external_secret(maker, everything)
    elif maker.group.endswith((".crossplane.io", ".upbound.io")) or "writeConnectionSecretToRef" in maker.spec:
        yield from _connection(maker)


def filled_elsewhere(secret: K8sObject) -> bool:
    """Whether a Secret of Git has another content in the cluster: encrypted, copied, generated, or a place for it."""
    if "sops" in secret.data or secret.content_unknown:
        return True
    if not any(mapping(secret.data.get(field)) for field in ("data", "stringData")):
        return secret.data.get("type") == _TOKEN or any(name in secret.annotations for name in _FILLED)
    if any(name in secret.annotations for name in _FILLED if "vault" not in name and "avp" not in name):
        return True
    values = [*mapping(secret.data.get("stringData")).values(), *mapping(secret.data.get("data")).values()]
    return any(isinstance(value, str) and value.startswith(_PLACEHOLDERS) for value in values) or (
        "avp.kubernetes.io/path" in secret.annotations
    )


# `vault:…` of bank-vaults, plain and in base64; `<path:…>` and `<key>` of the Argo CD Vault plugin
_PLACEHOLDERS = ("vault:", "dmF1bHQ6", "<path:", "PHBhdGg6")


def assume(
    maker: K8sObject,
    name: str,
    keys: Iterable[str] = (),
    template: Mapping[str, Any] = EMPTY,
    kind: str = "",
    namespace: str | None = None,
) -> Assumption:
    """A Secret that `maker` makes, in its own namespace unless another one is said."""
    space = maker.namespace if namespace is None else namespace
    ref = Ref("", "Secret", space, name)
    metadata = mapping(template.get("metadata"))
    stand_in: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            **({"namespace": space} if space else {}),
            **({"labels": dict(metadata["labels"])} if mapping(metadata.get("labels")) else {}),
            "annotations": {**mapping(metadata.get("annotations")), CONTENT_UNKNOWN: "true"},
        },
        "type": template.get("type") or kind or "Opaque",
    }
    message = f"{ref} is assumed to exist with unknown content: {maker.ref} makes it"
    if ref == maker.ref:
        message = f"{ref} is assumed to have another content than in Git, which is not known"
    return Assumption(ref, message, maker, K8sObject(stand_in, maker.origin), tuple(sorted(set(keys))))


def _external_secret(maker: K8sObject, name: str = "", namespace: str | None = None) -> Iterator[Assumption]:
    spec = mapping(maker.spec)
    target = mapping(spec.get("target"))
    if target.get("creationPolicy") in ("Merge", "None"):
        return
    template = mapping(target.get("template"))
    data = spec.get("data")
    keys = [text(entry.get("secretKey")) for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []
    made = mapping(template.get("data"))
    if spec.get("dataFrom"):
        keys = []  # all keys of a remote secret: not known here
    elif made:
        keys = [*made] if template.get("mergePolicy") != "Merge" else [*keys, *made]
    yield assume(maker, text(target.get("name")) or name or maker.name, keys, template, namespace=namespace)


def _cluster_external_secret(maker: K8sObject, everything: Sequence[K8sObject]) -> Iterator[Assumption]:
    """One ExternalSecret in each namespace that is listed or selected; a selector may mean any that is not here."""
    spec = maker.spec
    known = {each.name: each for each in everything if each.kind == "Namespace" and not each.group}
    named = {*known, *(each.namespace for each in everything if each.namespace)}
    selectors = [*mappings(spec.get("namespaceSelectors"))]
    if isinstance(spec.get("namespaceSelector"), dict):
        selectors.append(spec["namespaceSelector"])
    chosen = {text(name) for name in items(spec.get("namespaces"))}
    for name in named:
        labels = {"kubernetes.io/metadata.name": name, **(known[name].labels if name in known else {})}
        if any(name not in known or matches(_clean(selector), labels) for selector in selectors):
            chosen.add(name)
    inner = maker.with_data({**maker.data, "spec": mapping(spec.get("externalSecretSpec"))})
    name = text(spec.get("externalSecretName")) or maker.name
    for namespace in sorted(chosen - {""}):
        yield from _external_secret(inner, name, namespace)


def _clean(selector: Mapping[str, Any]) -> Mapping[str, Any]:
    expressions = mappings(selector.get("matchExpressions"))
    return {
        "matchLabels": mapping(selector.get("matchLabels")),
        "matchExpressions": [
            {**each, "key": text(each.get("key")), "values": items(each.get("values"))} for each in expressions
        ],
    }


def _sealed_secret(maker: K8sObject) -> Iterator[Assumption]:
    spec = mapping(maker.spec)
    template = mapping(spec.get("template"))
    keys = [*mapping(spec.get("encryptedData")), *mapping(template.get("data"))]
    yield assume(maker, maker.name, keys, template)


def _certificate(maker: K8sObject) -> Iterator[Assumption]:
    spec = mapping(maker.spec)
    if name := text(spec.get("secretName")):
        yield assume(maker, name, _TLS_KEYS, {"metadata": mapping(spec.get("secretTemplate"))}, _TLS)


def _asks_for_certificates(maker: K8sObject) -> bool:
    return any(name in maker.annotations for name in _SHIM) or maker.annotations.get("kubernetes.io/tls-acme") == "true"


def _ingress(maker: K8sObject) -> Iterator[Assumption]:
    """cert-manager makes a Certificate for each entry of `tls` with hosts and the name of a Secret."""
    if _asks_for_certificates(maker):
        for entry in mappings(maker.spec.get("tls")):
            if items(entry.get("hosts")) and (name := text(entry.get("secretName"))):
                yield assume(maker, name, _TLS_KEYS, kind=_TLS)


def _gateway(maker: K8sObject) -> Iterator[Assumption]:
    """And for each listener that ends TLS for a host, with Secrets of its own namespace."""
    if not _asks_for_certificates(maker):
        return
    for listener in mappings(maker.spec.get("listeners")):
        tls = mapping(listener.get("tls"))
        if not text(listener.get("hostname")) or tls.get("mode", "Terminate") != "Terminate":
            continue
        for reference in mappings(tls.get("certificateRefs")):
            own = reference.get("namespace") in (None, maker.namespace)
            if own and reference.get("kind", "Secret") == "Secret" and (name := text(reference.get("name"))):
                yield assume(maker, name, _TLS_KEYS, kind=_TLS)


def _secret(maker: K8sObject) -> Iterator[Assumption]:
    """A Secret that is filled in elsewhere: its keys are known, its values are not."""
    if filled_elsewhere(maker):
        keys = [*mapping(maker.data.get("data")), *mapping(maker.data.get("stringData"))]
        yield assume(maker, maker.name, keys, maker.data)


def _sops_secret(maker: K8sObject) -> Iterator[Assumption]:
    for template in mappings(mapping(maker.spec).get("secretTemplates")):
        metadata = {"metadata": {part: template.get(part) for part in ("labels", "annotations")}}
        keys = [*mapping(template.get("data")), *mapping(template.get("stringData"))]
        if name := text(template.get("name")):
            yield assume(maker, name, keys, {**metadata, "type": template.get("type")})


def _vault_secret(maker: K8sObject) -> Iterator[Assumption]:
    destination = mapping(mapping(maker.spec).get("destination"))
    if destination.get("create") and (name := text(destination.get("name"))):
        yield assume(maker, name, (), {"metadata": destination, "type": destination.get("type")})


def _infisical(maker: K8sObject) -> Iterator[Assumption]:
    spec = mapping(maker.spec)
    for reference in (mapping(spec.get("managedSecretReference")), *mappings(spec.get("managedKubeSecretReferences"))):
        if name := text(reference.get("secretName")):
            namespace = text(reference.get("secretNamespace")) or None
            yield assume(maker, name, (), {"type": reference.get("secretType")}, namespace=namespace)


def _doppler(maker: K8sObject) -> Iterator[Assumption]:
    managed = mapping(mapping(maker.spec).get("managedSecret"))
    if name := text(managed.get("name")):
        namespace = text(managed.get("namespace")) or None
        yield assume(maker, name, (), {"type": managed.get("type")}, namespace=namespace)


def _store_class(maker: K8sObject) -> Iterator[Assumption]:
    """Secrets that the CSI driver makes while a Pod mounts the class."""
    for entry in mappings(maker.spec.get("secretObjects")):
        if name := text(entry.get("secretName")):
            keys = [text(each.get("key")) for each in mappings(entry.get("data"))]
            metadata = {part: entry.get(part) for part in ("labels", "annotations")}
            yield assume(maker, name, keys, {"metadata": metadata, "type": entry.get("type")})


def _at(*path: str) -> Callable[[K8sObject], Iterator[Assumption]]:
    """A kind that has the name of its Secret at a path, else makes one of its own name."""

    def make(maker: K8sObject) -> Iterator[Assumption]:
        found: Any = maker.data
        for key in path:
            found = mapping(found).get(key)
        yield assume(maker, text(found) or maker.name)

    return make


def _connection(maker: K8sObject) -> Iterator[Assumption]:
    """Crossplane writes how to connect to what it made."""
    reference = mapping(maker.spec.get("writeConnectionSecretToRef"))
    if name := text(reference.get("name")):
        yield assume(maker, name, namespace=text(reference.get("namespace")) or None)


_SAME_NAME = _at()
_MAKERS: dict[tuple[str, str], Callable[[K8sObject], Iterator[Assumption]]] = {
    ("external-secrets.io", "ExternalSecret"): _external_secret,
    ("kubernetes-client.io", "ExternalSecret"): _SAME_NAME,
    ("bitnami.com", "SealedSecret"): _sealed_secret,
    ("cert-manager.io", "Certificate"): _certificate,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("gateway.networking.k8s.io", "Gateway"): _gateway,
    ("isindir.github.com", "SopsSecret"): _sops_secret,
    ("secrets.hashicorp.com", "VaultStaticSecret"): _vault_secret,
    ("secrets.hashicorp.com", "VaultDynamicSecret"): _vault_secret,
    ("secrets.hashicorp.com", "VaultPKISecret"): _vault_secret,
    ("secrets.hashicorp.com", "HCPVaultSecretsApp"): _vault_secret,
    ("ricoberger.de", "VaultSecret"): _SAME_NAME,
    ("koudingspawn.de", "Vault"): _SAME_NAME,
    ("redhatcop.redhat.io", "VaultSecret"): _at("spec", "output", "name"),
    ("secrets.infisical.com", "InfisicalSecret"): _infisical,
    ("secrets.doppler.com", "DopplerSecret"): _doppler,
    ("onepassword.com", "OnePasswordItem"): _SAME_NAME,
    ("k8s.bitwarden.com", "BitwardenSecret"): _at("spec", "secretName"),
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass"): _store_class,
    ("spv.no", "AzureKeyVaultSecret"): _at("spec", "output", "secret", "name"),
    ("secretgenerator.mittwald.de", "StringSecret"): _SAME_NAME,
    ("secretgenerator.mittwald.de", "BasicAuth"): _SAME_NAME,
    ("secretgenerator.mittwald.de", "SSHKeyPair"): _SAME_NAME,
    ("", "Secret"): _secret,
}
