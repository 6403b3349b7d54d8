"""What a user sees in an object's status over time."""

from __future__ import annotations

from functools import partial

from gitops_kong.controller import object_status
from gitops_kong.controller.versions import behaviours

seen_status = partial(object_status.seen_status, behaviours=behaviours((3, 5, 13)))


def test_an_address_stays() -> None:
    first = seen_status("Ingress", "Unknown", None)
    second = seen_status("Ingress", "Succeeded", first)
    third = seen_status("Ingress", "Unknown", second)
    fourth = seen_status("Ingress", "Failed", third)
    assert [s and s.status for s in (first, second, third, fourth)] == ["empty", "written", "stale", "stale"]


def test_programmed_is_not_taken_back_when_unknown() -> None:
    new = seen_status("KongConsumer", "Unknown", None)
    failed = seen_status("KongConsumer", "Failed", new)
    later = seen_status("KongConsumer", "Unknown", failed)
    assert new is not None
    assert new.text == "Programmed: False, Pending, Object is pending configuration in Kong."
    assert failed is not None
    assert (failed.status, later and later.status) == ("written", "stale")
    assert later is not None
    assert later.text == failed.text


def test_a_facade_says_that_nothing_refers_to_it() -> None:
    seen = seen_status("KongServiceFacade", "Unknown", None)
    assert seen is not None
    assert "Found no references" in seen.text


def test_kinds_without_such_a_status() -> None:
    assert seen_status("Service", "Succeeded", None) is None
    assert seen_status("KongPlugin", "Succeeded", None) is None


def test_programmed_was_taken_back_before_3_2_4() -> None:
    old = partial(object_status.seen_status, behaviours=behaviours((3, 2, 3)))
    later = old("KongConsumer", "Unknown", old("KongConsumer", "Succeeded", None))
    assert later is not None
    assert "Pending" in later.text
