"""What an operator sees of each outcome."""

from __future__ import annotations

from gitops_kong.controller.events import Event
from gitops_kong.controller.fallback.generate import FallbackCache
from gitops_kong.controller.gateway_state import Answer
from gitops_kong.controller.loop import NO_SNAPSHOT, Push, Record
from gitops_kong.controller.signs import outcomes, signs
from gitops_kong.controller.versions import behaviours
from gitops_kong.manifests.objects import Ref

INGRESS = Ref("networking.k8s.io", "Ingress", "shop", "web")
NEW, OLD = behaviours((3, 5, 13)), behaviours((3, 3, 1))


TAGS = ["k8s-name:web", "k8s-namespace:shop", "k8s-kind:Ingress", "k8s-group:networking.k8s.io"]
ERROR = {"entityType": "route", "errors": [{"type": "field", "field": "paths", "message": "no"}]}
NAMED = Event(INGRESS, "Warning", "KongConfigurationApplyFailed", "invalid paths: no")


def pushes(*answers: int, errors: bool = True, tags: bool = False) -> list[Push]:
    error = {**ERROR, "entityTags": TAGS} if tags else ERROR
    return [
        Push({}, Answer(status, (error,) if status == 400 and errors else ()), fallback=bool(i))
        for i, status in enumerate(answers)
    ]


def test_outcomes_in_their_order() -> None:
    fallback = FallbackCache("exclude", NO_SNAPSHOT, (INGRESS,), ())
    recovered = Record(pushes(400, 201, tags=True), fallbacks=[fallback], events=[NAMED])
    assert list(outcomes(recovered)) == ["rejected", "fallback-accepted"]
    beside = Record(pushes(400, 201), fallbacks=[fallback], events=[NAMED])
    assert list(outcomes(beside)) == ["rejected", "also-rejected-without-object", "fallback-accepted"]
    again = Record(pushes(400, 400, 201, tags=True), fallbacks=[fallback], events=[NAMED])
    assert list(outcomes(again)) == ["rejected", "fallback-rejected", "last-valid-pushed"]
    assert list(outcomes(Record(pushes(400, 201)))) == ["rejected-without-object", "last-valid-pushed"]
    assert list(outcomes(Record(pushes(400, 400)))) == ["rejected-without-object", "last-valid-rejected"]
    assert list(outcomes(Record(pushes(400, errors=False)))) == ["rejected-without-entity"]
    assert list(outcomes(Record(pushes(500)))) == ["gateway-error"]
    assert list(outcomes(Record(), crashed=True)) == ["crash"]
    assert list(outcomes(Record(pushes(201)))) == []


def test_failures_of_both_translations_are_told_apart() -> None:
    first = Event(INGRESS, "Warning", "KongConfigurationTranslationFailed", "no such Service")
    second = first._replace(reason="FallbackKongConfigurationTranslationFailed")
    fallback = FallbackCache("exclude", NO_SNAPSHOT, (INGRESS,), ())
    record = Record(pushes(400, 201, tags=True), fallbacks=[fallback], events=[first, NAMED, second])
    assert list(outcomes(record)) == [
        "translation-failed",
        "rejected",
        "fallback-translation-failed",
        "fallback-accepted",
    ]
    seen = [sign.text for sign in signs(record, NEW) if sign.where == "metric"]
    assert "ingress_controller_translation_broken_resource_count above 0" in seen
    assert "ingress_controller_fallback_translation_broken_resource_count above 0" in seen


def test_a_healthy_run_shows_nothing_and_old_controllers_log_more() -> None:
    assert signs(Record(pushes(201)), NEW) == []
    rejected = Record(pushes(400, tags=True), events=[NAMED])
    assert [sign.text for sign in signs(rejected, OLD) if sign not in signs(rejected, NEW)] == [
        "error: recording a Warning event for object … object failed to apply"
    ]


def test_an_answer_that_names_no_entity_is_not_counted_as_a_failed_push() -> None:
    shown = signs(Record(pushes(400, errors=False)), NEW)
    assert any("Could not fully parse config error" in sign.text for sign in shown)
    assert not any("_count{" in sign.text for sign in shown)


def test_the_log_line_of_an_error_without_tags_depends_on_the_version() -> None:
    for version, line in ((OLD, "Entity tags missing fields"), (NEW, "Kubernetes Event won't be created")):
        logged = [sign.text for sign in signs(Record(pushes(400)), version) if sign.where == "log"]
        assert sum(line in text for text in logged) == 1
        assert len(logged) == 2
