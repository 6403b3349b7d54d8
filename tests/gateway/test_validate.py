import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_kong.gateway import catalogue
from gitops_kong.gateway.validate import Verdict, validate

SERVICE: dict[str, Any] = {"name": "s", "host": "s.example"}
ROUTE: dict[str, Any] = {"name": "r", "paths": ["/"]}
UUID = "d2e33f63-1424-408f-be55-d9d16cd2a382"


def answer(
    config: dict[str, Any], version: str = "3.9", flavor: Any = "traditional_compatible", **options: Any
) -> Verdict:
    return validate({"_format_version": "3.0", **config}, catalogue.load(version), flavor, **options)


def messages(verdict: Verdict) -> dict[str, str]:
    """Messages by field, of all entries; entity errors under `@`."""
    return {e.get("field", "@"): e["message"] for entry in verdict.errors for e in entry["errors"]}


def plugin(name: str, config: dict[str, Any], version: str = "3.9", **more: Any) -> Verdict:
    return answer({"plugins": [{"name": name, "config": config, **more}]}, version)


def test_an_empty_file_is_accepted_but_not_without_its_version() -> None:
    assert answer({}) == Verdict(201, [])
    missing = validate({}, catalogue.load("3.9"))
    assert (missing.status, missing.errors) == (400, [])
    assert missing.general == ("_format_version: required field missing",)


def test_unknown_keys_of_the_file_name_no_entity() -> None:
    verdict = answer({"nonsense": []})
    assert (verdict.status, verdict.errors, verdict.general) == (400, [], ("nonsense: unknown field",))


def test_errors_are_listed_by_entity_with_name_and_tags() -> None:
    service = {**SERVICE, "tags": ["k8s-name:s"], "port": 70000, "routes": [{**ROUTE, "methods": ["get"]}]}
    verdict = answer({"services": [service]})
    assert verdict.status == 400
    route = {
        "entityType": "route",
        "entityName": "r",
        "errors": [{"type": "field", "field": "methods.1", "message": "invalid value: get"}],
    }
    owner = {
        "entityType": "service",
        "entityName": "s",
        "entityTags": ["k8s-name:s"],
        "errors": [{"type": "field", "field": "port", "message": "value should be between 0 and 65535"}],
    }
    assert len(verdict.errors) == 2
    assert route in verdict.errors
    assert owner in verdict.errors


@pytest.mark.parametrize(
    ("name", "config", "field", "message"),
    [
        ("rate-limiting", {"minute": 0}, "config.minute", "value must be greater than 0"),
        ("rate-limiting", {"minutes": 1}, "config.minutes", "unknown field"),
        ("rate-limiting", {}, "@", "at least one of these fields must be non-empty: 'config.second', 'config.minute', "
         "'config.hour', 'config.day', 'config.month', 'config.year'"),
        ("rate-limiting", {"minute": 5, "second": 6}, "config",
         "The limit for minute(5.0) cannot be lower than the limit for second(6.0)"),
        ("rate-limiting", {"minute": 5, "sync_rate": 1}, "config", "sync_rate can only be used with the redis policy"),
        ("rate-limiting", {"minute": 5, "policy": "redis"}, "config.redis.host", "required field missing"),
        ("key-auth", {"key_names": ["a b"]}, "config.key_names.1",
         "bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'"),
        ("request-termination", {"content_type": "a"}, "config", "content_type requires a body"),
        ("request-termination", {"echo": True, "body": "a"}, "config",
         "echo cannot be used with content_type and body"),
        ("acme", {"account_email": "a@b.c", "storage": "kong"}, "@", "\"kong\" storage can't be used with dbless mode"),
        ("oauth2", {}, "config", "at least one of these fields must be true: enable_authorization_code, "
         "enable_implicit_grant, enable_client_credentials, enable_password_grant"),
        ("request-transformer", {"rename": {"headers": ["a:b c"]}}, "config.rename.headers.1",
         "'b c' is not a valid header"),
        ("request-transformer", {"add": {"body": ["a"]}}, "config.add.body.1", "key 'a' has no value"),
        ("zipkin", {"static_tags": [{"name": "a", "value": "b"}, {"name": "a", "value": "c"}]}, "config.static_tags",
         "repeated tags are not allowed: a"),
        ("aws-lambda", {"proxy_url": "https://a.example"}, "@", "proxy_url scheme must be http"),
        ("cors", {"origins": ["*", "("]}, "config.origins.2", "'(' is not a valid regex"),
        ("http-log", {"http_endpoint": "http://u:p@a.example", "headers": {"Authorization": "x"}}, "config",
         "specifying both an 'Authorization' header and user info in 'http_endpoint' is not allowed"),
        ("openid-connect", {}, "name",
         "plugin 'openid-connect' not enabled; add it to the 'plugins' configuration property"),
    ],
)  # fmt: skip
def test_plugin_configurations(name: str, config: dict[str, Any], field: str, message: str) -> None:
    assert messages(plugin(name, config))[field] == message


