import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_kong.translate.curves import CURVES, ed25519_public
from gitops_kong.translate.x509 import X509Error, decode_pem, encode_certificate, is_key_pair, parse_certificate
from tests.translate import pairs

MATCHING = {
    "ec": (pairs.CA, pairs.KEY),
    "ec-pkcs8": (pairs.CA, pairs.KEY_PKCS8),
    "ec-without-point": pairs.EC384,
    "rsa": pairs.RSA,
    "ed25519": pairs.ED25519,
}
APART = {
    "other-key": (pairs.CA, pairs.OTHER_KEY),
    "other-kind": (pairs.RSA[0], pairs.KEY),
    "other-curve": (pairs.CA, pairs.EC384[1]),
    "negative-serial": pairs.NEGATIVE,
    "unknown-curve": pairs.SECP256K1,
    "encrypted": (pairs.CA, pairs.ENCRYPTED),
    "no-key": (pairs.CA, pairs.CA),
    "no-certificate": (pairs.KEY, pairs.KEY),
    "cut-key": (pairs.CA, pairs.KEY[:-20]),
    "empty": ("", ""),
}


@pytest.mark.parametrize("name", MATCHING)
def test_pairs(name):
    certificate, key = MATCHING[name]
    assert is_key_pair(certificate.encode(), key.encode())


@pytest.mark.parametrize("name", APART)
def test_no_pairs(name):
    certificate, key = APART[name]
    assert not is_key_pair(certificate.encode(), key.encode())


def test_negative_serial_numbers_where_they_are_allowed():
    certificate, key = pairs.NEGATIVE
    assert is_key_pair(certificate.encode(), key.encode(), negative_serial=True)


def test_first_certificate_and_first_key_count():
    chain = (pairs.KEY + pairs.CA + pairs.RSA[0]).encode()
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    assert is_key_pair(chain, (parameters + pairs.KEY + pairs.RSA[1]).encode())
    assert not is_key_pair((pairs.RSA[0] + pairs.CA).encode(), pairs.KEY.encode())


def test_certificate_fields():
    found = parse_certificate(decode_pem(pairs.CA.encode()).content)
    assert found.is_ca
    assert found.not_after.isoformat() == "2036-11-21T03:24:02+00:00"
    assert not parse_certificate(decode_pem(pairs.NOT_CA.encode()).content).is_ca


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("text before\n" + pairs.CA, "CERTIFICATE"),
        (pairs.CA.replace("\n", "\r\n"), "CERTIFICATE"),
        ("-----BEGIN X-----\nnot base64!\n-----END X-----\n" + pairs.KEY, "EC PRIVATE KEY"),
        ("-----BEGIN X-----\nAAAA\n-----END Y-----\n" + pairs.KEY, "EC PRIVATE KEY"),
        ("-----BEGIN X\n" + pairs.KEY, "EC PRIVATE KEY"),
        ("-----BEGIN X-----\nDEK-Info: a\n\nAAAA\n-----END X-----", "X"),
        ("-----BEGIN X-----\n-----END X-----", "X"),
        ("-----BEGIN X-----\nAAAA\n", None),
        (" -----BEGIN X-----\nAAAA\n-----END X-----", None),
        ("", None),
    ],
)
def test_pem(text, label):
    block = decode_pem(text.encode())
    assert (block.label if block else None) == label


def test_certificate_is_written_as_openssl_does():
    block = decode_pem(pairs.CA.encode())
    assert encode_certificate(block.content) == pairs.CA
    assert block.rest == b""


@given(st.binary(max_size=200))
def test_any_bytes_give_x509_errors(data):
    with pytest.raises(X509Error):
        parse_certificate(data)


@given(st.integers(0, 500), st.integers(0, 255))
def test_changed_keys_never_raise(position, value):
    key = bytearray(pairs.KEY.encode())
    key[position % len(key)] = value
    assert is_key_pair(pairs.CA.encode(), bytes(key)) in (True, False)


@pytest.mark.parametrize("identity", CURVES)
def test_points_add_up(identity):
    curve = CURVES[identity]
    point = curve.public_point(1)
    assert point == b"\x04" + b"".join(c.to_bytes(curve.size, "big") for c in curve.base)
    assert curve.public_point(3) == curve._replace(base=_coordinates(curve.public_point(3))).public_point(1)
    assert curve._replace(base=_coordinates(curve.public_point(5))).public_point(7) == curve.public_point(35)


def _coordinates(point):
    half = len(point) // 2
    return int.from_bytes(point[1 : half + 1], "big"), int.from_bytes(point[half + 1 :], "big")


def test_ed25519_of_rfc_8032():
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    expected = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert ed25519_public(seed).hex() == expected
