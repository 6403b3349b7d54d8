from base64 import b64encode

import pytest

from tests.predict.shop import GLOBAL, GUARDED, HEALTHY, LIMIT_PLUGIN, NEW, broken, ingress, outcomes, run, service
from tests.translate.pairs import RSA

BASE = HEALTHY + GUARDED
HEAD = HEALTHY + broken(GUARDED) + NEW


def test_healthy_change() -> None:
    predicted = run(BASE + NEW, BASE, "3.5.13")
    assert outcomes(predicted, "new") == {"*": "configured written new"}
    assert predicted.findings == ()
    assert (predicted.objects, predicted.changed) == (6, 1)


@pytest.mark.parametrize(("version", "status"), [("3.2.4", "empty"), ("3.4.3", "empty"), ("3.4.4", "written")])
def test_status_of_a_healthy_new_ingress_after_a_fallback(version: str, status: str) -> None:
    predicted = run(HEAD, BASE, version)
    assert outcomes(predicted, "new") == {"*": f"configured {status} new"}
    rules = {(f.rule, f.object.name) for f in predicted.findings if f.object}
    assert ("gateway-rejected", "limit") in rules
    assert ("excluded", "bad") in rules
    assert (("status-empty", "new") in rules) == (status == "empty")


def test_an_ingress_that_was_there_keeps_its_status_except_in_a_cold_start() -> None:
    assert outcomes(run(HEAD, BASE, "3.4.3"), "good") == {
        "rollout": "configured written new",
        "controller-restart": "configured stale new",
        "gateway-restart": "configured written new",
        "cold-start": "configured empty new",
    }
    assert outcomes(run(HEAD, BASE, "3.5.13"), "good") == {"*": "configured written new"}


def test_what_depends_on_the_broken_object_is_left_out() -> None:
    predicted = run(HEAD, BASE, "3.5.13")
    assert outcomes(predicted, "bad")["rollout"] == "excluded stale none"
    assert outcomes(predicted, "bad")["cold-start"] == "excluded empty none"
    excluded = next(f for f in predicted.findings if f.rule == "excluded")
    assert [(str(c.object.ref), c.message) for c in excluded.causes] == [
        ("KongPlugin shop/limit", "config.minutes: unknown field")
    ]


def test_without_the_gate_nobody_s_change_arrives() -> None:
    predicted = run(HEAD, BASE, "3.5.13", gate=False)
    assert outcomes(predicted, "new") == {"*": "blocked empty none"}
    assert outcomes(predicted, "good") == {
        "rollout": "blocked stale last-valid",
        "controller-restart": "blocked stale last-valid",
        "gateway-restart": "blocked stale last-valid",
        "cold-start": "blocked empty none",
    }
    blocked = [f for f in predicted.findings if f.rule == "blocked"]
    assert len(blocked) == 1
    assert blocked[0].object
    assert blocked[0].object.name == "limit"
    assert "cold-start: 3 routes not served" in blocked[0].effects


def test_the_last_valid_version_fills_back_until_the_controller_restarts() -> None:
    predicted = run(HEAD, BASE, "3.5.13", last_valid=True)
    found = outcomes(predicted, "bad")
    assert found["rollout"].startswith("backfilled ")
    assert found["rollout"].endswith(" last-valid")
    assert found["controller-restart"].startswith("excluded ")
    assert found["cold-start"] == "excluded empty none"


def test_a_rollback_loses_a_global_guard() -> None:
    predicted = run(HEALTHY + broken(GUARDED) + GLOBAL, BASE + GLOBAL, "3.5.13", gate=False)
    found = outcomes(predicted, "login")
    assert found["rollout"] == "blocked not-applicable last-valid"
    assert found["controller-restart"] == "blocked not-applicable none"
    lost = [f for f in predicted.findings if f.rule == "guard-lost"]
    assert [(f.object.name, f.scenarios) for f in lost if f.object] == [("login", ("controller-restart",))]


def test_what_was_broken_before_is_told_as_existing() -> None:
    base = HEALTHY + broken(GUARDED)
    predicted = run(base + NEW, base, "3.5.13")
    assert {f.rule for f in predicted.findings} == {"gateway-rejected", "excluded"}
    assert all(f.existing for f in predicted.findings)
    assert not any(f.existing for f in run(HEAD, BASE, "3.5.13").findings)


def test_a_change_that_mends_everything_is_plain() -> None:
    predicted = run(BASE, HEALTHY + broken(GUARDED), "3.5.13")
    assert predicted.findings == ()
    assert all(p.plain for p in predicted.predictions)


