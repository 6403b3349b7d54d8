"""Secrets that Git does not hold: those that other objects will make. They are assumed to exist, content unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gitops_kong.manifests.lenient import mapping, text
from gitops_kong.manifests.objects import CONTENT_UNKNOWN, EMPTY, K8sObject, Ref
from gitops_kong.sources.base import Assumption

_TLS_KEYS = ("tls.crt", "tls.key")


def secrets(objects: Iterable[K8sObject]) -> list[Assumption]:
    """The Secrets that these objects will make and that are not among them."""
    everything = list(objects)
    held = {
        found.ref for found in everything if found.kind == "Secret" and not found.group and "sops" not in found.data
    }
    found = []
    for maker in everything:
        make = _MAKERS.get((maker.group, maker.kind))
        if make is None:
            continue
        for made in make(maker):
            if made.ref not in held:
                held.add(made.ref)
                found.append(made)
    return found


def messages(assumptions: Iterable[Assumption]) -> Iterator[str]:
    """What is taken for granted, as lines for people: Secrets that one kind of object makes are one line."""
    secrets_by: dict[str, dict[str, str]] = {}
    others: dict[str, None] = {}
    for each in assumptions:
        if each.made_by is None or each.ref.kind != "Secret":
            others[each.message] = None
        else:
            name = f"{each.ref.namespace}/{each.ref.name}" if each.ref.namespace else each.ref.name
            secrets_by.setdefault(each.made_by.kind, {})[name] = each.message
    for kind, found in secrets_by.items():
        if len(found) == 1:
            yield from found.values()
        else:
            made = "Secrets encrypted with SOPS hold them" if kind == "Secret" else f"made by objects of kind {kind}"
            listed = ", ".join(found)
            yield f"{len(found)} Secrets are assumed to exist with unknown content, {made}: {listed}"
    yield from others


def _assume(
    maker: K8sObject, name: str, keys: Iterable[str] = (), template: Mapping[str, Any] = EMPTY, kind: str = ""
) -> Assumption:
    ref = Ref("", "Secret", maker.namespace, name)
    metadata = mapping(template.get("metadata"))
    stand_in: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            **({"namespace": maker.namespace} if maker.namespace else {}),
            **({"labels": dict(metadata["labels"])} if mapping(metadata.get("labels")) else {}),
            "annotations": {**mapping(metadata.get("annotations")), CONTENT_UNKNOWN: "true"},
        },
        "type": template.get("type") or kind or "Opaque",
    }
    message = f"{ref} is assumed to exist with unknown content: {maker.ref} makes it"
    return Assumption(ref, message, maker, K8sObject(stand_in, maker.origin), tuple(sorted(set(keys))))


def _external_secret(maker: K8sObject) -> Iterator[Assumption]:
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
    yield _assume(maker, text(target.get("name")) or maker.name, keys, template)


def _sealed_secret(maker: K8sObject) -> Iterator[Assumption]:
    spec = mapping(maker.spec)
    template = mapping(spec.get("template"))
    keys = [*mapping(spec.get("encryptedData")), *mapping(template.get("data"))]
    yield _assume(maker, maker.name, keys, template)


def _certificate(maker: K8sObject) -> Iterator[Assumption]:
    spec = mapping(maker.spec)
    if name := text(spec.get("secretName")):
        template = {"metadata": mapping(spec.get("secretTemplate"))}
        yield _assume(maker, name, _TLS_KEYS, template, "kubernetes.io/tls")


def _sops(maker: K8sObject) -> Iterator[Assumption]:
    """A Secret encrypted with SOPS: its keys are known, its values are not."""
    if "sops" in maker.data:
        keys = [*mapping(maker.data.get("data")), *mapping(maker.data.get("stringData"))]
        yield _assume(maker, maker.name, keys, maker.data)


def _sops_secret(maker: K8sObject) -> Iterator[Assumption]:
    templates = mapping(maker.spec).get("secretTemplates")
    for entry in templates if isinstance(templates, list) else ():
        template = mapping(entry)
        metadata = {"metadata": {part: template.get(part) for part in ("labels", "annotations")}}
        keys = [*mapping(template.get("data")), *mapping(template.get("stringData"))]
        if name := text(template.get("name")):
            yield _assume(maker, name, keys, {**metadata, "type": template.get("type")})


def _vault_secret(maker: K8sObject) -> Iterator[Assumption]:
    destination = mapping(mapping(maker.spec).get("destination"))
    if destination.get("create") and (name := text(destination.get("name"))):
        yield _assume(maker, name, (), {"metadata": destination, "type": destination.get("type")})


def _infisical(maker: K8sObject) -> Iterator[Assumption]:
    reference = mapping(mapping(maker.spec).get("managedSecretReference"))
    if name := text(reference.get("secretName")):
        yield _assume(maker, name, (), {"type": reference.get("secretType")})


def _same_name(maker: K8sObject) -> Iterator[Assumption]:
    yield _assume(maker, maker.name)


_MAKERS: dict[tuple[str, str], Callable[[K8sObject], Iterator[Assumption]]] = {
    ("external-secrets.io", "ExternalSecret"): _external_secret,
    ("kubernetes-client.io", "ExternalSecret"): _same_name,
    ("bitnami.com", "SealedSecret"): _sealed_secret,
    ("cert-manager.io", "Certificate"): _certificate,
    ("isindir.github.com", "SopsSecret"): _sops_secret,
    ("secrets.hashicorp.com", "VaultStaticSecret"): _vault_secret,
    ("secrets.hashicorp.com", "VaultDynamicSecret"): _vault_secret,
    ("secrets.hashicorp.com", "VaultPKISecret"): _vault_secret,
    ("secrets.infisical.com", "InfisicalSecret"): _infisical,
    ("onepassword.com", "OnePasswordItem"): _same_name,
    ("", "Secret"): _sops,
}
