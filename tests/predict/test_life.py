from dataclasses import replace

from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.gateway_state import GatewayState
from gitops_kong.controller.settings import controller_options
from gitops_kong.gateway.catalogue import load
from gitops_kong.predict.life import Life, World, step
from gitops_kong.translate.build import translate
from tests.predict.shop import GUARDED, HEALTHY, LIMIT, Gateway, broken, objects


def test_of_two_gateways_the_one_that_starts_empty_gets_what_the_controller_remembers() -> None:
    options = controller_options("3.5.13", feature_gates={"FallbackConfiguration": False})
    world = World(options, Gateway((LIMIT,), load("3.9").schemas_for(options)), translate)
    good, bad = ObjectStore(objects(HEALTHY + GUARDED)), ObjectStore(objects(HEALTHY + broken(GUARDED)))
    before = step(Life(ObjectStore(())), good, world)
    (running,) = before.state.gateways
    two = replace(before, state=replace(before.state, gateways=(running, GatewayState("second"))))
    after = step(two, bad, world)
    assert after.state.gateways[0].running == running.running
    assert after.state.gateways[1].running == running.running
    assert [(p.gateway, p.fallback, p.answer.status) for p in after.record.pushes[:3]] == [
        (0, False, 400),
        (1, False, 400),
        (1, True, 201),
    ]
