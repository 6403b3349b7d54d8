"""Certificates and keys of ``certificates``, ``ca_certificates``, ``jwt_secrets`` and ``keys``.

Source: Kong ``typedefs.certificate``, ``typedefs.key``, ``typedefs.pem``, ``entities/certificates.lua``,
``entities/ca_certificates.lua``, ``plugins/jwt/daos.lua``; lua-resty-openssl. The reason that OpenSSL gives is
shortened: its numbers, paths and lines differ with each build. Where a key cannot be judged here it passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gitops_kong.gateway.formats import pem
from gitops_kong.lazy import regex

_TAG = "-----BEGIN CERTIFICATE-----"


@lru_cache(maxsize=1024)
def _certificate(text: str) -> pem.Certificate | str | None:
    """The certificate, OpenSSL's reason against it, or ``None`` if it cannot be judged."""
    try:
        return pem.certificate(text)
    except pem.PemError as error:
        return str(error)
    except pem.UnsureError:
        return None


@lru_cache(maxsize=1024)
def _key(text: str) -> pem.PublicKey | str | None:
    """The public key of a private or public key, OpenSSL's reason against it, or ``None`` as above."""
    if text.lstrip().startswith("{"):
        return None  # a JSON web key may stand here too
    try:
        return pem.any_key(text)
    except pem.PemError as error:
        return str(error)
    except pem.UnsureError:
        return None


def certificate(value: str) -> str | None:
    """``typedefs.certificate``: the text holds a certificate."""
    found = _certificate(value)
    return f"invalid certificate: x509.new: {found}" if isinstance(found, str) else None


def key(value: str) -> str | None:
    """``typedefs.key``: the text holds a private or public key that needs no password."""
    found = _key(value)
    return f"invalid key: pkey.new:load_key: {found}" if isinstance(found, str) else None


def jwt_public_key(value: str) -> str | None:
    """``rsa_public_key`` of a JWT credential whose algorithm has a key pair."""
    return "invalid key" if isinstance(_key(value), str) else None


def _same(one: pem.PublicKey, other: pem.PublicKey) -> bool:
    if one.algorithm != other.algorithm:
        return False
    return one.numbers is None or other.numbers is None or one.numbers == other.numbers


def matches_key(certificate_text: str, key_text: str) -> str | None:
    """Whether the key belongs to the certificate; ``alternative …`` is said of the second pair by the caller."""
    found, private = _certificate(certificate_text), _key(key_text)
    if not isinstance(found, pem.Certificate) or not isinstance(private, pem.PublicKey):
        return None
    return None if _same(found.key, private) else "certificate does not match key"


def alternative_matches_key(certificate_text: str, key_text: str) -> str | None:
    """The same for ``cert_alt`` and ``key_alt``."""
    message = matches_key(certificate_text, key_text)
    return None if message is None else f"alternative {message}"


def differ_in_type(cert: str, cert_alt: str) -> str | None:
    """``cert`` and ``cert_alt`` must have keys of different types."""
    one, other = _certificate(cert), _certificate(cert_alt)
    if not isinstance(one, pem.Certificate) or not isinstance(other, pem.Certificate):
        return None
    if one.key.algorithm != other.key.algorithm:
        return None
    return (
        "certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), "
        "the provided certificates were both of the same type"
    )


def ca_certificate(value: str, now: float) -> str | None:
    """The entity check of ``ca_certificates``; ``now`` in seconds since 1970."""
    first = value.find(_TAG)
    if first >= 0 and value.find(_TAG, first + len(_TAG) + 1) >= 0:
        return "please submit only one certificate at a time"
    found = _certificate(value)
    if not isinstance(found, pem.Certificate):
        return None
    if found.not_after is not None and found.not_after < int(now):
        return 'certificate expired, "Not After" time is in the past'
    if not found.is_ca:
        return 'certificate does not appear to be a CA because it is missing the "CA" basic constraint'
    return None


_JWK_PARTS = {"RSA": ("n", "e"), "EC": ("x", "y")}
_EC_CURVES = frozenset(("P-256", "P-384", "P-521"))
_OKP_CURVES = frozenset(("Ed25519", "X25519", "Ed448", "X448"))
_BASE64URL = regex(r"[A-Za-z0-9_\-]*")


def jwk(value: Mapping[str, Any]) -> str | None:
    """A JSON web key has what its type needs; whether its numbers make a key is not judged."""
    kind, curve = (part if isinstance(part, str) else "" for part in (value.get("kty"), value.get("crv")))
    parts: tuple[str, ...] = _JWK_PARTS.get(kind, ())
    if kind == "OKP" and curve in _OKP_CURVES:
        parts = ("d",) if "d" in value else ("x",)
    fits = bool(parts) and (kind != "EC" or curve in _EC_CURVES)
    if fits and all(_is_base64url(value.get(part)) for part in parts):
        return None
    return "could not load JWK, likely not a valid key"


def _is_base64url(text: object) -> bool:
    return isinstance(text, str) and _BASE64URL.fullmatch(text) is not None and len(text) % 4 != 1


def key_pair(public: str | None, private: str | None, strict: bool) -> str | None:
    """``pem`` of a key. ``strict`` (since 3.6): each is of its own kind, and they belong together."""
    found: list[pem.PublicKey] = []
    for text, read, name in ((public, pem.public_key, "public"), (private, pem.private_key, "private")):
        if text is None:
            continue
        try:
            found.append((read if strict else pem.any_key)(text))
        except pem.PemError as error:
            reason = "" if name == "public" else f"pkey.new:load_key: {error}"
            return f"could not load {name} key{reason}"
        except pem.UnsureError:
            return None
    if strict and len(found) == 2 and not _same(*found):
        return "public key does not match private key"
    return None
