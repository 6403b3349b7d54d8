"""What of an object may leave the cluster: no content of Secrets, no credential in a configuration.

A value becomes a digest with a key that is made for one snapshot and then forgotten: equal values stay equal, and
nobody can guess values by trying. What prediction needs beyond that (whether a certificate can be used, whether a
number is one) is kept as a fact, worked out by the functions that prediction itself asks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from gitops_kong.cluster.references import CA_CERTIFICATE_LABEL, CREDENTIAL_LABEL, CREDENTIAL_TYPES
from gitops_kong.lazy import regex
from gitops_kong.manifests.lenient import mapping
from gitops_kong.manifests.objects import CONTENT_PROBLEM, CONTENT_UNKNOWN, K8sObject
from gitops_kong.translate.ca_certificates import problem_of
from gitops_kong.translate.certificates import UNUSABLE
from gitops_kong.translate.gotext import boolean, integer
from gitops_kong.translate.secrets import secret_data
from gitops_kong.translate.x509 import is_key_pair

PREFIX = "hmac-sha256:"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# annotations of Secrets that the controller or the owner's tools look at; others can hold copies of the content
_OF_SECRETS = regex(r"(?:[\w.-]*\.)?konghq\.com/.*|kubernetes\.io/ingress\.class|argocd\.argoproj\.io/.*")
_SECRET_FIELD = regex(
    r"(?:.*_)?(?:secrets?|passw(?:or)?d|passphrase|tokens?|api_?keys?|(?:access|secret|private|signing|aws|account)_?key"
    r"|access_key_id|secret_?id|credentials?|header_value|param_value|service_account_json|authorization|certificate_key)",
    re.IGNORECASE,
).fullmatch
_SECRET_HEADER = regex(
    r"((?:proxy-)?authorization|cookie|set-cookie|[\w-]*(?:api-?key|token|secret|password))(\s*:\s*)(.+)",
    re.IGNORECASE | re.DOTALL,
).fullmatch
_VAULT = regex(r"\{vault://.*\}", re.DOTALL)
# closed vocabularies: such a value tells nothing
_WORDS: Mapping[str, frozenset[str]] = {
    "algorithm": frozenset((*(f"{a}{n}" for a in ("HS", "RS", "ES", "PS") for n in (256, 384, 512)), "EdDSA")),
    "client_type": frozenset(("confidential", "public")),
    "kongCredType": CREDENTIAL_TYPES,
}
_CONFIGURED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "KongPlugin": (("config",),),
    "KongClusterPlugin": (("config",),),
    "KongVault": (("spec", "config"),),
    "KongCustomEntity": (("spec", "fields"),),
}


class Redaction:
    """One snapshot's way to make digests; `key` is never written anywhere."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        """`obj` as it may leave the cluster."""
        kind = obj.get("kind")
        found = {**obj, "metadata": _metadata(obj, secret=kind == "Secret")}
        if kind == "Secret":
            return self._secret(found)
        if kind == "ConfigMap":
            return self._config_map(found)
        for path in _CONFIGURED.get(str(kind), ()):
            found = _replaced(found, path, self._configuration)
        return found

    def digest(self, value: bytes) -> str:
        """What stands for `value`."""
        return PREFIX + hmac.new(self._key, value, hashlib.sha256).hexdigest()[:32]

    def _secret(self, obj: dict[str, Any]) -> dict[str, Any]:
        secret = K8sObject(obj)
        obj.pop("stringData", None)
        data = secret_data(secret)
        credential = secret.labels.get(CREDENTIAL_LABEL) is not None or "kongCredType" in data
        written = {key: self._value(key, value) if credential else self.digest(value) for key, value in data.items()}
        obj["data"] = {key: base64.b64encode(text.encode()).decode() for key, text in written.items()}
        return obj if credential else _unknown(obj, problem(secret, data))

    def _config_map(self, obj: dict[str, Any]) -> dict[str, Any]:
        """A ConfigMap: only authorities' certificates, which are public, are prediction's business."""
        if mapping(obj["metadata"].get("labels")).get(CA_CERTIFICATE_LABEL) == "true":
            return obj
        for field in ("data", "binaryData"):
            if obj.get(field):
                obj[field] = {key: self.digest(str(value).encode()) for key, value in mapping(obj[field]).items()}
        return _unknown(obj, "")

    def _value(self, key: str, value: bytes) -> str:
        """What stands for a credential's value: of the same type, so that it is decoded in the same way."""
        text = value.decode("utf-8", "replace")
        if text in _WORDS.get(key, ()) or not text:
            return text
        if key == "hash_secret" and boolean(text) is not None:
            return text
        if key == "ttl":
            number = integer(text)
            return self.digest(value) if number is None else "1" if number > 0 else str(min(number, 0) and -1)
        if key == "redirect_uris":
            return ",".join(self._uri(each) for each in text.split(","))
        return self.digest(value)

    def _uri(self, text: str) -> str:
        parts = urlsplit(text)
        digest = self.digest(text.encode()).removeprefix(PREFIX)
        return f"https://{digest}.invalid/" if parts.scheme in ("http", "https") and parts.hostname else digest

    def _configuration(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            named = value.get("name")  # {"name": "Authorization", "value": …}
            inner = named if isinstance(named, str) and set(value) <= {"name", "value"} else None
            return {key: self._configuration(v, inner if inner and key == "value" else key) for key, v in value.items()}
        if isinstance(value, list):
            return [self._configuration(v, name) for v in value]
        if not isinstance(value, str) or not value or _VAULT.fullmatch(value):
            return value
        if _SECRET_FIELD(name) or _SECRET_HEADER(f"{name}:{value}"):
            return self.digest(value.encode())
        header = _SECRET_HEADER(value)
        if header and not _VAULT.fullmatch(header[3]):
            return f"{header[1]}{header[2]}{self.digest(header[3].encode())}"
        return self._without_password(value)

    def _without_password(self, value: str) -> str:
        if "://" not in value or "@" not in value:
            return value
        try:
            parts = urlsplit(value)
            if parts.password is None:
                return value
        except ValueError:
            return self.digest(value.encode())
        host = parts.netloc.rpartition("@")[2]
        digest = self.digest(parts.password.encode()).removeprefix(PREFIX)
        return urlunsplit(parts._replace(netloc=f"{parts.username}:{digest}@{host}"))


def problem(secret: K8sObject, data: Mapping[str, bytes]) -> str:
    """Why the controller cannot use the content of a TLS Secret or of an authority's, '' where it can, in its words."""
    if secret.labels.get(CA_CERTIFICATE_LABEL) == "true":
        text = {key: value.decode(errors="replace") for key, value in data.items()}
        return problem_of(text, datetime.now(timezone.utc))
    if secret.data.get("type") == "kubernetes.io/tls" or ("tls.crt" in data or "tls.key" in data):
        pair = data.get("tls.crt", b"").strip(), data.get("tls.key", b"").strip()
        return "" if is_key_pair(*pair, negative_serial=False) else UNUSABLE
    return ""


def _unknown(obj: dict[str, Any], told: str) -> dict[str, Any]:
    annotations = {**mapping(obj["metadata"].get("annotations")), CONTENT_UNKNOWN: "true"}
    if told:
        annotations[CONTENT_PROBLEM] = told
    obj["metadata"]["annotations"] = annotations
    return obj


def _metadata(obj: Mapping[str, Any], *, secret: bool) -> dict[str, Any]:
    metadata = {key: value for key, value in mapping(obj.get("metadata")).items() if key != "managedFields"}
    if annotations := metadata.get("annotations"):
        kept = {
            key: value
            for key, value in mapping(annotations).items()
            if key != _LAST_APPLIED and (not secret or _OF_SECRETS.fullmatch(key))
        }
        metadata["annotations"] = kept
        if not kept:
            del metadata["annotations"]
    return metadata


def _replaced(obj: dict[str, Any], path: tuple[str, ...], change: Callable[[Any], Any]) -> dict[str, Any]:
    name, *rest = path
    if obj.get(name) is None:
        return obj
    inner = obj[name]
    if rest:
        return {**obj, name: _replaced(dict(mapping(inner)), tuple(rest), change)}
    return {**obj, name: change(inner)}
