"""PEM blocks, certificates and private keys, as far as the controller looks at them.

Follows Go's `encoding/pem`, `crypto/x509` and `tls.X509KeyPair`.
"""

from __future__ import annotations

import base64
import binascii
import functools
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import NamedTuple

from gitops_kong.translate.curves import CURVES, ed25519_public

_BEGIN, _END, _DASHES = b"\n-----BEGIN ", b"\n-----END ", b"-----"

_RSA = bytes.fromhex("2a864886f70d010101")
_EC = bytes.fromhex("2a8648ce3d0201")
_ED25519 = bytes.fromhex("2b6570")
_BASIC_CONSTRAINTS = bytes.fromhex("551d13")

_BOOLEAN, _INTEGER, _BIT_STRING, _OCTET_STRING, _OID = 0x01, 0x02, 0x03, 0x04, 0x06
_UTC_TIME, _GENERALIZED_TIME, _SEQUENCE = 0x17, 0x18, 0x30
_CONTEXT_0, _CONTEXT_1, _CONTEXT_3 = 0xA0, 0xA1, 0xA3


class X509Error(ValueError):
    """No certificate or key as Go would parse it."""


class PemBlock(NamedTuple):
    """One block, and what follows it."""

    label: str
    content: bytes
    rest: bytes


class PublicKey(NamedTuple):
    """A key's algorithm (object identifier) and its public value: modulus or point."""

    algorithm: bytes
    value: bytes


class Certificate(NamedTuple):
    """What the controller asks of a certificate."""

    is_ca: bool
    not_after: datetime
    public_key: PublicKey


class _Node(NamedTuple):
    tag: int
    content: bytes


def decode_pem(data: bytes) -> PemBlock | None:
    """The first block of `data` (`pem.Decode`); text before it and blocks that are broken are passed over."""
    rest = b"\n" + data
    while True:
        _, found, rest = rest.partition(_BEGIN)
        if not found:
            return None
        label_line, rest = _line(rest)
        if not label_line.endswith(_DASHES):
            rest = b"\n" + rest
            continue
        label = label_line[: -len(_DASHES)]
        body = rest
        while b":" in _line(body)[0]:
            body = _line(body)[1]
        encoded, end, trailer = (b"\n" + body).partition(_END)
        ending, after = _line(trailer)
        if end and ending == label + _DASHES:
            try:
                content = base64.b64decode(b"".join(encoded.split()), validate=True)
            except binascii.Error:
                pass
            else:
                return PemBlock(label.decode(errors="replace"), content, after)
        rest = b"\n" + rest


def _line(data: bytes) -> tuple[bytes, bytes]:
    line, _, rest = data.partition(b"\n")
    return line.rstrip(b" \t\r"), rest


def pem_blocks(data: bytes) -> Iterator[PemBlock]:
    """All blocks, one after the other."""
    while (block := decode_pem(data)) is not None:
        yield block
        data = block.rest


def encode_certificate(content: bytes) -> str:
    """One certificate in PEM (`pem.EncodeToMemory`)."""
    text = base64.b64encode(content).decode()
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


@functools.lru_cache(maxsize=4096)
def is_key_pair(certificate: bytes, key: bytes, *, negative_serial: bool = False) -> bool:
    """Whether the first certificate in `certificate` and the first private key in `key` belong together.

    `negative_serial` says whether the certificate's serial number may be negative, as Go before 1.23 allows.
    """
    first = next((b for b in pem_blocks(certificate) if b.label == "CERTIFICATE"), None)
    private = next((b for b in pem_blocks(key) if b.label == "PRIVATE KEY" or b.label.endswith(" PRIVATE KEY")), None)
    if first is None or private is None:
        return False
    try:
        public = parse_certificate(first.content, negative_serial=negative_serial).public_key
        own = _private_key(private.content)
    except (LookupError, ValueError):
        return False
    return own == public


def parse_certificate(data: bytes, *, negative_serial: bool = False) -> Certificate:
    """A certificate in DER; raises X509Error."""
    try:
        return _certificate(data, negative_serial=negative_serial)
    except (LookupError, ValueError) as e:
        raise X509Error(str(e)) from e


def _certificate(data: bytes, *, negative_serial: bool) -> Certificate:
    outer, rest = _node(data, 0)
    if outer.tag != _SEQUENCE or rest != len(data):
        raise X509Error("no certificate")
    signed, _, signature = _nodes(outer.content, 3)
    if signed.tag != _SEQUENCE or signature.tag != _BIT_STRING:
        raise X509Error("no certificate")
    fields = _nodes(signed.content)
    if fields[0].tag == _CONTEXT_0:
        fields = fields[1:]
    if fields[0].tag != _INTEGER or (fields[0].content[0] & 0x80 and not negative_serial):
        raise X509Error("no serial number, or a negative one")
    _, not_after = _nodes(fields[3].content, 2)
    extensions = next((f for f in fields[6:] if f.tag == _CONTEXT_3), None)
    return Certificate(
        is_ca=extensions is not None and _is_ca(_nodes(extensions.content, 1)[0]),
        not_after=_time(not_after),
        public_key=_public_key(fields[5]),
    )


