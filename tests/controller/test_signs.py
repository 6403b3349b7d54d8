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


def pushes(*answers: int) -> list[Push]:
    return [Push({}, Answer(status), fallback=bool(i)) for i, status in enumerate(answers)]


def test_outcomes_in_their_order() -> None:
    named = Event(INGRESS, "Warning", "KongConfigurationApplyFailed", "invalid paths: no")
    fallback = FallbackCache("exclude", NO_SNAPSHOT, (INGRESS,), ())
    recovered = Record(pushes(400, 201), fallbacks=[fallback], events=[named])
    assert list(outcomes(recovered)) == ["rejected", "fallback-accepted"]
    again = Record(pushes(400, 400, 201), fallbacks=[fallback], events=[named])
    assert list(outcomes(again)) == ["rejected", "fallback-rejected", "last-valid-pushed"]
    assert list(outcomes(Record(pushes(400, 201)))) == ["rejected-without-object", "last-valid-pushed"]
    assert list(outcomes(Record(pushes(500)))) == ["gateway-error"]
    assert list(outcomes(Record(), crashed=True)) == ["crash"]
    assert list(outcomes(Record(pushes(201)))) == []


def test_a_healthy_run_shows_nothing_and_old_controllers_log_more() -> None:
    assert signs(Record(pushes(201)), NEW) == []
    rejected = Record(pushes(400), events=[Event(INGRESS, "Warning", "KongConfigurationApplyFailed", "x")])
    assert set(signs(rejected, OLD)) - set(signs(rejected, NEW)) == {
        ("log", "recording a Warning event for object … object failed to apply")
    }
