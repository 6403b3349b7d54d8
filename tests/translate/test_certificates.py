import base64

import pytest

from tests.translate import pairs
from tests.translate.world import failures, ingress, obj, run, service

HTTPS = {"konghq.com/protocol": "https", "konghq.com/client-cert": "client"}


def tls(name: str, pair=(pairs.CA, pairs.KEY), **more):
    data = {
        "tls.crt": base64.b64encode(pair[0].encode()).decode(),
        "tls.key": base64.b64encode(pair[1].encode()).decode(),
    }
    return obj("v1", "Secret", name, data=data, **more)


def asking(*entries, name: str = "in", **more):
    listed = [{"hosts": hosts, "secretName": secret} for secret, *hosts in entries]
    return ingress(name=name, spec={"tls": listed}, **more)


def certificates(*objects, version="3.5.13"):
    result = run(service(), *objects, version=version)
    return {
        c["id"]: [sni["name"] for sni in c.get("snis", [])] for c in result.config.get("certificates", [])
    }, failures(result)


def test_a_host_belongs_to_the_first_secret():
    objects = (
        tls("one"),
        tls("two", pairs.RSA),
        asking(("one", "b.example", "a.example"), ("two", "a.example", "c.example")),
    )
    assert certificates(*objects) == (
        {"uid-Secret-a-one": ["a.example", "b.example"], "uid-Secret-a-two": ["c.example"]},
        [],
    )


def test_entries_without_hosts_or_secret_ask_for_nothing():
    assert certificates(tls("one"), asking(("one",), ("", "a.example"))) == ({}, [])


def test_equal_pairs_are_one_certificate_of_the_oldest_secret():
    objects = (
        tls("one", created="2026-02-01T00:00:00Z"),
        tls("two", created="2026-01-01T00:00:00Z"),
        asking(("one", "a.example"), ("two", "b.example")),
    )
    assert certificates(*objects) == ({"uid-Secret-a-two": ["a.example", "b.example"]}, [])


def test_missing_and_unusable_secrets():
    objects = (
        tls("bad", (pairs.CA, pairs.OTHER_KEY)),
        obj("v1", "Secret", "empty", data={"tls.crt": ""}),
        asking(("gone", "a.example"), ("bad", "b.example"), ("empty", "c.example")),
        asking(("gone", "a.example"), name="in2", host="2.example"),
    )
    assert certificates(*objects) == (
        {},
        [
            ("Failed to fetch the secret (a/gone)", ["Ingress a/in", "Ingress a/in2"]),
            ("failed to construct certificate from secret", ["Ingress a/in", "Secret a/bad"]),
            ("failed to construct certificate from secret", ["Ingress a/in", "Secret a/empty"]),
        ],
    )


def test_parents_without_uid_count_as_one():
    objects = (asking(("gone", "a.example"), uid=""), asking(("gone", "a.example"), name="in2", uid=""))
    assert certificates(*objects)[1] == [("Failed to fetch the secret (a/gone)", ["Ingress a/in2"])]


@pytest.mark.parametrize(
    ("version", "tags", "reference"),
    [
        ("3.3.1", False, False),
        ("3.4.0", False, True),
        ("3.4.12", False, False),
        ("3.4.16", False, True),
        ("3.4.17", True, True),
        ("3.5.5", False, False),
        ("3.5.9", False, True),
        ("3.5.10", True, True),
    ],
)
def test_fields_by_version(version, tags, reference):
    result = run(service(), tls("one"), asking(("one", "a.example")), version=version)
    [certificate] = result.config["certificates"]
    assert ("tags" in certificate) is tags
    named = {"certificate": {"id": "uid-Secret-a-one"}} if reference else {}
    assert certificate["snis"] == [{"name": "a.example", **named}]
    assert certificate["cert"] == pairs.CA.strip()


def client_certificate(*objects, version):
    result = run(service(annotations=HTTPS), *objects, version=version)
    return result.config["services"][0].get("client_certificate"), failures(result)


@pytest.mark.parametrize(("version", "expected"), [("3.2.4", "uid-Secret-a-client"), ("3.3.0", "uid-Secret-a-a")])
def test_client_certificate_of_merged_secrets(version, expected):
    objects = (tls("client"), tls("a"), asking(("a", "a.example")))
    assert client_certificate(*objects, version=version) == (expected, [])


@pytest.mark.parametrize(("version", "expected"), [("3.2.4", "uid-Secret-a-client"), ("3.3.0", None)])
def test_unusable_client_certificate(version, expected):
    secret = tls("client", (pairs.CA, pairs.OTHER_KEY))
    assert client_certificate(secret, ingress(), version=version) == (
        expected,
        [("failed to construct certificate from secret", ["Service a/web", "Secret a/client"])],
    )


def test_client_certificates_have_no_host():
    assert client_certificate(tls("client"), ingress(), version="3.5.13") == ("uid-Secret-a-client", [])
    result = run(service(annotations=HTTPS), tls("client"), ingress())
    assert "snis" not in result.config["certificates"][0]
