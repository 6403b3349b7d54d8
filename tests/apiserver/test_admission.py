from typing import Any

import pytest

from gitops_kong.apiserver.admission import Answer, ApiServer
from gitops_kong.manifests.objects import K8sObject

SERVER = ApiServer((3, 5, 13))


def obj(api_version: str, kind: str, name: str = "x", namespace: str | None = "n", **content: Any) -> K8sObject:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return K8sObject({"apiVersion": api_version, "kind": kind, "metadata": metadata, **content})


def plugin(**content: Any) -> K8sObject:
    return obj("configuration.konghq.com/v1", "KongPlugin", **{"plugin": "cors", **content})


def ingress(**spec: Any) -> K8sObject:
    return obj("networking.k8s.io/v1", "Ingress", spec=spec)


def service(**spec: Any) -> K8sObject:
    return obj("v1", "Service", spec={"ports": [{"port": 80}], **spec})


def crd(schema: dict[str, Any], group: str = "example.com", kind: str = "Lamp") -> K8sObject:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {"group": group, "scope": "Namespaced", "names": {"kind": kind}, "versions": [version]}
    return obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", namespace=None, spec=spec)


def lamp_server(**spec_schema: Any) -> ApiServer:
    return SERVER.with_crds([crd({"type": "object", "properties": {"spec": {"type": "object", **spec_schema}}})])


def lamp(**spec: Any) -> K8sObject:
    return obj("example.com/v1", "Lamp", spec=spec)


def test_answer_names_what_is_wrong() -> None:
    answer = SERVER.admit(ingress(rules=[{"host": "Bad Host"}], ingressClassName="kong"))
    assert (answer.accepted, answer.reason, answer.fields) == (False, "Invalid", ["spec.rules[0].host"])
    assert answer.messages[0].startswith(
        'spec.rules[0].host: Invalid value: "Bad Host": a lowercase RFC 1123 subdomain must consist of'
    )


def test_wrong_json_type_is_a_bad_request_for_core_kinds_and_invalid_for_custom_ones() -> None:
    answer = SERVER.admit(ingress(rules="text"))
    assert (answer.reason, answer.fields) == ("BadRequest", [])
    assert answer.messages == [
        'Ingress in version "v1" cannot be handled as a Ingress: spec.rules: cannot read string as array'
    ]
    answer = SERVER.admit(plugin(disabled="text"))
    assert (answer.reason, answer.fields) == ("Invalid", ["disabled"])


