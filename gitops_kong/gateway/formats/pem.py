"""PEM blocks and the few DER structures in them: certificates, private and public keys.

Source: OpenSSL 3 ``PEM_read_bio`` (which lines make a block), RFC 5280 (certificates), RFC 5958, 8017, 5915 (keys).
Nothing is verified but the structure. What is unusual (BER, explicit curve parameters) is ``UnsureError``, never wrong.
"""

from __future__ import annotations

import binascii
from collections.abc import Collection, Iterator
from datetime import datetime, timezone
from typing import NamedTuple

from gitops_kong.lazy import regex

_BEGIN = regex(r"-----BEGIN (.*)-----")
_TAIL = regex(r"[^!-\x7f]+\Z")  # OpenSSL takes bytes above 127 for white space too, its char being signed
_SPACE = regex(r"[ \t\r\n]+")
_BASE64 = regex(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")

RSA = bytes.fromhex("2a864886f70d010101")
EC = bytes.fromhex("2a8648ce3d0201")
_CERTIFICATE = frozenset(("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"))
_BASIC_CONSTRAINTS = bytes.fromhex("551d13")

_INTEGER, _BITS, _OCTETS, _OID, _SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x30


class PemError(Exception):
    """OpenSSL cannot read it; the text is a reason of OpenSSL's."""


class UnsureError(Exception):
    """Readable perhaps, but not here."""


class Block(NamedTuple):
    """One PEM block: its label, whether a header says that it is encrypted, and its bytes."""

    label: str
    encrypted: bool
    der: bytes


class PublicKey(NamedTuple):
    """A public key to compare: its algorithm's object identifier, and its numbers, or ``None`` if not known here."""

    algorithm: bytes
    numbers: tuple[bytes, ...] | None


class Certificate(NamedTuple):
    """What Kong asks of a certificate; ``not_after`` in seconds since 1970, ``None`` if it cannot be read."""

    key: PublicKey
    not_after: float | None
    is_ca: bool


# -- PEM ---------------------------------------------------------------------------------------------------------------


def blocks(text: str, labels: Collection[str]) -> Iterator[Block]:
    """The PEM blocks with one of the labels, in order; raises PemError if one of them is broken.

    Where another block is broken OpenSSL mostly goes on behind it when it looks for a key: UnsureError.
    """
    lines = iter(text.split("\n"))
    for line in lines:
        found = _BEGIN.fullmatch(_TAIL.sub("", line))
        if not found:
            continue
        try:
            block = _block(found[1], lines)
        except PemError as error:
            if found[1] in labels or labels is _CERTIFICATE or text.count("-----BEGIN ") == 1:
                raise
            raise UnsureError from error
        if block.label in labels:
            yield block


def _block(label: str, lines: Iterator[str]) -> Block:
    header: list[str] = []
    body: list[str] = []
    in_header = blank = False
    for raw in lines:
        line = _TAIL.sub("", raw)
        if line.startswith("-----END "):
            if line != f"-----END {label}-----":
                raise PemError("bad end line")
            break
        if not line:
            if blank:
                raise PemError("bad end line")
            blank = True
            header, body = body, []
            in_header = False
        elif in_header or ":" in line:
            in_header = True
            body.append(line)
        else:
            body.append(line)
    else:
        raise PemError("bad end line")
    if header and not header[0].startswith("Proc-Type:"):
        raise PemError("not proc type")
    if blank and (any(len(line) != 64 for line in body[:-1]) or any(len(line) > 64 for line in body[-1:])):
        raise PemError("bad end line")
    return Block(label, bool(header) and "ENCRYPTED" in header[0], _decode("".join(body)))


def _decode(text: str) -> bytes:
    text = _SPACE.sub("", text.partition("-")[0])  # to OpenSSL a hyphen ends the data
    if not _BASE64.fullmatch(text):
        raise PemError("bad base64 decode")
    return binascii.a2b_base64(text)


# -- DER ---------------------------------------------------------------------------------------------------------------


class _Item(NamedTuple):
    tag: int
    content: bytes
    end: int


def _item(data: bytes, at: int, *tags: int) -> _Item:
    if at + 2 > len(data):
        raise PemError("too short" if at else "not enough data")
    tag, length, start = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F or length == 0x80:
        raise UnsureError
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > len(data):
        raise PemError("too long")
    if tags and tag not in tags:
        raise PemError("wrong tag")
    return _Item(tag, data[start : start + length], start + length)


def _items(data: bytes) -> list[_Item]:
    found, at = [], 0
    while at < len(data):
        found.append(_item(data, at))
        at = found[-1].end
    return found


def _fields(data: bytes, *tags: int | tuple[int, ...]) -> list[_Item]:
    """The items of a sequence, the first of which must have these tags."""
    found = _items(data)
    if len(found) < len(tags):
        raise PemError("field missing")
    for item, tag in zip(found, tags, strict=False):
        if item.tag not in (tag if isinstance(tag, tuple) else (tag,)):
            raise PemError("wrong tag")
    return found


def certificate(text: str) -> Certificate:
    """The first certificate of a PEM text; raises PemError, UnsureError."""
    for block in blocks(text, _CERTIFICATE):
        return _certificate(block.der)
    raise PemError("no start line")


def _certificate(der: bytes) -> Certificate:
    tbs = _fields(_item(der, 0, _SEQUENCE).content, _SEQUENCE, _SEQUENCE, _BITS)[0]
    fields = _items(tbs.content)
    if fields and fields[0].tag == 0xA0:
        fields = fields[1:]
    # serial number, signature algorithm, issuer, validity, subject, public key
    expected = (_INTEGER, _SEQUENCE, _SEQUENCE, _SEQUENCE, _SEQUENCE, _SEQUENCE)
    if len(fields) < len(expected):
        raise PemError("field missing")
    if any(item.tag != tag for item, tag in zip(fields, expected, strict=False)):
        raise PemError("wrong tag")
    times = _fields(fields[3].content, (0x17, 0x18), (0x17, 0x18))
    extensions = next((item.content for item in fields[6:] if item.tag == 0xA3), b"")
    return Certificate(_public_key(fields[5].content), _time(times[1]), _is_ca(extensions))


def _time(item: _Item) -> float | None:
    text = item.content.decode("latin-1")
    if item.tag == 0x17:  # two digits of the year: 1950 to 2049
        text = ("19" if text[:2] >= "50" else "20") + text
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_ca(extensions: bytes) -> bool:
    for extension in _items(_item(extensions, 0, _SEQUENCE).content) if extensions else []:
        parts = _fields(extension.content, _OID)
        if parts[0].content == _BASIC_CONSTRAINTS:
            first = _items(_item(parts[-1].content, 0, _SEQUENCE).content)[:1]
            return bool(first) and first[0].tag == 0x01 and first[0].content != b"\0"
    return False


def _public_key(info: bytes) -> PublicKey:
    """The content of a SubjectPublicKeyInfo."""
    algorithm, bits = _fields(info, _SEQUENCE, _BITS)[:2]
    parts = _fields(algorithm.content, _OID)
    oid, value = parts[0].content, bits.content[1:]
    if oid == EC:
        return PublicKey(oid, _ec_numbers(parts[1:], value))
    if oid == RSA:
        return PublicKey(oid, _rsa_numbers(_fields(_item(value, 0, _SEQUENCE).content, _INTEGER, _INTEGER)[:2]))
    return PublicKey(oid, (value,))


def _rsa_numbers(integers: list[_Item]) -> tuple[bytes, ...]:
    return tuple(item.content.lstrip(b"\0") for item in integers)


def _ec_numbers(parameters: list[_Item], point: bytes) -> tuple[bytes, ...] | None:
    if not parameters or parameters[0].tag != _OID or point[:1] != b"\4":
        return None
    return parameters[0].content, point


# -- keys --------------------------------------------------------------------------------------------------------------

_ENCRYPTED = "ENCRYPTED PRIVATE KEY"
_PRIVATE = frozenset((_ENCRYPTED, "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY"))


def private_key(text: str) -> PublicKey:
    """The public key that belongs to the first private key of a PEM text; raises PemError, UnsureError."""
    for block in blocks(text, _PRIVATE):
        if block.encrypted or block.label == _ENCRYPTED:
            raise PemError("bad decrypt")  # Kong gives no password
        if block.label == "DSA PRIVATE KEY":
            raise UnsureError
        whole = _item(block.der, 0, _SEQUENCE).content
        if block.label == "RSA PRIVATE KEY":
            return _rsa_private(whole)
        return _ec_private(whole, []) if block.label == "EC PRIVATE KEY" else _pkcs8(whole)
    raise PemError("no start line")


def _pkcs8(content: bytes) -> PublicKey:
    _, algorithm, secret = _fields(content, _INTEGER, _SEQUENCE, _OCTETS)[:3]
    parts = _fields(algorithm.content, _OID)
    oid = parts[0].content
    if oid not in (RSA, EC):
        return PublicKey(oid, None)
    inner = _item(secret.content, 0, _SEQUENCE).content
    return _rsa_private(inner) if oid == RSA else _ec_private(inner, parts[1:])


def _rsa_private(content: bytes) -> PublicKey:
    return PublicKey(RSA, _rsa_numbers(_fields(content, *[_INTEGER] * 9)[1:3]))


def _ec_private(content: bytes, parameters: list[_Item]) -> PublicKey:
    fields = _fields(content, _INTEGER, _OCTETS)
    point = b""
    for item in fields[2:]:
        if item.tag == 0xA0 and not parameters:
            parameters = _items(item.content)
        elif item.tag == 0xA1:
            point = _item(item.content, 0, _BITS).content[1:]
    if not parameters:
        raise PemError("missing parameters")
    return PublicKey(EC, _ec_numbers(parameters, point))


def public_key(text: str) -> PublicKey:
    """The first public key of a PEM text; raises PemError, UnsureError."""
    for block in blocks(text, ("PUBLIC KEY", "RSA PUBLIC KEY")):
        content = _item(block.der, 0, _SEQUENCE).content
        if block.label == "PUBLIC KEY":
            return _public_key(content)
        return PublicKey(RSA, _rsa_numbers(_fields(content, _INTEGER, _INTEGER)[:2]))
    raise PemError("no start line")


def any_key(text: str) -> PublicKey:
    """The public key of the first private or else public key of a PEM text; raises PemError, UnsureError."""
    try:
        return private_key(text)
    except PemError as error:
        try:
            return public_key(text)
        except PemError:
            raise error from None