def _is_ca(extensions: _Node) -> bool:
    for extension in _nodes(extensions.content):
        parts = _nodes(extension.content)
        if parts[0].content == _BASIC_CONSTRAINTS:
            constraints = _nodes(_node(parts[-1].content, 0)[0].content)
            return bool(constraints) and constraints[0].tag == _BOOLEAN and constraints[0].content == b"\xff"
    return False


def _time(node: _Node) -> datetime:
    text = node.content.decode("ascii")
    form = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}[node.tag]
    time = datetime.strptime(text, form).replace(tzinfo=timezone.utc)
    # UTCTime: two digits of the year stand for 1950 to 2049 (RFC 5280, 4.1.2.5.1).
    return time.replace(year=time.year - 100) if node.tag == _UTC_TIME and time.year >= 2050 else time


def _public_key(node: _Node) -> PublicKey:
    algorithm, value = _nodes(node.content, 2)
    identity, *parameters = _nodes(algorithm.content)
    if value.tag != _BIT_STRING or identity.tag != _OID:
        raise X509Error("no public key")
    bits = value.content[1:]
    if identity.content == _RSA:
        return PublicKey(_RSA, _unsigned(_nodes(_node(bits, 0)[0].content, 2)[0]))
    if identity.content == _EC and parameters[0].content not in CURVES:
        raise X509Error("unsupported elliptic curve")
    if identity.content not in (_EC, _ED25519):
        raise X509Error("unknown public key algorithm")
    return PublicKey(identity.content, bits)


def _private_key(data: bytes) -> PublicKey:
    """The public side of a private key: PKCS #1, PKCS #8 or SEC 1."""
    outer, rest = _node(data, 0)
    if outer.tag != _SEQUENCE or rest != len(data):
        raise X509Error("no private key")
    version, second, *others = _nodes(outer.content)
    if version.tag != _INTEGER:
        raise X509Error("no private key")
    if second.tag == _INTEGER:
        return _rsa_key(second, others)
    if second.tag == _OCTET_STRING:
        return _ec_key(second, others)
    algorithm, *parameters = (n.content for n in _nodes(second.content))
    inner = others[0].content
    if algorithm == _RSA:
        _, modulus, *numbers = _nodes(_node(inner, 0)[0].content)
        return _rsa_key(modulus, numbers)
    if algorithm == _EC:
        _, secret, *optional = _nodes(_node(inner, 0)[0].content)
        return _ec_key(secret, optional, parameters[0])
    if algorithm == _ED25519:
        return PublicKey(_ED25519, ed25519_public(_node(inner, 0)[0].content))
    raise X509Error("unknown private key algorithm")


def _rsa_key(modulus: _Node, others: list[_Node]) -> PublicKey:
    _, _, p, q, *_ = (int.from_bytes(n.content, "big", signed=True) for n in others)
    value = _unsigned(modulus)
    if len(others) == 7 and p * q != int.from_bytes(value, "big"):
        raise X509Error("invalid modulus")
    return PublicKey(_RSA, value)


def _ec_key(secret: _Node, optional: list[_Node], curve: bytes = b"") -> PublicKey:
    """The point that the key carries, or the one that belongs to its secret on `curve` or on the key's own."""
    by_tag = {node.tag: node.content for node in optional}
    curve = curve or _node(by_tag[_CONTEXT_0], 0)[0].content
    if _CONTEXT_1 in by_tag:
        return PublicKey(_EC, _nodes(by_tag[_CONTEXT_1], 1)[0].content[1:])
    return PublicKey(_EC, CURVES[curve].public_point(int.from_bytes(secret.content, "big")))


def _unsigned(node: _Node) -> bytes:
    if node.tag != _INTEGER:
        raise X509Error("no number")
    return node.content.lstrip(b"\0")


def _nodes(data: bytes, count: int | None = None) -> list[_Node]:
    """The elements of `data`, which ends with the last one."""
    nodes, offset = [], 0
    while offset < len(data):
        node, offset = _node(data, offset)
        nodes.append(node)
    if count is not None and len(nodes) != count:
        raise X509Error(f"{len(nodes)} elements for {count}")
    return nodes


def _node(data: bytes, offset: int) -> tuple[_Node, int]:
    """The element at `offset`, and where it ends."""
    tag, length = data[offset], data[offset + 1]
    start = offset + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:
            raise X509Error("unusable length")
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > len(data):
        raise X509Error("element longer than its data")
    return _Node(tag, data[start : start + length]), start + length
