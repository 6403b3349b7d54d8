from __future__ import annotations

import pytest

from gitops_kong.errors import UserError
from gitops_kong.sources.config import Config, parse_config, read_config
from gitops_kong.sources.discover import discover
from gitops_kong.sources.render import render
from gitops_kong.sources.tree import MemoryTree

TEXT = b"""
targets:
- name: prod
  path: overlays/prod
- path: charts/shop
  source: helm
  helm: {valueFiles: [values-prod.yaml], namespace: shop, parameters: {replicas: 2}}
controller:
  version: 3.4.3
  ingressClass: kong
  featureGates: {FallbackConfiguration: yes}
  watchNamespaces: [a, b]
gateway: {version: "3.9", routerFlavor: expressions}
policies: {groups: {upgrade: off}, rules: {plugin-unused: error}}
exclude: ["**/testdata"]
"""


def test_every_section_is_read() -> None:
    config = parse_config(TEXT, ".gitops-kong.yaml")
    assert [(target.name, target.path, target.source) for target in config.targets] == [
        ("prod", "overlays/prod", ""),
        ("charts/shop", "charts/shop", "helm"),
    ]
    assert config.targets[1].options["parameters"] == {"replicas": 2}
    assert config.controller.version == "3.4.3"
    assert config.controller.feature_gates == {"FallbackConfiguration": True}
    assert config.controller.watch_namespaces == ("a", "b")
    assert config.controller.admission_webhook is None
    assert config.controller.router_flavor == "expressions"
    assert config.policies == {"groups": {"upgrade": False}, "rules": {"plugin-unused": "error"}}


def test_a_missing_or_empty_file_changes_nothing() -> None:
    assert read_config(MemoryTree({})) == Config()
    assert parse_config(b"", "f") == Config(file="f")


ERRORS = {
    "controler: {}": "f:1:1: unknown key 'controler'; known are context, controller, controllers, exclude,",
    "controller:\n  version: 3.4\n": "f:2:3: controller.version: 3.4 is not of type 'string'",
    "gateway: {routerFlavor: x}": "f:1:11: gateway.routerFlavor: 'x' is not one of",
    "targets:\n- name: a\n": "f:2:3: targets.0: 'path' is a required property",
    "targets:\n- path: a\n  helm:\n    valueFile: b\n": "f:4:5: unknown key 'valueFile'; known are apiVersions",
    "- a": "f:1:1: ['a'] is not of type 'object'",
    "a: 1\na: 2": "f:2:1: duplicate key 'a'",
    "targets: []\n---\ntargets: []\n": "f: one document is expected, there are 2",
}


@pytest.mark.parametrize("text", ERRORS)
def test_what_is_not_understood_has_a_place(text: str) -> None:
    with pytest.raises(UserError) as error:
        parse_config(text.encode(), "f")
    assert str(error.value).startswith(ERRORS[text])


def test_named_targets_must_exist() -> None:
    with pytest.raises(UserError, match=r"^target x: nowhere: no such file or directory$"):
        discover(MemoryTree({"a.yaml": b""}), parse_config(b"targets: [{name: x, path: nowhere}]", "f"))


def test_a_target_of_several_sources_renders_together() -> None:
    tree = MemoryTree({"a/a.yaml": b"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", "b/b.yaml": b"- ["})
    text = b"targets: [{name: all, sources: [{path: a}, {path: b}]}]"
    (target,) = discover(tree, parse_config(text, "f"))
    assert target.reached_by(["b/b.yaml"])
    assert not target.reached_by(["c/c.yaml"])
    rendered = render(target, tree)
    assert [obj.name for obj in rendered.objects] == ["a"]
