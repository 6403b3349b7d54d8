import base64

from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.secrets import Scrubber


def secret(**data: str) -> K8sObject:
    encoded = {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}
    return K8sObject({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": encoded})


def test_values_lines_and_scalars_are_replaced() -> None:
    scrub = Scrubber(
        [secret(key="hunter2", config="redis:\n  password: swordfish\n  port: 16379\n", pem="-----A\nB64LINE\n")]
    )
    assert scrub("bad hunter2!") == "bad ***!"
    assert scrub("invalid value: swordfish at 16379") == "invalid value: *** at ***"
    assert scrub("line B64LINE") == "line ***"


def test_short_values_and_other_kinds_are_left() -> None:
    other = K8sObject(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "s"}, "data": {"a": "public-value"}}
    )
    assert Scrubber([secret(a="on"), other])("on public-value") == "on public-value"


def test_string_data_and_what_does_not_decode() -> None:
    data = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "stringData": {"a": "topsecret"},
        "data": {"b": "%%"},
    }
    assert Scrubber([K8sObject(data)])("topsecret") == "***"


def test_names_of_objects_stay_readable() -> None:
    alice = K8sObject({**secret(username="alice", key="alice-key").data, "metadata": {"name": "alice-key-secret"}})
    consumer = K8sObject(
        {"apiVersion": "configuration.konghq.com/v1", "kind": "KongConsumer", "metadata": {"name": "alice"}}
    ).with_data({"kind": "KongConsumer", "apiVersion": "v1", "metadata": {"name": "alice", "namespace": "shop"}})
    scrub = Scrubber([alice, consumer])
    assert scrub('credential "alice-key-secret" is broken.') == 'credential "alice-key-secret" is broken.'
    assert scrub("KongConsumer shop/alice: key alice") == "KongConsumer shop/alice: key ***"
    assert scrub("key alice-key, xalice-key-secret") == "key ***, x***-secret"
    assert scrub("alice" * 200_000) == "***" * 200_000


def test_what_other_manifests_say_in_the_open_is_not_masked_for_standing_in_a_document_of_a_secret() -> None:
    dump = "kind: Service\nmetadata: {name: checkout, namespace: shop}\npassword: swordfish\n"
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "checkout", "namespace": "shop"}}
    scrub = Scrubber([secret(dump=dump), K8sObject(service)])
    assert scrub("Service shop/checkout: swordfish") == "Service shop/checkout: ***"
    assert Scrubber([secret(password="checkout"), K8sObject(service)])("got checkout") == "got ***"
