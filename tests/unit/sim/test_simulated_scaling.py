"""Application Auto Scaling on the simulated AWS: a template's scale-out grows a service nobody else scales."""

from __future__ import annotations

import pytest

from fleetfoot.provision import stack
from fleetfoot.provision.write import to_json
from fleetfoot.sim.aws.clock import SimClock
from fleetfoot.sim.aws.scaling import attach
from fleetfoot.sim.aws.world import SCALE_IN, SCALE_OUT, Service, World
from fleetfoot.sim.native import Executed, execute
from fleetfoot.sim.setup import Setup
from tests.unit.provision.made import STEPS, plan

IDLE = {"requests": 20.0, "completed": 20.0, "in_flight": 1.0, "queue": 0.0, "cpu": 0.3, "serving": 4.0}
BUSY = IDLE | {"requests": 160.0, "completed": 80.0, "queue": 400.0, "cpu": 1.0}


def template(mode: str, policies: str | None = None) -> Executed:
    return execute("stack", to_json(stack(plan(mode, policies))).encode())


def made(executed: Executed) -> tuple[World, Service]:
    """Four tasks, which start in a second."""
    world = World(SimClock(held=True))
    service = world.service("prod", "orders", 4, Setup(startup=1000, registration=0, drain=1000))
    attach(world, service, executed)
    return world, service


def play(world: World, service: Service, seconds: int, measured: dict[str, float]) -> list[float]:
    """The counts that were set meanwhile."""
    before = len(service.scaled)
    for _ in range(seconds):
        world.measured(service, measured)
        world.clock.advance(1)
        world.settle()
    return [count for _, count in service.scaled[before:]]


def test_the_backstop_of_a_controller_that_is_gone_grows_within_109_s_and_never_shrinks() -> None:
    world, service = made(template("controller"))
    assert play(world, service, 600, IDLE) == []
    onset = world.clock.now()
    play(world, service, 300, BUSY)
    assert 70 <= service.scaled[0][0] - onset <= 109
    assert service.scaled[0][1] == 5  # four at 100 % for a target of 85 %: 4.7
    play(world, service, 120, IDLE)  # what is measured is seen half a minute late
    grown = service.desired
    assert play(world, service, 3000, IDLE) == []
    assert service.desired == grown


def test_alarms_grow_by_their_steps_and_shrink_again() -> None:
    world, service = made(template("alarms", STEPS))
    play(world, service, 600, IDLE)
    assert service.desired == 2  # below 50/s one goes at a time
    assert play(world, service, 60, BUSY)[0] == 4


def test_what_is_suspended_is_left_alone() -> None:
    world, service = made(template("alarms", STEPS))
    world.scalable[service.resource]["SuspendedState"] |= {SCALE_IN: True, SCALE_OUT: True}
    assert play(world, service, 300, IDLE) + play(world, service, 300, BUSY) == []


def test_its_bounds_are_those_of_the_scalable_target() -> None:
    world, service = made(template("alarms", STEPS))
    world.scalable[service.resource]["MinCapacity"] = 7
    assert play(world, service, 5, IDLE) == [7]


def test_what_the_tasks_do_not_measure_is_refused_by_name() -> None:
    slow = "\n      - step: {name: slow, signal: latency, above: 500ms, add: 1}\n"
    with pytest.raises(ValueError, match="the simulated tasks measure no latency: requests"):
        made(template("alarms", slow))
