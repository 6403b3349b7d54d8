"""The fleet file: what it says of clusters, and what is said of a wrong one."""

import pytest

from gitops_kong.errors import UserError
from gitops_kong.fleet.file import filled, read_fleet
from gitops_kong.fleet.model import Assignment

FLEET = """
repositories: {apps: {path: ../apps, base: main}, platform: {path: platform}}
groups:
- controller: {version: 3.4.3, featureGates: {FallbackConfiguration: true}}
  gateway: {version: "3.8"}
  kubernetesVersion: "1.30"
  context: ["snapshots/{{name}}"]
  targets: [{repository: platform}]
- clusters: {labels: {env: prod}, names: [eu-*]}
  controller: {version: 3.5.13}
  targets: [{repository: apps, names: ["overlays/{{labels.env}}"], revision: v1}]
clusters:
- {name: eu-1, labels: {env: prod}, gateway: {version: "3.9"}, context: [extra.yaml]}
- {name: us-1, labels: {env: prod}}
- {name: eu-2, labels: {env: test}, controllers: [{ingressClass: a}, {ingressClass: b, version: 3.3.1}]}
"""


def test_groups_lie_on_clusters_and_their_own_words_on_top() -> None:
    eu1, us1, eu2 = read_fleet(FLEET.encode(), "fleet.yaml").clusters
    assert (eu1.controller.version, eu1.controller.gateway_version) == ("3.5.13", "3.9")
    assert eu1.controller.feature_gates == {"FallbackConfiguration": True}
    assert eu1.context == ("snapshots/{{name}}", "extra.yaml")
    assert eu1.assignments == (
        Assignment("platform"),
        Assignment("apps", ("overlays/{{labels.env}}",), revision="v1"),
    )
    assert (us1.controller.version, us1.controller.gateway_version, len(us1.assignments)) == ("3.4.3", "3.8", 1)
    assert [(c.ingress_class, c.version) for c in eu2.controllers] == [("a", "3.4.3"), ("b", "3.3.1")]
    assert eu2.kubernetes_version == "1.30"


def test_placeholders_are_names_and_labels_of_the_cluster() -> None:
    eu1 = read_fleet(FLEET.encode(), "fleet.yaml").clusters[0]
    assert filled("a/{{name}}/{{ labels.env }}/*", eu1) == "a/eu-1/prod/*"
    with pytest.raises(UserError, match="no label 'region'"):
        filled("{{labels.region}}", eu1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("clusters: [{name: a}]", "fleet.yaml:1:1: 'repositories' is a required property"),
        (FLEET + "- {name: eu-1}\n", "fleet.yaml:16:4: another cluster is named 'eu-1'"),
        (FLEET + "- {name: x, targets: [{repository: ap}]}\n", "fleet.yaml:16:24: no repository 'ap'; there are apps"),
        (FLEET + "- {name: x, controller: {verson: 1}}\n", "fleet.yaml:16:26: unknown key 'verson'; known are"),
        (FLEET + "- {name: x, kubernetesVersion: new}\n", "fleet.yaml:16:13: clusters.3.kubernetesVersion: 'new'"),
        (FLEET + "- {name: x, labels: {a: 1}}\n", "fleet.yaml:16:22: clusters.3.labels.a: 1 is not of type 'string'"),
        (FLEET.replace("groups", "group"), "fleet.yaml:3:1: unknown key 'group'"),
        ("a: [", "fleet.yaml:"),
        ("[]", "is not of type 'object'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(UserError) as e:
        read_fleet(text.encode(), "fleet.yaml")
    assert told in str(e.value)