def test_rules_are_not_checked_beside_a_missing_field() -> None:
    both = {"config": {"a": 1}, "configFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    answer = SERVER.admit(plugin(**both))
    assert answer.messages == ['Invalid value: "object": Using both config and configFrom fields is not allowed.']
    answer = SERVER.admit(plugin(**both, plugin=None))
    assert answer.fields == ["plugin"]
    assert answer.messages[-1].endswith("correct the existing errors to complete validation")


def test_update_compares_with_the_old_object() -> None:
    old = plugin()
    assert SERVER.admit(plugin(plugin="jwt")).accepted
    answer = SERVER.admit(plugin(plugin="jwt"), old)
    assert answer.messages == ['Invalid value: "object": The plugin field is immutable']


def test_what_was_wrong_before_does_not_stop_an_update() -> None:
    old = ingress(rules=[{"host": "bad_host"}])
    assert not SERVER.admit(old).accepted
    assert SERVER.admit(ingress(rules=[{"host": "bad_host"}], ingressClassName="kong"), old).accepted


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (service(clusterIP="10.0.0.1"), service(clusterIP="10.0.0.2"), "spec.clusterIPs[0]"),
        (obj("v1", "Secret", type="Opaque"), obj("v1", "Secret", type="kubernetes.io/basic-auth"), "type"),
        (
            obj("v1", "ConfigMap", immutable=True, data={"a": "b"}),
            obj("v1", "ConfigMap", immutable=True, data={"a": "c"}),
            "data",
        ),
    ],
)
def test_fields_that_may_not_change(old: K8sObject, new: K8sObject, field: str) -> None:
    assert field in SERVER.admit(new, old).fields
    assert SERVER.admit(old, old).accepted


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        (service(ports=[]), ["spec.ports"]),
        (service(clusterIP="None", ports=[]), []),
        (service(type="ExternalName"), ["spec.externalName"]),
        (service(type="ExternalName", externalName="a.example."), []),
        (service(ports=[{"port": 80}, {"port": 80, "name": "a"}]), ["spec.ports[0].name", "spec.ports[1]"]),
        (service(ports=[{"port": 80, "nodePort": 30080}]), ["spec.ports[0].nodePort"]),
        (service(externalTrafficPolicy="Local"), ["spec.externalTrafficPolicy"]),
        (service(type="LoadBalancer", externalTrafficPolicy="Local"), []),
        (service(ipFamilies=["IPv5"]), ["spec.ipFamilies[0]"]),
        (service(externalIPs=["127.0.0.1"]), ["spec.externalIPs[0]"]),
        (service(sessionAffinity="ClientIP"), []),
        (obj("v1", "Service", name="9x", spec={"ports": [{"port": 80}]}), ["metadata.name"]),
        (obj("v1", "Secret", type="kubernetes.io/tls", data={"tls.crt": ""}), ["data[tls.key]"]),
        (obj("v1", "Secret", data={"a b": ""}), ["data[a b]"]),
        (obj("v1", "ConfigMap", data={"a": "b"}, binaryData={"a": "Yg=="}), ["data[a]"]),
        (obj("v1", "Namespace", name="a.b", namespace=None), ["metadata.name"]),
        (
            obj("networking.k8s.io/v1", "IngressClass", namespace=None, spec={"controller": "kong"}),
            ["spec.controller"],
        ),
        (
            obj(
                "discovery.k8s.io/v1",
                "EndpointSlice",
                addressType="IPv4",
                endpoints=[{"addresses": ["fe80::1"]}],
            ),
            ["endpoints[0].addresses", "endpoints[0].addresses[0]"],
        ),
    ],
)
def test_core_kinds(given: K8sObject, fields: list[str]) -> None:
    assert SERVER.admit(given).fields == fields


def test_metadata_of_every_kind_is_checked() -> None:
    given = plugin(metadata={"name": "Bad", "namespace": "n", "labels": {"a b": "c d"}, "finalizers": ["a b"]})
    assert SERVER.admit(given).fields == ["metadata.finalizers", "metadata.labels", "metadata.name"]


def test_secret_values_stay_out_of_messages() -> None:
    answer = SERVER.admit(obj("v1", "Secret", data={"k": "c2VjcmV0?"}))
    assert not answer.accepted
    assert "c2VjcmV0" not in " ".join(answer.messages)


def test_removed_and_deprecated_api_versions() -> None:
    old = obj("networking.k8s.io/v1beta1", "Ingress")
    assert SERVER.admit(old).reason == "NotFound"
    earlier = ApiServer((3, 2, 4), (1, 21)).admit(old)
    assert earlier.accepted
    assert earlier.warnings == (
        "networking.k8s.io/v1beta1 Ingress is deprecated in v1.19+, unavailable in v1.22+;"
        " use networking.k8s.io/v1 Ingress",
    )
    assert "deprecated" in SERVER.admit(obj("configuration.konghq.com/v1", "KongIngress")).warnings[0]