def test_a_reference_to_a_vault_is_not_looked_into() -> None:
    assert plugin("http-log", {"http_endpoint": "{vault://env/endpoint}"}).status == 201
    assert messages(plugin("http-log", {"http_endpoint": "{vault:/env/endpoint}"})) == {
        "config.http_endpoint": "missing host in url"
    }


def test_protocols_choose_what_a_route_may_have() -> None:
    assert answer({"routes": [{"name": "r", "protocols": ["tcp"], "destinations": [{"port": 1}]}]}).status == 201
    wrong = messages(answer({"routes": [{"name": "r", "protocols": ["tcp"], "paths": ["/"]}]}))
    assert wrong["paths"] == "cannot set 'paths' when 'protocols' is 'tcp', 'tls', 'tls_passthrough' or 'udp'"
    assert messages(answer({"routes": [{"name": "r"}]})) == {
        "@": "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"
    }
    assert messages(answer({"routes": [{**ROUTE, "protocols": ["nope"]}]})) == {"protocols": "unknown type: nope"}


def test_expressions_are_a_field_only_with_their_router() -> None:
    route = {"name": "r", "expression": 'http.path == "/"', "priority": 1}
    assert messages(answer({"routes": [route]}))["expression"] == "unknown field"
    assert answer({"routes": [route]}, flavor="expressions").status == 201
    assert messages(answer({"routes": [{**route, "priority": -1}]}, "3.9", "expressions")) == {
        "priority": f"value should be between 0 and {2**46 - 1}"
    }


def test_foreign_keys_by_name_by_id_and_into_nothing() -> None:
    service = {**SERVICE, "id": UUID}
    for key in ("s", UUID, {"id": UUID}):
        assert answer({"services": [service], "routes": [{**ROUTE, "service": key}]}).status == 201
    verdict = answer({"routes": [{**ROUTE, "service": "gone"}]})
    assert (verdict.status, verdict.errors) == (400, [])
    assert verdict.general == ("routes r: invalid reference 'service: gone' (no such entry in 'services')",)


def test_a_nested_entity_may_name_its_parent_only_if_it_is_there() -> None:
    assert answer({"services": [{**SERVICE, "routes": [{**ROUTE, "service": "s"}]}]}).status == 201
    verdict = answer({"services": [{**SERVICE, "routes": [{**ROUTE, "service": "t"}]}]})
    assert messages(verdict) == {"service": "value must be null"}


def test_names_and_scopes_are_unique() -> None:
    twice = answer({"services": [SERVICE, SERVICE]})
    assert messages(twice) == {"@": "uniqueness violation: 'services' entity with name set to 's' already declared"}
    assert answer({"services": [SERVICE, SERVICE]}, "3.5")[:2] == (400, [])
    key_auth = {"name": "key-auth", "service": "s"}
    again = messages(answer({"services": [SERVICE], "plugins": [key_auth, key_auth]}))
    assert again["@"].startswith("uniqueness violation: 'plugins' entity with primary key set to '")
    assert answer({"services": [SERVICE], "plugins": [key_auth, {"name": "key-auth"}]}).status == 201
    consumers = [{"username": "a", "custom_id": "x"}, {"username": "b", "custom_id": "x"}]
    assert answer({"consumers": consumers})[:2] == (400, [])


def test_a_credential_twice_is_an_error_of_the_second_one_from_3_6_on() -> None:
    def config() -> dict[str, Any]:
        return {"consumers": [{"username": n, "keyauth_credentials": [{"key": "k"}]} for n in "ab"]}

    assert answer(config())[:2] == (400, [])
    top_level = {
        "consumers": [{"username": "a"}],
        "keyauth_credentials": [{"key": "k", "consumer": "a"}, {"key": "k", "consumer": "a"}],
    }
    assert messages(answer(top_level))["@"].endswith("with key set to 'k' already declared")
    assert answer(top_level, "3.4")[:2] == (400, [])


def test_basic_auth_needs_its_consumer_and_then_nothing_more() -> None:
    credential = {"username": "u", "password": "p"}
    assert answer({"consumers": [{"username": "a", "basicauth_credentials": [credential]}]}).status == 201
    assert messages(answer({"basicauth_credentials": [credential]}))["consumer"] == "required field missing"


