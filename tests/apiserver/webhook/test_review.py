"""Reviews by the webhook, over a cluster, a translator and a gateway that answer what a test says."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from gitops_kong.apiserver.webhook.hooks import OWN
from gitops_kong.apiserver.webhook.model import Entity, Refusal, Review, Secrets, Unreadable, World
from gitops_kong.apiserver.webhook.review import review
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.versions import behaviours
from gitops_kong.manifests.objects import K8sObject

NEWEST = (3, 5, 13)


@dataclass
class Gateway:
    messages: Mapping[str, str] = field(default_factory=dict)
    blamed: tuple[tuple[str | int, ...], ...] = ()
    fields: Mapping[str, Mapping[str, Any]] | None = None
    consumers: frozenset[str] = frozenset()
    enterprise: bool = False
    asked: list[tuple[str, Entity]] = field(default_factory=list)

    def refuses(self, entity_type: str, entity: Entity) -> Refusal | None:
        self.asked.append((entity_type, entity))
        message = self.messages.get(entity_type)
        return None if message is None else Refusal(message, self.blamed)

    def entity_fields(self, entity_type: str) -> Mapping[str, Mapping[str, Any]] | None:
        return self.fields

    def has_consumer(self, username: str) -> bool:
        return username in self.consumers


@dataclass
class Translator:
    failures: Sequence[str] = ()
    unreadable: Unreadable | None = None
    secrets_seen: Secrets = field(default_factory=dict)

    def plugin(self, obj: K8sObject, secrets: Secrets) -> Entity | Unreadable:
        self.secrets_seen = secrets
        return self.unreadable or {"name": obj.data.get("plugin"), "config": obj.data.get("config") or {}}

    def routes(self, obj: K8sObject) -> tuple[Sequence[Entity], Sequence[str]]:
        return [{"name": "one"}], self.failures


def ask(
    obj: K8sObject,
    *cluster: K8sObject,
    old: K8sObject | None = None,
    version: tuple[int, int, int] = NEWEST,
    gateway: Gateway | None = None,
    translator: Translator | None = None,
    **settings: Any,
) -> Review:
    world = World(
        ObjectStore(cluster), translator or Translator(), gateway or Gateway(), behaviours(version), **settings
    )
    return review(obj, old, world)


def kong(kind: str, name: str = "x", version: str = "v1", klass: str | None = "kong", **content: Any) -> K8sObject:
    metadata: dict[str, Any] = {"name": name, "namespace": "n"}
    if klass:
        metadata["annotations"] = {"kubernetes.io/ingress.class": klass}
    return K8sObject(
        {"apiVersion": f"configuration.konghq.com/{version}", "kind": kind, "metadata": metadata, **content}
    )


def secret(name: str, labels: dict[str, str], **values: str) -> K8sObject:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return K8sObject(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": "n", "labels": labels},
            "data": data,
        }
    )


def credential(kind: str, name: str = "c", **values: str) -> K8sObject:
    return secret(name, {"konghq.com/credential": kind}, **values)


def gateway_api(kind: str, name: str, spec: dict[str, Any], namespace: str = "n") -> K8sObject:
    return K8sObject(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
    )


GATEWAYS = (
    gateway_api("GatewayClass", "kong", {"controllerName": "konghq.com/kic-gateway-controller"}, namespace=""),
    gateway_api("Gateway", "g", {"gatewayClassName": "kong"}),
)


def http_route(*rules: dict[str, Any], parents: Sequence[str] = ("g",)) -> K8sObject:
    return gateway_api("HTTPRoute", "r", {"parentRefs": [{"name": p} for p in parents], "rules": list(rules)})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (credential("key-auth", key="k"), ""),
        (credential("key-auth"), "missing required field(s): key"),
        (credential("key-auth", key=""), "some fields were invalid due to missing data: key"),
        (credential("nonsense", key="k"), "invalid credential type nonsense"),
        (credential("jwt", algorithm="HS256", key="k", secret="s"), ""),
        (credential("jwt", algorithm="RS256", key="k", rsa_public_key="p"), ""),
        (credential("jwt", key="k"), "missing required field(s): algorithm, rsa_public_key, secret"),
        (credential("konnect"), ""),
        (credential(""), "invalid credential type "),
    ],
)
def test_credentials_are_complete(given: K8sObject, message: str) -> None:
    answer = ask(given)
    assert answer.message == (f"consumer credential failed validation: {message}" if message else "")


def test_older_versions_know_fewer_credentials() -> None:
    assert not ask(credential("konnect"), version=(3, 4, 3)).allowed
    assert not ask(credential("jwt", algorithm="RS256", key="k", rsa_public_key="p"), version=(3, 3, 1)).allowed
    assert ask(credential(""), version=(3, 4, 3)).allowed


def test_secret_without_labels_does_not_reach_the_webhook() -> None:
    plugin = kong("KongPlugin", plugin="cors", configFrom={"secretKeyRef": {"name": "s", "key": "k"}})
    refusing = Translator(unreadable=Unreadable("no key 'k' in secret 'n/s'", from_secret=True))
    assert not any(hook.asks(secret("s", {}), None, None) for hook in OWN)
    answer = ask(secret("s", {"konghq.com/validate": "plugin"}), plugin, translator=refusing)
    assert answer.message == (
        "Change on secret will generate invalid configuration for KongPlugin n/x: could not load secret plugin"
        " configuration: no key 'k' in secret 'n/s'"
    )
    assert ("n", "s") in refusing.secrets_seen


def test_credential_of_two_consumers_is_refused() -> None:
    first = kong("KongConsumer", "one", username="one", credentials=["a"])
    second = kong("KongConsumer", "two", username="two", credentials=["b"])
    held = credential("key-auth", "a", key="same")
    new = credential("key-auth", "b", key="same")
    message = "consumer credential failed validation: unique key constraint violated for key"
    assert ask(second, first, held, new).message == message
    assert ask(new, first, second, held).message == message
    assert ask(new, first, held).allowed


def test_consumer_needs_its_secrets_and_a_free_name() -> None:
    consumer = kong("KongConsumer", username="ada", credentials=["gone"])
    assert ask(consumer).message == ('consumer referenced non-existent credentials secret: Secret "gone" not found')
    assert ask(consumer, gateway=Gateway(consumers=frozenset(["ada"]))).message == "consumer already exists"
    assert ask(consumer, old=consumer).allowed
    assert ask(kong("KongConsumer", klass="other", username="ada", credentials=["gone"])).allowed


def test_consumer_without_a_username_is_not_answered() -> None:
    answer = ask(kong("KongConsumer", custom_id="7"))
    assert (answer.allowed, answer.failed) == (False, True)
    assert "usernameOrID cannot be nil" in answer.message
    assert ask(kong("KongConsumer", custom_id="7"), old=kong("KongConsumer", custom_id="6")).allowed


def test_refusals_name_their_fields() -> None:
    plugin = kong("KongPlugin", plugin="rate-limiting", config={"minutes": 5})
    judged = Gateway({"plugins": "m"}, blamed=(("config", "minutes"),))
    assert ask(plugin, gateway=judged).path == ("config", "minutes")
    from_secret = kong("KongPlugin", plugin="x", configFrom={"secretKeyRef": {"name": "s", "key": "k"}})
    assert ask(from_secret, gateway=judged).path == ("configFrom",)
    unknown = Gateway({"plugins": "m"}, blamed=(("name",),))
    assert ask(plugin, gateway=unknown).path == ("plugin",)
    assert ask(kong("KongConsumer", username="ada", credentials=["gone"])).path == ("credentials", 0)
    vault = kong("KongVault", version="v1alpha1", spec={"backend": "env", "prefix": "p", "config": {"a": 1}})
    assert ask(vault, gateway=Gateway({"vaults": "m"}, blamed=(("config", "a"),))).path == ("spec", "config", "a")
    assert ask(http_route({"filters": [{"type": "RequestMirror"}]}), *GATEWAYS).path[-2:] == (0, "type")
    assert ask(credential("key-auth", key="")).path == ("data", "key")


def test_consumer_group_needs_enterprise() -> None:
    group = kong("KongConsumerGroup", version="v1beta1")
    assert ask(group).message == "consumer group support requires Kong Enterprise"
    assert ask(group, gateway=Gateway(enterprise=True)).allowed


def test_plugin_is_held_against_the_schema() -> None:
    plugin = kong("KongPlugin", plugin="rate-limiting", config={"minutes": 5})
    answer = ask(plugin, gateway=Gateway({"plugins": "schema violation (config.minutes: unknown field)"}))
    assert answer.message == "plugin failed schema validation: schema violation (config.minutes: unknown field)"
    broken = Translator(unreadable=Unreadable("Secret n/s not found", from_secret=False))
    assert ask(plugin, translator=broken).message == "could not parse plugin configuration: Secret n/s not found"


def test_vault_prefix_is_unique() -> None:
    spec = {"backend": "env", "prefix": "p"}
    one, two = (kong("KongVault", name, "v1alpha1", spec=spec) for name in ("one", "two"))
    assert ask(two, one).message == 'spec.prefix "p" is duplicate with existing KongVault "one"'
    assert ask(one, one).allowed


def test_custom_entity_gets_a_foreign_key_to_be_judged() -> None:
    entity = kong("KongCustomEntity", version="v1alpha1", spec={"type": "degraphql_routes", "fields": {"uri": "/"}})
    gateway = Gateway(fields={"service": {"type": "foreign", "required": True}, "uri": {"type": "string"}})
    assert ask(entity, gateway=gateway).allowed
    assert gateway.asked[0][1].keys() == {"uri", "service"}
    assert ask(entity).message == (
        "failed to get schema of Kong entity type 'degraphql_routes': HTTP status 404 (message: \"No entity named"
        " 'degraphql_routes'\")"
    )


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"filters": [{"type": "RequestMirror"}]}, "rules[0].filters[0]: filter type RequestMirror is unsupported"),
        ({"filters": [{"type": "CORS"}]}, "rules[0].filters[0]: filter type CORS is unsupported"),
        (
            {"backendRefs": [{"name": "s", "kind": "Lamp"}]},
            "rules[0].backendRefs[0]: Lamp is not a supported kind for httproute backendRefs,"
            " only Service is supported",
        ),
        (
            {"matches": [{"queryParams": [{"name": "a", "value": "b"}]}]},
            "rules[0].matches[0]: queryparam matching is supported with expression router only",
        ),
        ({"backendRefs": [{"name": "s", "kind": "Service", "group": ""}]}, None),
    ],
)
def test_http_route_features(rule: dict[str, Any], message: str | None) -> None:
    answer = ask(http_route(rule), *GATEWAYS)
    assert answer.message == (f"HTTPRoute spec did not pass validation: {message}" if message else "")


def test_http_route_of_another_controller_is_not_looked_at() -> None:
    mirror = {"filters": [{"type": "RequestMirror"}]}
    assert ask(http_route(mirror)).allowed
    both = http_route(mirror, parents=("gone", "g"))
    assert not ask(both, *GATEWAYS).allowed
    assert ask(both, *GATEWAYS, version=(3, 4, 13)).allowed
    assert ask(http_route({"filters": [{"type": "CORS"}]}), *GATEWAYS, version=(3, 4, 20)).allowed


def test_http_route_timeouts_are_the_same_in_all_rules() -> None:
    one, two, none = ({"timeouts": {"backendRequest": t}} if t else {} for t in ("1s", "2s", None))
    assert "a different value is set" in ask(http_route(one, two), *GATEWAYS).message
    assert "not set for another" in ask(http_route(one, none), *GATEWAYS).message
    assert ask(http_route(none, one), *GATEWAYS).allowed
    crash = ask(http_route(one, {"timeouts": {"request": "1s"}}), *GATEWAYS)
    assert (crash.failed, crash.path) == (True, ("spec", "rules", 1, "timeouts"))


def test_ingress_is_translated_and_judged() -> None:
    ingress = K8sObject(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "i", "namespace": "n", "annotations": {"konghq.com/protocols": "http,ftp"}},
            "spec": {"ingressClassName": "kong"},
        }
    )
    assert ask(ingress).message == "Ingress has invalid Kong annotations: invalid konghq.com/protocols value: ftp"
    plain = ingress.with_data({**ingress.data, "metadata": {"name": "i", "namespace": "n"}})
    answer = ask(plain, gateway=Gateway({"routes": "bad path"}), translator=Translator(failures=["no facade"]))
    assert answer.message == "Ingress failed schema validation: bad path, no facade"
    assert ask(plain, gateway=Gateway({"routes": "bad path"}), ingress_class="other").allowed


def test_first_release_refused_two_plugins_of_a_type() -> None:
    service = K8sObject(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "s", "namespace": "n", "annotations": {"konghq.com/plugins": "a, b"}},
        }
    )
    plugins = [kong("KongPlugin", name, plugin="cors") for name in ("a", "b")]
    assert ask(service, *plugins, version=(3, 2, 0)).message == (
        "Service has invalid KongPlugin annotation: cannot attach multiple plugins: a, b of the same type cors"
    )
    assert ask(service, *plugins, version=(3, 2, 1)).allowed


def test_warnings_do_not_refuse() -> None:
    answer = ask(kong("KongIngress", upstream={"algorithm": "round-robin"}))
    assert answer.allowed
    assert "'upstream' is DEPRECATED" in answer.warnings[0]