def test_other_kinds_of_kubernetes_are_read_into_their_types() -> None:
    spec = {"selector": {}, "template": {"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}}}
    assert SERVER.admit(obj("apps/v1", "Deployment", spec=spec)).accepted
    answer = SERVER.admit(obj("apps/v1", "Deployment", spec={**spec, "replicas": "3"}))
    assert answer.reason == "BadRequest"
    assert "spec.replicas" in answer.messages[0]


def test_unknown_kinds_pass_untouched() -> None:
    given = obj("example.com/v1", "Lamp", spec={"a": None})
    assert SERVER.admit(given) == Answer(True, object=given.data, known=False)


def test_crds_of_the_repository_win() -> None:
    own = SERVER.with_crds([crd({"type": "object", "required": ["colour"]}, "configuration.konghq.com", "KongPlugin")])
    assert own.admit(plugin()).fields == ["colour"]
    assert SERVER.admit(plugin()).accepted


@pytest.mark.parametrize(
    ("schema", "value", "fields"),
    [
        ({"type": "string", "maxLength": 2}, "abc", ["spec.a"]),
        ({"type": "string", "minLength": 2}, "ä", ["spec.a"]),
        ({"type": "string", "pattern": "^[a-z]+$"}, "abc\n", ["spec.a"]),
        ({"type": "string", "format": "date-time"}, "2026-01-01", ["spec.a"]),
        ({"type": "string", "format": "ipv4"}, "::1", ["spec.a"]),
        ({"type": "string", "format": "no-such"}, "anything", []),
        ({"type": "string", "enum": ["x"]}, "y", ["spec.a"]),
        ({"type": "integer", "maximum": 5}, 6, ["spec.a"]),
        ({"type": "integer"}, 6.0, []),
        ({"type": "integer"}, 6.5, ["spec.a"]),
        ({"type": "integer"}, True, ["spec.a"]),
        ({"type": "number", "multipleOf": 2}, 3, ["spec.a"]),
        ({"type": "string", "nullable": True}, None, []),
        ({"x-kubernetes-int-or-string": True}, "80%", []),
        ({"x-kubernetes-int-or-string": True}, [], ["spec.a"]),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"k": 1}, ["spec.a.k"]),
        ({"type": "object", "maxProperties": 1, "additionalProperties": True}, {"k": 1, "l": 2}, ["spec.a"]),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, ["b"], ["spec.a"]),
        ({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}, ["b", "b"], ["spec.a[1]"]),
        (
            {
                "type": "array",
                "items": {"type": "object", "properties": {"k": {"type": "string"}}},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["k"],
            },
            [{"k": "1"}, {"k": "2"}, {"k": "1"}],
            ["spec.a[2]"],
        ),
        ({"type": "string", "anyOf": [{"minLength": 3}, {"pattern": "^x"}]}, "ab", ["spec.a"]),
        ({"type": "string", "not": {"enum": ["ab"]}}, "ab", []),
    ],
)
def test_limits_of_schemas(schema: dict[str, Any], value: Any, fields: list[str]) -> None:
    answer = lamp_server(properties={"a": schema}).admit(lamp(a=value))
    assert answer.fields == fields
    assert answer.accepted == (not fields and "not" not in schema)


@pytest.mark.parametrize(
    ("rule", "spec", "message"),
    [
        ({"rule": "self.a > 1", "message": "too small"}, {"a": 1}, 'spec: Invalid value: "object": too small'),
        ({"rule": "self.a > 1"}, {"a": 1}, 'spec: Invalid value: "object": failed rule: self.a > 1'),
        (
            {"rule": "self.a > 1", "messageExpression": "'is ' + string(self.a)"},
            {"a": 1},
            'spec: Invalid value: "object": is 1',
        ),
        (
            {"rule": "self.a > 1", "message": "m", "reason": "FieldValueForbidden", "fieldPath": ".a"},
            {"a": 1},
            "spec.a: Forbidden: m",
        ),
        ({"rule": "self.__namespace__ == 'x' && self.b__dash__c == 2"}, {"namespace": "x", "b-c": 2}, None),
        ({"rule": "self.names.isSorted() && self.names.max() == 'b'"}, {"names": ["a", "b"]}, None),
        ({"rule": "isURL(self.url) && self.url.find('[a-z]+') == 'http'"}, {"url": "http://a"}, None),
    ],
)
def test_rules(rule: dict[str, Any], spec: dict[str, Any], message: str | None) -> None:
    kinds: dict[type, dict[str, Any]] = {
        int: {"type": "integer"},
        str: {"type": "string"},
        list: {"type": "array", "items": {"type": "string"}},
    }
    fields = {name: kinds[type(value)] for name, value in spec.items()}
    answer = lamp_server(properties=fields, **{"x-kubernetes-validations": [rule]}).admit(lamp(**spec))
    assert answer.messages == ([message] if message else [])
    assert not answer.unknown


