"""What a rule sees, and what it costs."""

from itertools import count

import pytest

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.errors import UserError
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.policies.engine import BUDGET, judge, judge_early
from gitops_kong.policies.model import path_of
from gitops_kong.predict.model import Outcome, Prediction
from tests.policies.helpers import evidence, rule

INGRESS = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, namespace: shop}\nspec: {}\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\nstringData: {key: hunter2}\n"


def messages(policy, given, **more):  # type: ignore[no-untyped-def]
    return [f.message for f in judge([policy], "t", given, **more)]


def test_predictions_are_seen_by_scenario() -> None:
    given = evidence(INGRESS)
    obj = next(iter(given.store))
    outcome = Outcome("blocked", "stale", "last-valid")
    policy = rule(expression="predictions['cold-start'].traffic == 'last-valid' && size(predictions) == 4")
    assert messages(policy, evidence(INGRESS, predictions=(Prediction("*", obj, "added", outcome),)))
    one = rule(expression="size(predictions) == 1 && predictions.rollout.configuration == 'blocked'")
    assert messages(one, evidence(INGRESS, predictions=(Prediction("rollout", obj, "added", outcome),)))


def test_change_and_namespace_are_seen() -> None:
    ref = next(iter(evidence(INGRESS).store)).ref
    namespace = K8sObject({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"a": "b"}}})
    given = evidence(INGRESS, changes={ref: "unchanged"}, namespaces={"shop": namespace})
    policy = rule(expression="change == 'unchanged' && namespaceObject.metadata.labels.a == 'b'")
    (found,) = judge([policy], "t", given)
    assert found.existing
    assert messages(rule(changes="[modified]"), given) == []
    assert messages(rule(changes="[added]"), evidence(INGRESS)) == ["Ingress shop/a: told"]
    assert messages(rule(changes="[added]"), evidence(INGRESS, compared=False)) == []
    assert messages(rule(expression="namespaceObject.known"), evidence(INGRESS)) == []


def test_values_of_secrets_are_not_seen() -> None:
    policy = rule(kinds="[Secret]", message='"string(has(object.stringData)) + string(has(object.data))"')
    assert messages(policy, evidence(SECRET)) == ["Secret shop/s: falsefalse"]


def test_rules_for_what_is_left_out() -> None:
    given = evidence(INGRESS)
    obj = next(iter(given.store))
    left = evidence(INGRESS, left_out={obj.ref: "another class"})
    object.__setattr__(left, "store", ObjectStore(()))
    policy = rule(looksAt="left-out", message="relations.leftOut")
    assert messages(policy, left) == ["Ingress shop/a: another class"]
    assert messages(policy, given) == []


def test_a_rule_that_takes_too_long_is_stopped_and_told() -> None:
    clock = count(0, BUDGET + 1)
    many = "---\n".join(INGRESS.replace("name: a", f"name: a{i}") for i in range(4))
    found = list(judge([rule()], "t", evidence(many), clock=lambda: float(next(clock))))
    assert [(f.severity, f.object is None) for f in found] == [("warning", False), ("info", True)]


def test_what_finds_nothing_is_found_early_by_stage() -> None:
    names = ("a", "b", "c")
    given = evidence("---\n".join(INGRESS.replace("name: a", f"name: {name}") for name in names))
    a, b, c = given.store
    of_object = rule(id="of-object", expression="object.metadata.name == 'b'", message='"b"')
    of_routes = rule(id="of-routes", expression="size(relations.duplicates) == 0", message='"alone"')
    of_predictions = rule(id="of-predictions", expression="size(predictions) == 0", message='"unpredicted"')
    rules = [of_object, of_routes, of_predictions]
    objects = judge_early(rules, "objects", "t", given)
    configuration = judge_early(rules, "configuration", "t", given)
    assert [objects(obj) for obj in (a, b, c)] == [True, False, True]
    assert not any(map(configuration, (a, b, c)))
    everything = list(judge(rules, "t", given))
    assert len(everything) == 7
    assert list(judge(rules, "t", given, nothing_in={"objects": {a, c}, "configuration": set()})) == everything
    early = judge(rules, "t", given, nothing_in={"objects": {a, c}, "configuration": {a, b}})
    assert [f.rule for f in early if f.rule != "of-predictions"] == ["of-object", "of-routes"]


def test_a_rule_that_ran_out_of_time_finds_nothing_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops_kong.policies.engine.BUDGET", 0.0)
    given = evidence("---\n".join(INGRESS.replace("name: a", f"name: {name}") for name in ("a", "b")))
    finds_nothing = judge_early([rule(expression="'false'")], "objects", "t", given)
    assert not any(map(finds_nothing, given.store))


def test_an_endless_expression_ends() -> None:
    deep = "(object.spec.l).all(a, object.spec.l.all(b, object.spec.l.all(c, object.spec.l.all(d, true))))"
    text = INGRESS.replace("spec: {}", f"spec: {{l: [{', '.join(map(str, range(200)))}]}}")
    (found,) = judge([rule(expression=deep)], "t", evidence(text))
    assert found.severity == "info"
    assert "could not be evaluated" in found.message


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"requires": "[relations.nothing]"}, "relations.nothing is not known"),
        ({"expression": "relations.nothing"}, "relations.nothing is not known"),
        ({"requires": "[spec.tls]"}, "object.FIELD"),
        ({"changes": "[removed]"}, "changes: 'removed' is not one of"),
        ({"looksAt": "elsewhere"}, "looksAt"),
        ({"kinds": "Ingress"}, "kinds: a list of texts"),
        ({"severity": "fatal"}, "severity"),
        ({"surprise": "1"}, "unknown field 'surprise'"),
    ],
)
def test_a_rule_that_is_written_wrongly_is_told(fields: dict[str, str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        rule(**fields)


def test_paths() -> None:
    assert path_of('metadata.annotations["konghq.com/plugins"]') == ("metadata", "annotations", "konghq.com/plugins")
    assert path_of("spec.rules[0].host") == ("spec", "rules", 0, "host")
