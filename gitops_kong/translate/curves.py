"""Public points of private keys on the curves that Go knows, for keys that do not carry them.

Plain integer arithmetic, some 10 ms a key: most keys carry their point. Curves by their object identifiers (SEC 2,
FIPS 186-5), Ed25519 by RFC 8032. Not meant for secrets that need protection from timing.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

_Point = tuple[int, int]


class Curve(NamedTuple):
    """A short Weierstrass curve y² = x³ - 3x + b over a prime field, its base point, and the bytes of a coordinate."""

    p: int
    base: _Point
    size: int

    def public_point(self, secret: int) -> bytes:
        """The uncompressed point of a private key."""
        result: _Point | None = None
        addend: _Point | None = self.base
        while secret:
            if secret & 1:
                result = self._add(result, addend)
            addend = self._add(addend, addend)
            secret >>= 1
        if result is None:
            return b""
        return b"\x04" + b"".join(coordinate.to_bytes(self.size, "big") for coordinate in result)

    def _add(self, one: _Point | None, other: _Point | None) -> _Point | None:
        if one is None or other is None:
            return one or other
        (x1, y1), (x2, y2), p = one, other, self.p
        if x1 == x2 and (y1 + y2) % p == 0:
            return None
        rise = (3 * x1 * x1 - 3) * pow(2 * y1, -1, p) if one == other else (y2 - y1) * pow(x2 - x1, -1, p)
        x = (rise * rise - x1 - x2) % p
        return x, (rise * (x1 - x) - y1) % p


def _curve(p: int, x: str, y: str) -> Curve:
    return Curve(p, (int(x, 16), int(y, 16)), (p.bit_length() + 7) // 8)


CURVES: dict[bytes, Curve] = {
    bytes.fromhex("2b81040021"): _curve(  # P-224
        2**224 - 2**96 + 1,
        "b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21",
        "bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34",
    ),
    bytes.fromhex("2a8648ce3d030107"): _curve(  # P-256
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ),
    bytes.fromhex("2b81040022"): _curve(  # P-384
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    ),
    bytes.fromhex("2b81040023"): _curve(  # P-521
        2**521 - 1,
        "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
        "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
    ),
}

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_BASE: _Point = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    4 * pow(5, -1, _P) % _P,
)


def ed25519_public(seed: bytes) -> bytes:
    """The public key of an Ed25519 seed of 32 bytes."""
    digest = bytearray(hashlib.sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = (digest[31] & 127) | 64
    secret = int.from_bytes(digest, "little")
    result, addend = (0, 1), _BASE
    while secret:
        if secret & 1:
            result = _edwards_sum(result, addend)
        addend = _edwards_sum(addend, addend)
        secret >>= 1
    x, y = result
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _edwards_sum(one: _Point, other: _Point) -> _Point:
    (x1, y1), (x2, y2) = one, other
    product = _D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, _P) % _P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, _P) % _P
    return x, y
