"""What of Secrets goes to workers."""

import base64
import json

from gitops_kong.apiserver.core.secret import check_secret
from gitops_kong.fleet.content import Part, unpacked
from gitops_kong.fleet.masking import masked, names_in, readable
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.yaml import read_objects
from gitops_kong.sources.base import Rendered

KEY = b"k" * 32
MANIFESTS = """
apiVersion: v1
kind: Secret
metadata: {name: database, namespace: shop}
stringData: {password: correct-horse}
data: {token: YmF0dGVyeS1zdGFwbGU=}
---
apiVersion: v1
kind: Secret
metadata: {name: limit, namespace: shop}
stringData: {config: '{minute: 5}'}
---
apiVersion: v1
kind: Secret
metadata: {name: ada, namespace: shop, labels: {konghq.com/credential: key-auth}}
stringData: {key: ada-has-this-key}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: limit, namespace: shop}
plugin: rate-limiting
configFrom: {secretKeyRef: {name: limit, key: config}}
"""


def _sent(text: str, key: bytes | None = KEY) -> bytes:
    part = Part(Rendered(read_objects(text.encode(), "a.yaml")))
    return part.packed(part.named, (), key).data


def test_values_that_the_controller_cannot_read_are_not_sent() -> None:
    sent = _sent(MANIFESTS).decode()
    assert "correct-horse" not in sent
    assert "YmF0dGVyeS1zdGFwbGU=" not in sent
    assert "{minute: 5}" in sent  # the plugin's configuration
    assert "ada-has-this-key" in sent  # a credential that the gateway checks
    assert "correct-horse" in _sent(MANIFESTS, None).decode()


def test_a_changed_value_is_another_content_and_an_equal_one_is_not() -> None:
    assert _sent(MANIFESTS) == _sent(MANIFESTS)
    assert _sent(MANIFESTS) != _sent(MANIFESTS.replace("correct-horse", "other-horse"))
    assert _sent(MANIFESTS) != _sent(MANIFESTS, b"other" * 6)


def test_a_masked_secret_is_as_valid_as_before() -> None:
    docker = base64.b64encode(b'{"auths": {"r": {"auth": "hidden"}}}').decode()
    for kind, key in (("kubernetes.io/dockerconfigjson", ".dockerconfigjson"), ("Opaque", "x")):
        secret = K8sObject(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": kind, "data": {key: docker}}
        )
        changed = masked(secret, KEY)
        assert not list(check_secret(changed))
        assert docker not in json.dumps(changed)
    broken = K8sObject({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"x": "no base64!"}})
    assert masked(broken, KEY) == broken.data  # the API server must still refuse it


def test_what_kubectl_last_applied_is_not_sent_either() -> None:
    note = {"kubectl.kubernetes.io/last-applied-configuration": '{"stringData": {"a": "correct-horse"}}', "other": "1"}
    metadata = {"name": "s", "annotations": note}
    secret = K8sObject({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"a": "b"}})
    assert masked(secret, KEY)["metadata"]["annotations"] == {"other": "1"}


def test_a_name_anywhere_in_another_object_makes_a_secret_readable() -> None:
    secret = K8sObject(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "the-ca", "labels": {"team/x": "y"}}}
    )
    for text in ("the-ca", "a, the-ca", "shop/the-ca", "a\nthe-ca\n", "{vault://env/the-ca}", "ß the-ca"):
        assert readable(secret, names_in(json.dumps({"value": text})))
    assert not readable(secret, names_in(json.dumps({"value": "the-cat on-the-ca.x"})))
    assert readable(secret, frozenset(), ("team/x",))


def test_what_is_sent_comes_back_with_its_number() -> None:
    objects = read_objects(MANIFESTS.encode(), "a.yaml")
    found = unpacked(Part(Rendered(objects)).packed(frozenset(), (), None).data, "head")
    assert [o.data for o in found.objects] == [o.data for o in objects]
    assert [(o.origin.file, o.origin.document) for o in found.objects if o.origin] == [("head", i) for i in range(4)]
