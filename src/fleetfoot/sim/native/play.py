"""A service under traffic with its template in charge, judged as any other run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fleetfoot.core.settings import Settings
from fleetfoot.sim.live import PUSH, START, Engine, engine
from fleetfoot.sim.native.read import Executed
from fleetfoot.sim.native.scaling import Backstopped, Native
from fleetfoot.sim.score import JUDGED_FROM
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.simulate import Simulated, judged
from fleetfoot.sim.world import Rates, run
from fleetfoot.spec import Service


def with_bounds(setup: Setup, executed: Executed) -> Setup:
    """``setup`` in which the template's bounds are all there are."""
    every = [executed.bounds, *(bounds for _, bounds in executed.make(0).week)]
    return replace(
        setup, minimum=max(1, min(bounds.least for bounds in every)), maximum=max(bounds.most for bounds in every)
    )


def in_charge(
    executed: Executed, service: Service, start: int = START, settings: Settings | None = None
) -> tuple[Native | Backstopped, Engine | None]:
    """The template's scaling; in mode controller below the engine, which tasks push to each second."""
    native = executed.make(start)
    if executed.mode != "controller":
        return native, None
    ours = engine(service, PUSH, start=start, settings=settings)
    return Backstopped(ours, native), ours


def played(
    executed: Executed,
    service: Service,
    rates: Rates,
    setup: Setup,
    *,
    seed: int = 1,
    start: int = START,
    settings: Settings | None = None,
    progress: Callable[[int], None] | None = None,
) -> Simulated:
    """``sim.simulate.simulate`` with the template in charge. Decisions in words are there in mode controller only."""
    scaler, ours = in_charge(executed, service, start, settings)
    judged_from, bounded = min(JUDGED_FROM, len(rates) // 2), with_bounds(setup, executed)
    price = service.task.price or 0.0
    done = run(rates, bounded, scaler, seed, judged_from=judged_from, task_hour=price, progress=progress)
    return judged(done, ours.acted if ours is not None else [], judged_from, start)