def test_deprecated_fields_give_way_to_what_replaces_them() -> None:
    redis = {"minute": 1, "policy": "redis"}
    for version in ("3.6", "3.7", "3.8", "3.9"):
        assert plugin("rate-limiting", {**redis, "redis_host": "r.example"}, version).status == 201
    assert plugin("rate-limiting", {**redis, "redis_host": "a.example", "redis": {"host": "b.example"}}).status == 500


def test_a_nested_plugin_with_a_broken_shorthand_is_lost() -> None:
    broken = {"name": "rate-limiting", "config": {"minute": 1, "redis_port": "x"}}
    fine = {"name": "key-auth"}
    assert answer({"plugins": [broken]}).status == 500
    assert answer({"services": [{**SERVICE, "plugins": [fine, broken]}]}).status == 201
    assert answer({"services": [{**SERVICE, "plugins": [broken, fine]}]})[:2] == (400, [])


def test_service_url_stands_for_its_parts() -> None:
    assert answer({"services": [{"name": "s", "url": "https://a.example:444/x"}]}).status == 201
    assert messages(answer({"services": [{"name": "s", "url": "/x"}]})) == {"host": "required field missing"}


def test_old_formats_mark_regular_expressions() -> None:
    config = {"_format_version": "1.1", "services": [{**SERVICE, "routes": [{"name": "r", "paths": ["/a/(b"]}]}]}
    verdict = validate(config, catalogue.load("3.9"))
    assert "invalid regex: '/a/(b'" in messages(verdict)["paths.1"]
    assert answer({"services": [{**SERVICE, "routes": [{"name": "r", "paths": ["/a/(b"]}]}]}).status == 201


def test_what_is_enterprise_only_is_rejected_or_not_verified() -> None:
    config = {"consumer_groups": [{"name": "g"}], "plugins": [{"name": "openid-connect", "config": {"issuer": "i"}}]}
    assert answer(config).status == 400
    verdict = answer(config, edition="enterprise")
    assert verdict.status == 201
    assert verdict.unverified == ("consumer_groups", "plugin openid-connect")
    assert answer({"plugins": [{"name": "nonsense"}]}, edition="enterprise").status == 400


def test_an_error_elsewhere_brings_up_what_only_ids_show() -> None:
    consumer = {"username": "a", "plugins": [{"name": "acl", "config": {"allow": ["g"]}}]}
    assert answer({"consumers": [consumer]}).status == 201
    verdict = answer({"consumers": [consumer], "services": [{"name": "s"}]})
    assert {"field": "consumer", "message": "value must be null", "type": "field"} in [
        error for entry in verdict.errors for error in entry["errors"]
    ]


def test_of_two_equal_plugins_only_the_last_finds_its_service_again() -> None:
    key_auth = {"name": "key-auth", "service": "s", "tags": ["t"]}
    broken = {"name": "acl", "config": {"nonsense": 1}}
    verdict = answer({"services": [SERVICE], "plugins": [key_auth, key_auth | {"enabled": False}, broken]})
    assert [e["errors"] for e in verdict.errors if e["entityName"] == "key-auth"] == [
        [{"type": "field", "field": "service.id", "message": "missing primary key"}]
    ]


def test_an_error_and_a_name_that_is_not_there_are_both_told() -> None:
    verdict = answer({"services": [{**SERVICE, "port": "x"}], "routes": [{**ROUTE, "service": "gone"}]})
    assert messages(verdict) == {"port": "expected an integer", "service.id": "missing primary key"}


@pytest.mark.parametrize(
    "config",
    [
        {"services": [5]},
        {"services": [None]},
        {"services": ["x"]},
        {"services": [{**SERVICE, "routes": [None]}]},
        {"upstreams": [{"name": "u", "plugins": [{"name": "key-auth"}]}]},
        {"targets": [{"target": "a", "plugins": []}]},
        {"plugins": [{"name": "acme", "config": {"storage_config": {"redis": 5}}}]},
        {"routes": [{**ROUTE, "service": 5}]},
        {"plugins": [{"name": "cors", "config": ["a"], "nonsense": 1, "tags": "x"}, {"name": 1}]},
    ],
)
def test_what_breaks_the_gateway_itself_is_500(config: dict[str, Any]) -> None:
    assert answer(config)[:2] == (500, [])


def test_false_in_place_of_a_record_is_its_default() -> None:
    assert plugin("proxy-cache", {"strategy": "memory", "memory": False}).status == 201


