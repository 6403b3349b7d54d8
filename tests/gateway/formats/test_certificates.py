import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_kong.gateway.formats import certificates as certs
from tests.gateway.formats import keys

NOW = 1_800_000_000.0
PARAMETERS = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


@pytest.mark.parametrize("text", [keys.CA, keys.NOT_CA, keys.ED25519, "Subject: x\n" + keys.CA, keys.KEY + keys.CA])
def test_certificates(text):
    assert certs.certificate(text) is None
    assert certs.certificate(text.replace("\n", "\r\n").strip()) is None


@pytest.mark.parametrize(
    "text",
    [
        "nope",
        keys.KEY,
        keys.CA[:200],
        "  " + keys.CA,
        keys.CA.replace("MIIB", "MIIC", 1),
        keys.CA.replace("\nFD", "\n*D"),
    ],
)
def test_no_certificates(text):
    assert certs.certificate(text).startswith("invalid certificate: x509.new: ")


@pytest.mark.parametrize("text", [keys.KEY, keys.KEY_PKCS8, keys.PUBLIC, PARAMETERS + keys.KEY, keys.ED25519_PUBLIC])
def test_keys(text):
    assert certs.key(text) is None
    assert certs.jwt_public_key(text) is None


@pytest.mark.parametrize("text", ["nope", keys.CA, keys.ENCRYPTED, keys.KEY[:100]])
def test_no_keys(text):
    assert certs.key(text).startswith("invalid key: pkey.new:load_key: ")
    assert certs.jwt_public_key(text) == "invalid key"


def test_a_json_web_key_is_not_judged():
    assert certs.key('{"kty": "RSA"}') is None


@pytest.mark.parametrize("key", [keys.KEY, keys.KEY_PKCS8, keys.PUBLIC, "nope"])
def test_keys_that_fit_or_cannot_be_read(key):
    assert certs.matches_key(keys.CA, key) is None


@pytest.mark.parametrize("key", [keys.OTHER_KEY, keys.ED25519_PUBLIC])
def test_keys_that_do_not_fit(key):
    assert certs.matches_key(keys.CA, key) == "certificate does not match key"
    assert certs.alternative_matches_key(keys.CA, key) == "alternative certificate does not match key"


def test_the_alternative_has_another_type():
    assert certs.differ_in_type(keys.CA, keys.ED25519) is None
    assert certs.differ_in_type(keys.CA, keys.NOT_CA).endswith("the provided certificates were both of the same type")


def test_certificates_of_authorities():
    assert certs.ca_certificate(keys.CA, NOW) is None
    assert certs.ca_certificate(keys.CA * 2, NOW) == "please submit only one certificate at a time"
    assert certs.ca_certificate(keys.CA, 2_200_000_000) == 'certificate expired, "Not After" time is in the past'
    assert certs.ca_certificate(keys.NOT_CA, NOW).startswith("certificate does not appear to be a CA because")
    assert certs.ca_certificate("nope", NOW) is None


@pytest.mark.parametrize(
    ("public", "private", "strict", "message"),
    [
        (keys.PUBLIC, keys.KEY, True, None),
        (None, keys.KEY, True, None),
        (keys.PUBLIC, None, True, None),
        (keys.KEY, None, True, "could not load public key"),
        (keys.KEY, None, False, None),
        (keys.PUBLIC, keys.OTHER_KEY, True, "public key does not match private key"),
        (keys.PUBLIC, keys.OTHER_KEY, False, None),
        (None, "nope", True, "could not load private keypkey.new:load_key: no start line"),
    ],
)
def test_pairs(public, private, strict, message):
    assert certs.key_pair(public, private, strict) == message


FAILED = "could not load JWK, likely not a valid key"


@pytest.mark.parametrize(
    ("jwk", "message"),
    [
        ({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, None),
        ({"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"}, None),
        ({"kty": "OKP", "crv": "Ed25519", "x": "AQAB"}, None),
        ({"kty": "oct", "k": "AQAB"}, FAILED),
        ({"kty": "RSA", "n": "AQAB"}, FAILED),
        ({"kty": "RSA", "n": "A+", "e": "AQAB"}, FAILED),
        ({"kty": "EC", "crv": "secp256k1", "x": "AQAB", "y": "AQAB"}, FAILED),
        ({"kty": ["RSA"]}, FAILED),
        ({"kty": "OKP", "crv": {}}, FAILED),
        ({}, FAILED),
    ],
)
def test_json_web_keys(jwk, message):
    assert certs.jwk(jwk) == message


TEXTS = st.sampled_from([keys.CA, keys.KEY, keys.KEY_PKCS8, keys.PUBLIC, keys.ED25519])


@given(TEXTS, st.integers(0, 900), st.one_of(st.text(max_size=3), st.text("AZ09+/=-\n :", max_size=3)))
@settings(max_examples=300)
def test_never_raises(text, at, junk):
    text = text[:at] + junk + text[at + len(junk) :]
    for message in (
        certs.certificate(text),
        certs.key(text),
        certs.matches_key(text, keys.KEY),
        certs.ca_certificate(text, NOW),
        certs.key_pair(text, text, strict=True),
    ):
        assert message is None or isinstance(message, str)
