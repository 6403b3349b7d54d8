"""What of an object may leave the cluster."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gitops_kong.live.redaction import PREFIX, Redaction
from gitops_kong.manifests.objects import CONTENT_PROBLEM, CONTENT_UNKNOWN, K8sObject
from tests.translate import pairs

redact = Redaction(b"k" * 32)


def encoded(values: dict[str, str]) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def secret(values: dict[str, str], kind: str = "Opaque", **metadata: Any) -> dict[str, Any]:
    found = redact(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": kind,
            "metadata": {"name": "s", "namespace": "n", **metadata},
            "data": encoded(values),
            "stringData": {"sentinel": "sentinel"},
        }
    )
    assert "sentinel" not in str(found)
    return found


def decoded(obj: dict[str, Any]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in obj["data"].items()}


def test_equal_values_have_equal_digests_that_another_key_does_not_make() -> None:
    found = decoded(secret({"a": "sentinel-1", "b": "sentinel-1", "c": "sentinel-2"}))
    assert found["a"] == found["b"] != found["c"]
    assert all(value.startswith(PREFIX) for value in found.values())
    assert Redaction(b"j" * 32).digest(b"sentinel-1") not in found.values()


def test_annotations_that_can_hold_copies_are_left_out() -> None:
    annotations = {
        "kubectl.kubernetes.io/last-applied-configuration": '{"data": "sentinel"}',
        "example.com/note": "sentinel",
        "konghq.com/tags": "team-a",
        "argocd.argoproj.io/tracking-id": "shop:/Secret:n/s",
    }
    found = secret({}, annotations=annotations, managedFields=[{"sentinel": 1}])
    kept = {"konghq.com/tags": "team-a", "argocd.argoproj.io/tracking-id": "shop:/Secret:n/s", CONTENT_UNKNOWN: "true"}
    assert found["metadata"]["annotations"] == kept


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("ttl", "60", "1"),
        ("ttl", "-7", "-1"),
        ("hash_secret", "true", "true"),
        ("algorithm", "RS256", "RS256"),
        ("kongCredType", "jwt", "jwt"),
        ("client_type", "public", "public"),
        ("key", "", ""),
    ],
)
def test_of_credentials_types_stay(key: str, value: str, kept: str) -> None:
    labels = {"konghq.com/credential": "jwt"}
    assert decoded(secret({key: value}, labels=labels))[key] == kept


def test_of_credentials_what_is_wrong_stays_wrong() -> None:
    labels = {"konghq.com/credential": "oauth2"}
    values = {"ttl": "sentinel", "hash_secret": "sentinel", "redirect_uris": "https://sentinel.example/a,sentinel"}
    found = decoded(secret(values, labels=labels))
    assert found["ttl"].startswith(PREFIX)
    assert found["hash_secret"].startswith(PREFIX)
    first, second = found["redirect_uris"].split(",")
    assert first.startswith("https://")
    assert "://" not in second
    assert CONTENT_UNKNOWN not in secret(values, labels=labels)["metadata"].get("annotations", {})


@pytest.mark.parametrize(
    ("values", "labels", "problem"),
    [
        ({"tls.crt": pairs.CA, "tls.key": pairs.KEY}, {}, ""),
        ({"tls.crt": pairs.CA, "tls.key": "sentinel"}, {}, "failed to construct certificate from secret"),
        ({"tls.crt": pairs.CA}, {}, "failed to construct certificate from secret"),
        ({"id": "sentinel", "cert": pairs.CA}, {"konghq.com/ca-cert": "true"}, ""),
        ({"cert": pairs.CA}, {"konghq.com/ca-cert": "true"}, ": missing 'id' field in data"),
        ({"id": "sentinel", "cert": "sentinel"}, {"konghq.com/ca-cert": "true"}, ": invalid PEM block"),
    ],
)
def test_whether_certificates_can_be_used_is_kept(values: dict[str, str], labels: dict[str, str], problem: str) -> None:
    found = secret(values, labels=labels)
    assert found["metadata"]["annotations"].get(CONTENT_PROBLEM, "") == problem
    assert "BEGIN" not in str(decoded(found))
    assert K8sObject(found).content_problem == problem


def plugin(config: Any, **more: Any) -> Any:
    found = redact(
        {"apiVersion": "configuration.konghq.com/v1", "kind": "KongPlugin", "metadata": {}, "config": config, **more}
    )
    assert "sentinel" not in str(found)
    return found


def test_credentials_in_configurations_of_plugins() -> None:
    config = {
        "client_secret": ["sentinel"],
        "redis": {"password": "sentinel", "host": "redis.svc"},
        "aws_secret": "{vault://env/aws}",
        "headers": {"Authorization": "Bearer sentinel", "X-Team": "a"},
        "http_endpoint": "https://user:sentinel@logs.example/x",
        "add": {"headers": ["X-Api-Key: sentinel", "X-Team:a"]},
        "key_names": ["apikey"],
        "token_expiration": 7200,
        "hide_credentials": True,
    }
    found = plugin(config)["config"]
    assert found["client_secret"][0].startswith(PREFIX)
    assert found["redis"]["host"] == "redis.svc"
    assert found["aws_secret"] == "{vault://env/aws}"
    assert found["headers"]["X-Team"] == "a"
    assert found["http_endpoint"].startswith("https://user:")
    assert found["http_endpoint"].endswith("@logs.example/x")
    assert found["add"]["headers"][0].startswith(f"X-Api-Key: {PREFIX}")
    assert found["add"]["headers"][1] == "X-Team:a"
    assert (found["key_names"], found["token_expiration"], found["hide_credentials"]) == (["apikey"], 7200, True)


def test_configurations_of_vaults() -> None:
    vault = redact({"kind": "KongVault", "metadata": {}, "spec": {"backend": "hcv", "config": {"token": "sentinel"}}})
    assert "sentinel" not in str(vault)
    assert vault["spec"]["backend"] == "hcv"


def test_config_maps_keep_only_what_is_public() -> None:
    one = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"x": "sentinel"}}
    assert "sentinel" not in str(redact(one))
    assert set(redact(one)["data"]) == {"x"}
    authority = {**one, "metadata": {"name": "c", "labels": {"konghq.com/ca-cert": "true"}}, "data": {"ca.crt": "PEM"}}
    assert redact(authority)["data"] == {"ca.crt": "PEM"}


def test_what_was_given_is_not_changed() -> None:
    given = {"apiVersion": "v1", "kind": "Secret", "metadata": {"annotations": {"a": "b"}}, "data": encoded({"k": "v"})}
    before = str(given)
    redact(given)
    assert str(given) == before
