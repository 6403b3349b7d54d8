import base64
from datetime import datetime, timezone

import pytest

from tests.translate import pairs
from tests.translate.world import failures, obj, run

LABELS = {"konghq.com/ca-cert": "true"}
CLASS = {"kubernetes.io/ingress.class": "kong"}


def store(name: str = "ca", key: str = "cert", text: str = pairs.CA, identity: str | None = "id-1", **more):
    data = {key: text} | ({} if identity is None else {"id": identity})
    encoded = {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}
    return obj("v1", "Secret", name, labels=LABELS, annotations=CLASS, data=encoded, **more)


def config_map(name: str = "ca", **data: str):
    return obj("v1", "ConfigMap", name, labels=LABELS, data=data)


def found(*objects, version="3.5.13"):
    result = run(*objects, version=version)
    return {c["id"]: c["cert"] for c in result.config.get("ca_certificates", [])}, failures(result)


@pytest.mark.parametrize("version", ["3.2.0", "3.4.3", "3.5.13"])
def test_secret(version):
    assert found(store(), version=version) == ({"id-1": pairs.CA}, [])


@pytest.mark.parametrize(("version", "there"), [("3.3.1", False), ("3.4.0", True)])
def test_config_maps_ca_crt_and_other_classes_came_with_3_4(version, there):
    assert bool(found(config_map(**{"id": "x", "ca.crt": pairs.CA}), version=version)[0]) is there
    assert bool(found(store(key="ca.crt"), version=version)[0]) is there
    unclassed = store()
    del unclassed["metadata"]["annotations"]
    assert bool(found(unclassed, version=version)[0]) is there


@pytest.mark.parametrize("value", ["yes", "True"])
def test_label_must_be_true(value):
    secret = store()
    secret["metadata"]["labels"] = {"konghq.com/ca-cert": value}
    assert found(secret) == ({}, [])


@pytest.mark.parametrize(
    ("version", "secret", "message"),
    [
        ("3.3.1", store(identity=None), "invalid CA certificate: missing 'id' field in data"),
        ("3.3.1", store(key="ca.crt"), "invalid CA certificate: missing 'cert' field in data"),
        ("3.3.1", store(text="x"), "invalid CA certificate: invalid PEM block"),
        ("3.5.13", store(identity=None), "invalid secret CA certificate: missing 'id' field in data"),
        ("3.5.13", store(key="x"), 'invalid secret CA certificate a/ca, neither "cert" nor "ca.crt" key exist'),
        ("3.5.13", store(text="x"), "invalid secret CA certificate: invalid PEM block"),
        ("3.5.13", store(text=" "), "invalid secret CA certificate: invalid PEM block"),
        ("3.5.13", store(text=pairs.CA + "x"), "invalid secret CA certificate: invalid PEM block"),
        ("3.5.13", store(text=pairs.CA + pairs.KEY), "invalid secret CA certificate: invalid PEM block type"),
        ("3.5.13", store(text=pairs.CA * 2), "invalid secret CA certificate: multiple PEM certificates found"),
        ("3.4.9", store(text=pairs.KEY), "invalid secret CA certificate: failed to parse certificate"),
        ("3.5.13", store(text=pairs.KEY), "invalid secret CA certificate: invalid PEM block type"),
        (
            "3.5.13",
            store(text=pairs.NOT_CA),
            "invalid secret CA certificate: certificate is missing the 'CA' basic constraint",
        ),
    ],
)
def test_failures(version, secret, message):
    assert found(secret, version=version) == ({}, [(message, ["Secret a/ca"])])


@pytest.mark.parametrize(("second", "expired"), [(2, False), (3, True)])
def test_expired(second, expired):
    result = run(store(), now=datetime(2036, 11, 21, 3, 24, second, tzinfo=timezone.utc))
    message = ("invalid secret CA certificate: expired", ["Secret a/ca"])
    assert failures(result) == ([message] if expired else [])


@pytest.mark.parametrize(("version", "text"), [("3.4.9", f"note\n{pairs.CA}{pairs.KEY}"), ("3.5.2", pairs.CA * 2)])
def test_older_versions_post_the_whole_text(version, text):
    assert found(store(text=text), version=version) == ({"id-1": text}, [])


def test_text_around_the_certificate_is_left_out():
    assert found(store(text=f"note\n{pairs.CA.strip()}")) == ({"id-1": pairs.CA}, [])


def test_equal_ids():
    objects = (
        store("young", created="2026-01-02T00:00:00Z"),
        store("old", created="2026-01-01T00:00:00Z", text=pairs.NOT_CA),
        store("b-old", created="2026-01-01T00:00:00Z"),
    )
    duplicate = "invalid secret CA certificate: duplicate 'id' field in multiple objects"
    assert found(*objects) == (
        {"id-1": pairs.CA},
        [(duplicate, ["Secret a/young"]), (duplicate, ["Secret a/old"])],
    )
    assert len(run(*objects[::2], version="3.4.17").config["ca_certificates"]) == 2


def test_plugins_that_trust_it_are_named():
    def plugin(name, kind="KongPlugin", namespace="a", **config):
        return obj("configuration.konghq.com/v1", kind, name, namespace, plugin="mtls-auth", config=config)

    objects = (
        plugin("yes", ca_certificates=["id-1"]),
        plugin("no", ca_certificates=["id-2"]),
        plugin("odd", ca_certificates="id-1"),
        plugin("mixed", ca_certificates=["id-1", 2]),
        plugin("foreign", "KongClusterPlugin", "", ca_certificates=["id-1"]),
        store(text="x"),
    )
    assert found(*objects)[1] == [
        ("invalid secret CA certificate: invalid PEM block", ["KongPlugin a/yes", "Secret a/ca"])
    ]
