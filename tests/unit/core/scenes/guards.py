"""What holds a number back, and a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from fleetfoot.core.model import Decision, Operator, Start
from fleetfoot.core.policies import Default
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import TASKS, GuardSettings, Rate
from tests.unit.core.build import OPEN, Service
from tests.unit.core.scenes.table import CALM, CPU, LATE, default, scene


def overruled() -> Service:
    """Ten tasks, of which somebody else made twenty."""
    service = Service(CPU, tasks=10, guards=replace(OPEN, conflict="hold"))
    service.run(5, cpu=0.5)
    service.set(20)
    return service


@scene(Code.CONFLICT)
def somebody_else_writes_the_count() -> Iterable[Decision]:
    yield from overruled().ticks(2, cpu=0.5)


@scene(Code.CONFLICT_HOLD)
def what_another_wanted_is_kept() -> Iterable[Decision]:
    yield from overruled().ticks(5, cpu=0.2)


@scene(Code.OPERATOR_SCALE)
def a_person_sets_a_count() -> Iterable[Decision]:
    service = Service(CPU)
    service.operator = Operator(fixed=12, who="ann")
    yield service.tick(cpu=0.5)


@scene(Code.OPERATOR_PAUSE)
def a_person_pauses() -> Iterable[Decision]:
    for cpu, pause in ((0.9, Operator(hold_growth=True, who="ann")), (0.1, Operator(hold_shrink=True, who="ann"))):
        service = Service(CPU)
        service.operator = pause
        yield service.tick(cpu=cpu)


def failing(times: int) -> Iterable[Decision]:
    service = Service(CPU, guards=GuardSettings())
    service.follows = False
    for number in range(times):
        failed = Start(number, "", 0, False, "exited with code 1")
        yield service.tick(cpu=0.5, fleet={"starts": (failed,)})
    yield from service.ticks(3, cpu=0.9)


@scene(Code.LAUNCHES_SLOWED)
def three_starts_fail() -> Iterable[Decision]:
    return failing(3)


@scene(Code.LAUNCHES_FAILING)
def six_starts_fail() -> Iterable[Decision]:
    return failing(6)


@scene(Code.CAPACITY_DOES_NOT_HELP)
def a_dependency_is_slow() -> Iterable[Decision]:
    service = default(guards=replace(OPEN, pay=True))
    yield from service.ticks(200, requests=40.0, **LATE)


def outage(seconds: int, **rules: Any) -> Iterable[Decision]:
    """A fifth of the crowd is left, and a third of what comes fails."""
    service = Service(Default(), tasks=12, guards=replace(OPEN, incident=True, **rules))
    service.run(200, requests=160.0, **CALM)
    yield from service.ticks(seconds, requests=32.0, **{**CALM, "errors": 0.3})


@scene(Code.INCIDENT_HOLD)
def the_crowd_cannot_reach_us() -> Iterable[Decision]:
    return outage(120)


@scene(Code.INCIDENT_RELEASE)
def the_hold_runs_out() -> Iterable[Decision]:
    return outage(200, incident_hold=60_000)


@scene(Code.WINDOWS_FILLING)
def just_begun() -> Iterable[Decision]:
    yield Service(CPU, seeing=60_000).tick(cpu=0.1)


@scene(Code.DEPLOYING)
def a_rollout() -> Iterable[Decision]:
    yield Service(CPU).tick(cpu=0.1, fleet={"deploying": True, "revision": "3f2a91c0"})


@scene(Code.RECENT_SURGE)
def a_surge_just_now() -> Iterable[Decision]:
    service = default()
    service.settings = replace(service.settings, startup=30_000)
    service.tick(requests=400.0, **CALM)
    service.settings = replace(service.settings, policies=(CPU,))
    yield from service.ticks(3, cpu=0.1, requests=400.0)


@scene(Code.WOULD_FLAP)
def the_rest_could_not_carry_it() -> Iterable[Decision]:
    yield from Service(CPU, tasks=10).ticks(5, cpu=0.1, requests=150.0)


@scene(Code.UNPROVEN)
def a_throughput_that_nobody_has_seen() -> Iterable[Decision]:
    service = Service(CPU, tasks=20)
    service.run(20, cpu=0.5, requests=40.0, **CALM)
    yield from service.ticks(5, cpu=0.05, requests=40.0, **CALM)


@scene(Code.STABILISING)
def a_dip() -> Iterable[Decision]:
    service = Service(CPU, tasks=10, guards=replace(OPEN, stabilise_in=120_000, stabilise_out=30_000))
    service.run(5, cpu=0.5)
    yield from service.ticks(5, cpu=0.1)
    yield from service.ticks(5, cpu=0.9)


@scene(Code.COOLDOWN)
def an_order_just_now() -> Iterable[Decision]:
    service = Service(CPU, tasks=10, guards=replace(OPEN, cooldown_in=60_000, cooldown_out=60_000))
    service.tick(cpu=0.75)
    yield from service.ticks(3, cpu=0.1)
    service = Service(CPU, tasks=10, guards=replace(OPEN, cooldown_out=60_000))
    service.tick(cpu=0.75)
    yield from service.ticks(3, cpu=0.6)


@scene(Code.COOLDOWN_ADAPTED)
def an_order_just_now_and_a_cooldown_that_adapts() -> Iterable[Decision]:
    rules = replace(OPEN, cooldown_in=900_000, cooldown_out=300_000, cooldown_adapt=True)
    service = Service(CPU, tasks=10, guards=rules)
    service.tick(cpu=0.75)
    yield from service.ticks(3, cpu=0.95, latency=100.0)
    yield from service.ticks(3, cpu=0.1)


@scene(Code.RATE_OF_CHANGE)
def too_much_at_once() -> Iterable[Decision]:
    slowly = replace(OPEN, rate_out=(Rate(2, TASKS, 60_000),), rate_in=(Rate(2, TASKS, 60_000),))
    yield Service(CPU, tasks=10, guards=slowly).tick(cpu=0.9)
    yield Service(CPU, tasks=10, guards=slowly).tick(cpu=0.1)


@scene(Code.LAST_GOOD)
def what_was_ordered_never_starts() -> Iterable[Decision]:
    brake = replace(OPEN, launches_slow_after=2, launches_stop_after=3)
    service = Service(CPU, tasks=4, guards=brake, startup=600_000)
    service.run(2, cpu=0.5)
    service.tick(cpu=1.0)
    for number in range(4):
        failed = (Start(number, "", 0, False, "exited with code 1"),)
        yield service.tick(cpu=1.0, fleet={"starts": failed})


@scene(Code.BELOW_MINIMUM)
def too_few_run() -> Iterable[Decision]:
    yield Service(CPU, tasks=1, minimum=3).tick(cpu=0.5)


@scene(Code.ABOVE_MAXIMUM)
def more_than_allowed() -> Iterable[Decision]:
    yield Service(CPU, tasks=10, maximum=12).tick(cpu=0.9)
    yield Service(CPU, tasks=20, maximum=12).tick(cpu=0.5)


@scene(Code.NEEDED_NOW)
def the_maximum_was_lowered() -> Iterable[Decision]:
    yield from Service(CPU, tasks=20, maximum=6).ticks(6, cpu=0.5, requests=300.0)
