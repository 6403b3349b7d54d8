"""CA certificates from labelled Secrets and ConfigMaps (KIC `Translator.getCACerts`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.translate.context import Context
from gitops_kong.translate.gotext import instant
from gitops_kong.translate.secrets import config_map_data, secret_data
from gitops_kong.translate.state import KongState
from gitops_kong.translate.x509 import X509Error, decode_pem, encode_certificate, parse_certificate

LABEL = "konghq.com/ca-cert"
_KONG_GROUP = "configuration.konghq.com"

INVALID_BLOCK = "invalid PEM block"


class CertificateError(Exception):
    """A CA certificate that is not translated."""


def fill_ca_certificates(context: Context, state: KongState) -> None:
    """Add the CA certificates of this cluster."""
    for obj in context.store.list("", "Secret"):
        if obj.labels.get(LABEL) == "true" and obj.content_problem:
            context.fail(f"{_subject(context)}{obj.content_problem}", obj)
    candidates = [(obj, data) for obj, data in _labelled(context) if _has_id(obj, data, context)]
    if context.behaves("ca-certificate-of-oldest"):
        candidates = _oldest_by_id(candidates, context)
    for obj, data in candidates:
        identity = data["id"]
        try:
            text = _certificate_text(obj, data, context)
        except CertificateError as e:
            context.fail(f"{_subject(context)}{e}", *_plugins_that_trust(identity, context), obj)
        else:
            state.ca_certificates.append({"id": identity, "cert": text, "tags": context.tags(obj)})


def _labelled(context: Context) -> list[tuple[K8sObject, Mapping[str, str]]]:
    """Labelled Secrets and ConfigMaps with their data as text (`Store.ListCACerts`)."""
    any_class = context.behaves("ca-certificates-in-config-maps")
    found: list[tuple[K8sObject, Mapping[str, str]]] = [
        (secret, {key: value.decode(errors="replace") for key, value in secret_data(secret).items()})
        for secret in context.store.list("", "Secret")
        if secret.labels.get(LABEL) == "true"
        and not secret.content_unknown
        and (any_class or context.has_class(secret))
    ]
    if any_class:
        config_maps = (c for c in context.store.list("", "ConfigMap") if c.labels.get(LABEL) == "true")
        found.extend((c, config_map_data(c)) for c in config_maps)
    return found


def _subject(context: Context) -> str:
    """How failures begin."""
    secret = "secret " if context.behaves("ca-certificates-in-config-maps") else ""
    return f"invalid {secret}CA certificate"


def _has_id(obj: K8sObject, data: Mapping[str, str], context: Context) -> bool:
    if "id" not in data:
        context.fail(f"{_subject(context)}: missing 'id' field in data", obj)
    return "id" in data


def _oldest_by_id(
    candidates: list[tuple[K8sObject, Mapping[str, str]]], context: Context
) -> list[tuple[K8sObject, Mapping[str, str]]]:
    """One object for each id: the oldest, then the first by namespace and name."""
    chosen: dict[str, tuple[K8sObject, Mapping[str, str]]] = {}
    for candidate in candidates:
        present = chosen.setdefault(candidate[1]["id"], candidate)
        if present is candidate:
            continue
        winner, loser = sorted((present, candidate), key=lambda c: _age(c[0]))
        chosen[candidate[1]["id"]] = winner
        context.fail(f"{_subject(context)}: duplicate 'id' field in multiple objects", loser[0])
    return list(chosen.values())


def _age(obj: K8sObject) -> tuple[str, str, str]:
    return instant(obj.metadata.get("creationTimestamp")), obj.namespace, obj.name


def _certificate_text(obj: K8sObject, data: Mapping[str, str], context: Context) -> str:
    """The certificate as it is posted."""
    text = data.get("cert")
    if text is None and not context.behaves("ca-certificates-in-config-maps"):
        raise CertificateError(": missing 'cert' field in data")
    if text is None:
        text = data.get("ca.crt")
    if text is None:
        raise CertificateError(f' {obj.namespace}/{obj.name}, neither "cert" nor "ca.crt" key exist')
    strict = context.behaves("ca-certificate-alone-in-its-file")
    content = _only_block(text.encode()) if strict else _first_block(text.encode())
    _checked(content, context.now, negative_serial=context.behaves("negative-serial-numbers"))
    return encode_certificate(content) if strict else text


def _checked(content: bytes, now: datetime, *, negative_serial: bool) -> None:
    try:
        certificate = parse_certificate(content, negative_serial=negative_serial)
    except X509Error:
        raise CertificateError(": failed to parse certificate") from None
    if not certificate.is_ca:
        raise CertificateError(": certificate is missing the 'CA' basic constraint")
    if now > certificate.not_after:
        raise CertificateError(": expired")


def _first_block(text: bytes) -> bytes:
    block = decode_pem(text)
    if block is None:
        raise CertificateError(f": {INVALID_BLOCK}")
    return block.content


def problem_of(data: Mapping[str, str], now: datetime) -> str:
    """Why the newest controller makes no CA certificate of `data` at the time `now`, in its words; '' if it does."""
    if "id" not in data:
        return ": missing 'id' field in data"
    text = data.get("cert", data.get("ca.crt"))
    if text is None:
        return ': neither "cert" nor "ca.crt" key exist'
    try:
        _checked(_only_block(text.encode()), now, negative_serial=False)
    except CertificateError as e:
        return str(e)
    return ""


def _only_block(text: bytes) -> bytes:
    """The content of the single certificate; anything after it is an error."""
    rest = text.strip()
    contents = []
    while rest:
        block = decode_pem(rest)
        if block is None:
            raise CertificateError(f": {INVALID_BLOCK}")
        if block.label != "CERTIFICATE":
            raise CertificateError(f": {INVALID_BLOCK} type")
        contents.append(block.content)
        rest = block.rest.strip()
    if not contents:
        raise CertificateError(f": {INVALID_BLOCK}")
    if len(contents) > 1:
        raise CertificateError(": multiple PEM certificates found")
    return contents[0]


def _plugins_that_trust(identity: str, context: Context) -> list[K8sObject]:
    """Plugins whose config names the CA certificate (`getPluginsAssociatedWithCACertSecret`)."""
    plugins = [
        *context.store.list(_KONG_GROUP, "KongPlugin"),
        *(p for p in context.store.list(_KONG_GROUP, "KongClusterPlugin") if context.has_class(p)),
    ]
    return [plugin for plugin in plugins if _trusts(plugin.data.get("config"), identity)]


def _trusts(config: object, identity: str) -> bool:
    named = config.get("ca_certificates") if isinstance(config, Mapping) else None
    return isinstance(named, list) and all(n is None or isinstance(n, str) for n in named) and identity in named