def test_a_set_counts_each_value_once() -> None:
    wrong = messages(answer({"routes": [{**ROUTE, "protocols": ["http", "http", "nope"]}]}))
    assert list(wrong) == ["protocols.2"]


def test_nested_snis_lose_their_certificate_from_3_8_on() -> None:
    reference = "{vault://env/a}"
    certificates = [{"cert": reference, "key": reference, "snis": [{"name": "a.example"}]}]
    broken = {"certificates": certificates, "services": [{"name": "s"}]}
    assert answer({"certificates": certificates}).status == 201
    assert "certificate" in messages(answer(broken, "3.8"))
    assert "certificate" not in messages(answer(broken, "3.7"))


def test_every_supported_version_answers() -> None:
    for version in catalogue.VERSIONS:
        assert answer({"services": [{**SERVICE, "routes": [ROUTE]}]}, version).status == 201
        for name in catalogue.load(version).plugins:
            assert plugin(name, {}, version).status in (201, 400)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**6) | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["http", "grpc", "/a", "{vault://env/a}", UUID, "redis", "a b", "~/(", "1.2.3.4"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    schemas = catalogue.load(draw(st.sampled_from(["3.4", "3.6", "3.9"])))

    def entity(name: str, depth: int) -> dict[str, Any]:
        schema = schemas.entity(name)
        assert schema is not None
        item = draw(st.dictionaries(st.sampled_from(sorted(schema["fields"])), JSON, max_size=5))
        if name == "plugins":
            item["name"] = draw(st.sampled_from(schemas.plugins))
            known = schemas.plugin(item["name"])
            assert known is not None
            fields = sorted(known["fields"]["config"]["fields"])
            item["config"] = draw(st.dictionaries(st.sampled_from(fields or ["x"]), JSON, max_size=4))
        if depth:
            child = draw(st.sampled_from(schemas.entities))
            item[child] = [entity(child, depth - 1)]
        return item

    names = draw(st.lists(st.sampled_from(schemas.entities), max_size=3))
    return {"_format_version": "3.0", "version": schemas.version, **{n: [entity(n, 1)] for n in names}}


@given(files(), st.sampled_from(["traditional_compatible", "traditional", "expressions"]))
@settings(max_examples=150)
def test_whatever_comes_has_an_answer_and_stays_as_it_is(config: dict[str, Any], flavor: Any) -> None:
    schemas = catalogue.load(config.pop("version"))
    before = json.dumps(config)
    first = validate(config, schemas, flavor)
    assert first.status in (201, 400, 500)
    assert json.dumps(config) == before
    assert validate(config, schemas, flavor) == first
    json.dumps(first.errors)


@given(
    st.dictionaries(st.sampled_from(["_format_version", "services", "plugins", "_transform", "x"]), JSON, max_size=4)
)
@settings(max_examples=150)
def test_whatever_file_comes_has_an_answer(config: dict[str, Any]) -> None:
    assert validate(config, catalogue.load("3.8")).status in (201, 400, 500)


OWNED = {"tags": ["k8s-name:u"]}


def test_the_entities_behind_an_error_of_the_whole_file_are_told_by_their_tags() -> None:
    one, two = ({"username": n, "custom_id": "x", "tags": [f"k8s-name:{n}"]} for n in ("a", "b"))
    (blame,) = answer({"consumers": [one, two]}).blamed
    assert (blame.message.split(": ")[0], blame.tags) == ("uniqueness violation", (("k8s-name:a",), ("k8s-name:b",)))


def test_an_entity_without_tags_stands_for_what_it_hangs_on() -> None:
    target = {"target": "10.0.0.1:80"}
    upstream = {"name": "u", **OWNED, "targets": [target, dict(target)]}
    assert answer({"upstreams": [upstream]}).blamed[0].tags == (("k8s-name:u",),)


def test_entities_of_a_kind_that_the_gateway_does_not_know_are_told() -> None:
    group, consumer = {"name": "g", "tags": ["k8s-name:g"]}, {"username": "ada", "tags": ["k8s-name:ada"]}
    membership = {"consumer": "ada", "consumer_group": "g"}
    groups = {"consumer_groups": [group], "consumer_group_consumers": [membership]}
    verdict = answer({"consumers": [consumer], **groups})
    assert verdict.errors == []
    assert dict(verdict.blamed) == {
        "consumer_groups: unknown field": (("k8s-name:g",),),
        "consumer_group_consumers: unknown field": (("k8s-name:ada",),),
    }
