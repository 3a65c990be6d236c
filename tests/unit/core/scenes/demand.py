"""How much is asked for: the policies default and slo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from fleetfoot.core.model import Decision, State
from fleetfoot.core.policies import Default, Slo
from fleetfoot.core.reasons import Code
from tests.unit.core.build import Service
from tests.unit.core.scenes.table import CALM, CPU, LATE, default, scene


@scene(Code.DEMAND)
def a_surge() -> Iterable[Decision]:
    service = default()
    yield service.tick(requests=400.0, **{**CALM, "queue": 200.0})
    shrinks = Service(Default(), tasks=20)
    yield from shrinks.ticks(90, requests=40.0, **CALM)


def slo(tasks: int = 4, **changes: Any) -> Service:
    """A calm minute and a half has passed under the policy that forecasts."""
    service = Service(Slo(), tasks=tasks, startup=30_000, **changes)
    service.run(90, requests=40.0, **CALM)
    return service


@scene(Code.FORECAST)
def a_rise_that_goes_on() -> Iterable[Decision]:
    service = slo()
    for second in range(60):
        yield service.tick(requests=40.0 + second, **CALM)


@scene(Code.RETURNS)
def a_surge_that_comes_every_ten_minutes() -> Iterable[Decision]:
    service = slo()
    for _ in range(4):
        yield from service.ticks(300, requests=200.0, **CALM)
        yield from service.ticks(300, requests=40.0, **CALM)


@scene(Code.AHEAD_ENOUGH)
def a_calm_minute_ahead() -> Iterable[Decision]:
    yield slo(3).tick(requests=40.0, **CALM)


@scene(Code.QUEUE)
def a_queue_that_lasts() -> Iterable[Decision]:
    yield from default().ticks(12, requests=40.0, **LATE)


@scene(Code.FROM_ZERO)
def a_request_at_zero() -> Iterable[Decision]:
    yield Service(Default(), tasks=0).tick(requests=1.0, queue=1.0)


@scene(Code.SATURATED)
def only_a_lower_bound() -> Iterable[Decision]:
    yield default().tick(requests={"value": 300.0, "state": State.CENSORED}, **CALM)


@scene(Code.ENOUGH)
def a_calm_minute() -> Iterable[Decision]:
    yield default().tick(requests=40.0, **CALM)
    yield Service(replace(CPU, scale_in=False)).tick(cpu=0.1)


@scene(Code.STARTING)
def ordered_tasks_start() -> Iterable[Decision]:
    service = default(startup=30_000)
    service.tick(requests=400.0, **CALM)
    yield from service.ticks(5, requests=400.0, **CALM)
    hot = Service(CPU, startup=30_000)
    yield from hot.ticks(3, cpu=1.0)


@scene(Code.TOO_FEW_SAMPLES)
def a_young_signal() -> Iterable[Decision]:
    yield from Service(Default(), tasks=20).ticks(10, requests=40.0, **CALM)
    yield Service(replace(CPU, window=10_000)).tick(cpu=0.9)