def test_rule_over_an_absent_field_refuses_as_it_does_in_the_api_server() -> None:
    server = lamp_server(
        properties={"a": {"type": "string"}}, **{"x-kubernetes-validations": [{"rule": "self.a == ''"}]}
    )
    assert server.admit(lamp()).fields == ["spec"]


def test_rule_that_cannot_be_evaluated_refuses_nothing() -> None:
    rule = {"rule": "quantity(self.a).isGreaterThan(quantity('1'))"}
    answer = lamp_server(properties={"a": {"type": "string"}}, **{"x-kubernetes-validations": [rule]}).admit(
        lamp(a="2")
    )
    assert answer.accepted
    assert "quantity" in answer.unknown[0]


def test_rules_of_list_items_compare_by_key() -> None:
    item = {
        "type": "object",
        "properties": {"k": {"type": "string"}, "v": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": "self.v >= oldSelf.v", "message": "shrinks"}],
    }
    rows = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    server = lamp_server(properties={"rows": rows})
    old = lamp(rows=[{"k": "a", "v": 1}, {"k": "b", "v": 5}])
    new = lamp(rows=[{"k": "b", "v": 4}, {"k": "a", "v": 2}, {"k": "c", "v": 0}])
    assert server.admit(new, old).fields == ["spec.rows[0]"]
    assert server.admit(new).accepted


def test_wrong_addresses_of_a_service_are_all_that_is_said() -> None:
    answer = SERVER.admit(service(clusterIP="text", ports=[{"port": 0}]))
    assert answer.fields == ["spec.clusterIPs[0]"]


def test_generated_names_are_checked_as_they_would_be() -> None:
    given = plugin(metadata={"generateName": "Bad", "namespace": "n"})
    assert SERVER.admit(given).fields == ["metadata.generateName", "metadata.name"]
    assert SERVER.admit(plugin(metadata={"generateName": "good-", "namespace": "n"})).accepted


def test_core_kinds_want_finalizers_with_a_domain() -> None:
    assert SERVER.admit(plugin(metadata={"name": "x", "finalizers": ["x"]})).accepted
    given = obj("v1", "ConfigMap", metadata={"name": "x", "finalizers": ["x", "a.b/x", "orphan"]})
    assert SERVER.admit(given).fields == ["metadata.finalizers[0]"]


def test_rules_that_read_an_integer_written_as_a_float_fail() -> None:
    fields = {"a": {"type": "integer"}, "b": {"type": "string"}}
    server = lamp_server(properties=fields, **{"x-kubernetes-validations": [{"rule": "self.b == 'x'"}]})
    assert server.admit(lamp(a=8.0, b="x")).accepted
    server = lamp_server(properties=fields, **{"x-kubernetes-validations": [{"rule": "self.a < 9"}]})
    assert server.admit(lamp(a=8, b="x")).accepted
    assert server.admit(lamp(a=8.0, b="x")).fields == ["spec"]


def test_bytes_are_read_from_lists_of_numbers_too() -> None:
    answer = SERVER.admit(obj("v1", "Secret", data={"k": [104, 105]}))
    assert answer.object is not None
    assert answer.object["data"] == {"k": "aGk="}


@pytest.mark.parametrize(
    "given",
    [
        obj("networking.k8s.io/v1", "IngressClass", spec=["text"]),
        obj("v1", "Service", spec={"sessionAffinity": "ClientIP", "sessionAffinityConfig": "text"}),
        obj("v1", "Secret", data="text", stringData={"a": "b"}),
    ],
)
def test_parts_of_a_wrong_type_are_refused_and_stay_as_they_are(given: K8sObject) -> None:
    assert SERVER.admit(given).reason == "BadRequest"
    assert SERVER.prepare(given).kind == given.kind


def test_crd_that_makes_no_sense_takes_anything() -> None:
    assert SERVER.with_crds([crd({"type": "object", "properties": ["a"]})]).admit(lamp(a=1)).accepted
    broken = crd({})
    assert SERVER.with_crds([broken.with_data({**broken.data, "spec": {"versions": 1}})]).admit(lamp(a=1)).accepted