def test_without_a_base_everything_is_new() -> None:
    predicted = run(HEAD, None, "3.4.3")
    assert outcomes(predicted, "good") == {"*": "configured empty new"}
    assert {p.change for p in predicted.predictions} == {"added"}


def test_the_field_that_was_meant_is_named() -> None:
    refused = next(f for f in run(HEAD, BASE, "3.5.13").findings if f.rule == "gateway-rejected")
    assert refused.message.endswith("config.minutes: unknown field; did you mean config.minute?")
    assert refused.path == ("config", "minutes")


CONSUMER = """
---
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {name: ada, namespace: shop, annotations: {kubernetes.io/ingress.class: kong, konghq.com/plugins: limit}}
custom_id: "7"
"""


def test_an_object_that_crashes_the_controller_is_named() -> None:
    predicted = run(BASE + CONSUMER, BASE, "3.3.1")
    crash = next(f for f in predicted.findings if f.rule == "controller-crash")
    assert str(crash.object.ref if crash.object else "") == "KongConsumer shop/ada"
    assert outcomes(predicted, "good")["cold-start"] == "blocked empty none"
    assert outcomes(predicted, "good")["rollout"] == "blocked stale last-valid"
    assert any(sign.startswith("log: panic") for sign in predicted.signs)


@pytest.mark.parametrize("gate", [True, False])
def test_a_consumer_that_makes_the_gateway_refuse_the_whole_file_is_named_although_kong_does_not(gate: bool) -> None:
    predicted = run(HEALTHY + LIMIT_PLUGIN + CONSUMER, HEALTHY, "3.4.3", gate=gate, schemas=True)
    blocked = next(f for f in predicted.findings if f.rule == "blocked")
    assert str(blocked.object.ref if blocked.object else "") == "KongConsumer shop/ada"
    assert "does not help" in blocked.effects[0]
    refused = next(f for f in predicted.findings if f.rule == "gateway-rejected")
    assert refused.message.startswith("Kong refuses the whole configuration because of KongConsumer shop/ada: invalid")
    # The controller cannot read such an answer: it pushes nothing else, so a gateway that starts empty stays so.
    assert outcomes(predicted, "good") == {
        "rollout": "blocked stale last-valid",
        "controller-restart": "blocked stale last-valid",
        "gateway-restart": "blocked stale none",
        "cold-start": "blocked empty none",
    }
    assert any("Could not fully parse config error" in sign for sign in predicted.signs)


TLS = f"""
---
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: {{name: tls, namespace: shop}}
data: {{tls.crt: {b64encode(RSA[0].encode()).decode()}, tls.key: {b64encode(RSA[1].encode()).decode()}}}
"""
SECURE = TLS + ingress("secure").replace(
    "  rules:", "  tls: [{hosts: [secure.example.com], secretName: tls}]\n  rules:"
)


@pytest.mark.parametrize(("version", "blamed"), [("3.4.12", True), ("3.4.13", False)])
def test_certificates_that_kong_blames_beside_the_error_that_counts(version: str, blamed: bool) -> None:
    predicted = run(HEALTHY + SECURE + broken(GUARDED), HEALTHY, version, schemas=True)
    assert any(f.rule == "certificate-blamed-falsely" for f in predicted.findings) is blamed
    assert outcomes(predicted, "secure") == {"*": "configured written new"}


@pytest.mark.parametrize("version", ["3.4.3", "3.5.13"])  # without and with tags of certificates
def test_a_rollback_takes_the_certificate_from_its_host(version: str) -> None:
    predicted = run(HEALTHY + SECURE + broken(GUARDED), HEALTHY + SECURE + GUARDED, version, gate=False, schemas=True)
    (lost,) = [f for f in predicted.findings if f.rule == "certificate-lost"]
    assert (str(lost.object.ref if lost.object else ""), lost.scenarios) == ("Secret shop/tls", ("controller-restart",))
    assert "secure.example.com" in lost.message
    assert [str(cause.object.ref) for cause in lost.causes] == ["KongPlugin shop/limit"]


def test_both_objects_that_declare_the_same_credential_are_named_without_its_value() -> None:
    consumers = "".join(consumer(name) for name in ("ada", "bob"))
    predicted = run(HEALTHY + consumers, HEALTHY, "3.3.1", schemas=True)
    blocked = next(f for f in predicted.findings if f.rule == "blocked")
    assert {str(cause.object.ref) for cause in blocked.causes} == {"Secret shop/ada-key", "Secret shop/bob-key"}
    assert not any("hunter2hunter2" in cause.message for cause in blocked.causes)


