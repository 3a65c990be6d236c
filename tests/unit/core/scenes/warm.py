"""The warm pool."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fleetfoot.core import warm
from fleetfoot.core.model import Decision
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import WarmSettings
from tests.unit.core.build import Service
from tests.unit.core.scenes.table import CALM, CPU, default, scene


def pools(service: Service, *rates: float, seconds: float = 60) -> Iterable[Decision]:
    """Each rate for a minute. The pool stands beside the decision; here its reason takes the decision's place."""
    service.settings = replace(service.settings, warm=service.settings.warm or WarmSettings(0, 20))
    for rate in rates:
        for decision in service.ticks(seconds, requests=rate, **CALM):
            pool = warm.size(service.settings, service.memory, service.see(), decision.desired)
            assert pool is not None
            yield decision._replace(reasons=(pool.reason,))


@scene(Code.WARM_RISE)
def a_surge_that_may_come_again() -> Iterable[Decision]:
    yield from pools(default(startup=5_000), 40.0, 200.0)


@scene(Code.WARM_FADING)
def the_surge_was_hours_ago() -> Iterable[Decision]:
    service = default()
    list(pools(service, 40.0, 200.0))
    service.now += 2_700_000
    yield from pools(service, 200.0)


@scene(Code.WARM_MINIMUM)
def nothing_rises() -> Iterable[Decision]:
    yield from pools(default(warm=WarmSettings(1, 6)), 40.0)


@scene(Code.WARM_MAXIMUM)
def more_than_the_pool_may_hold() -> Iterable[Decision]:
    yield from pools(default(warm=WarmSettings(0, 6)), 40.0, 200.0)


@scene(Code.WARM_NO_ROOM)
def the_maximum_is_near() -> Iterable[Decision]:
    yield from pools(default(maximum=20), 40.0, 200.0)


@scene(Code.WARM_UNKNOWN)
def nobody_knows_what_a_task_carries() -> Iterable[Decision]:
    yield from pools(Service(CPU, throughput=None, warm=WarmSettings(1, 6)), 0.0, seconds=1)