def consumer(name: str) -> str:
    return f"""
---
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {{name: {name}, namespace: shop, annotations: {{kubernetes.io/ingress.class: kong}}}}
username: {name}
credentials: [{name}-key]
---
apiVersion: v1
kind: Secret
metadata: {{name: {name}-key, namespace: shop, labels: {{konghq.com/credential: key-auth}}}}
stringData: {{key: hunter2hunter2}}
"""


def test_what_an_operator_sees_is_told() -> None:
    predicted = run(HEAD, BASE, "3.5.13")
    assert (
        "Event Warning KongConfigurationApplyFailed on KongPlugin shop/limit: invalid config.minutes: unknown field"
        in predicted.signs
    )
    assert "Konnect: ApplyFailed" in predicted.signs
    assert run(BASE + NEW, BASE, "3.5.13").signs == ()


THROUGH_A_SERVICE = (
    service("paid").replace("name: paid,", "name: paid, annotations: {konghq.com/plugins: limit},")
    + LIMIT_PLUGIN
    + ingress("bad", "paid")
)


def test_the_chain_names_what_stands_between_an_object_and_its_cause() -> None:
    predicted = run(HEALTHY + broken(THROUGH_A_SERVICE), HEALTHY + THROUGH_A_SERVICE, "3.5.13")
    excluded = next(f for f in predicted.findings if f.rule == "excluded")
    assert [(str(c.object.ref), c.message) for c in excluded.causes] == [
        ("Service shop/paid", "it needs KongPlugin shop/limit"),
        ("KongPlugin shop/limit", "config.minutes: unknown field"),
    ]


def test_what_the_change_makes_worse_is_counted_object_by_object() -> None:
    assert {ref.name for ref in run(HEAD, BASE, "3.5.13").worse} == {"limit", "bad", "paid"}
    base = HEALTHY + broken(GUARDED)
    assert run(base + NEW, base, "3.5.13").worse == frozenset()
    assert {ref.name for ref in run(base + NEW, base, "3.4.3").worse} == {"new"}
    assert run(BASE, None, "3.5.13").worse == frozenset()


def test_a_failure_is_written_into_the_condition_of_a_consumer() -> None:
    consumer = CONSUMER.replace("limit", "nothing").replace('custom_id: "7"', "username: ada")
    predicted = run(BASE + consumer, BASE, "3.5.13")
    assert outcomes(predicted, "ada")["*"].split()[:2] == ["translation-failed", "written"]


def test_a_lost_guard_names_the_routes_that_are_served_without_it() -> None:
    predicted = run(HEALTHY + broken(GUARDED) + GLOBAL, BASE + GLOBAL, "3.5.13", gate=False)
    lost = next(f for f in predicted.findings if f.rule == "guard-lost")
    assert lost.effects == ("controller-restart: 2 routes served without it: Ingress shop/bad, Ingress shop/good",)


def test_a_guard_that_cannot_be_translated_is_lost() -> None:
    unread = GUARDED.replace("config: {minute: 5}", "configFrom: {secretKeyRef: {name: none, key: config}}")
    lost = [f for f in run(HEALTHY + unread, BASE, "3.5.13").findings if f.rule == "guard-lost"]
    assert [str(f.object.ref) for f in lost if f.object] == ["KongPlugin shop/limit"]
    assert lost[0].effects == ("every scenario: 1 route served without it: Ingress shop/bad",)


def test_a_rollback_takes_a_consumer_out_of_its_groups() -> None:
    group = """
---
apiVersion: configuration.konghq.com/v1beta1
kind: KongConsumerGroup
metadata: {name: gold, namespace: shop, annotations: {kubernetes.io/ingress.class: kong}}
"""
    consumer = CONSUMER.replace(", konghq.com/plugins: limit", "").replace('custom_id: "7"', "username: ada")
    members = group + consumer + "consumerGroups: [gold]\n"
    predicted = run(HEALTHY + broken(GUARDED) + members, BASE + members, "3.5.13", gate=False)
    lost = [(str(f.object.ref), f.scenarios) for f in predicted.findings if f.rule == "consumer-lost" and f.object]
    assert lost == [("KongConsumer shop/ada", ("controller-restart",))]


@pytest.mark.parametrize("gate", [True, False])
def test_a_refused_object_does_not_hide_what_cannot_be_translated(gate: bool) -> None:
    lost = ingress("lost", "gone", "{konghq.com/plugins: limit}")
    predicted = run(HEAD + lost, BASE, "3.5.13", gate=gate)
    assert outcomes(predicted, "lost")["*"].startswith("excluded" if gate else "blocked")
    (failed,) = (f for f in predicted.findings if f.rule == "translation-failed")
    assert failed.object
    assert (failed.object.name, failed.caught_by, len(failed.scenarios)) == ("lost", "translation", 4)
    assert "Service shop/gone not found" in failed.message
