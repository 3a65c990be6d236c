"""Several services of one file under their own traffic at once, sharing what the file lets them share.

Second by second, as the live loop: every service looks, all wish, the arbiter grants, each is settled. The plants
are apart: a database that one service slows does not slow another. The data plane's wake-ups within a second are
left out, since whose would come first says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fleetfoot.core.compile import compile_spec
from fleetfoot.core.engine import settle_all, wish
from fleetfoot.core.model import Decision
from fleetfoot.core.settings import Settings
from fleetfoot.prices import listed_prices
from fleetfoot.sim.fleet import SimFleet
from fleetfoot.sim.live import PUSH, START, Engine, Source, engine
from fleetfoot.sim.plant import Plant
from fleetfoot.sim.record import Record
from fleetfoot.sim.score import JUDGED_FROM, Tally
from fleetfoot.sim.service import plan_of
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.stationary import tasks_for
from fleetfoot.sim.world import Run, World
from fleetfoot.spec import Service, Spec

Rates = NDArray[np.float64]


@dataclass(frozen=True)
class Together:
    """What happened to one of the services. ``decisions``: those that acted or whose reasons were new."""

    run: Run
    decisions: list[Decision]


def simulate_together(
    spec: Spec,
    rates: Mapping[str, Rates],
    *,
    setups: Mapping[str, Setup] | None = None,
    source: Source = PUSH,
    seed: int = 1,
    start: int = START,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, Together]:
    """Every service of ``rates`` (requests/s, one a second, all as long) as ``spec`` has it, with its shared limits.

    ``setups``: other worlds than the file's own. ``progress``: told the seconds done, every minute. Raises ValueError
    for rates of different lengths.
    """
    lengths = {len(one) for one in rates.values()}
    if len(lengths) != 1:
        raise ValueError("the traffic of all services must be as long as one another")
    settings = compile_spec(spec, listed_prices(spec))
    plans = {name: (setups or {}).get(name) or plan_of(spec.services[name]).setup for name in rates}
    worlds = {
        name: _world(
            spec.services[name], settings[name], plans[name], one, replace(source, wakes=False), seed + number, start
        )
        for number, (name, one) in enumerate(sorted(rates.items()))
    }
    told: dict[str, list[Decision]] = {name: [] for name in worlds}
    seconds = lengths.pop()
    for second in range(seconds):
        _step(worlds, 1000 * second, told)
        for world, _ in worlds.values():
            world.advance(second, second + 1)
        if second % 60 == 59:
            progress(second + 1)
    found = {}
    for name, (world, _) in worlds.items():
        world.end(seconds)
        given = np.asarray(rates[name], np.float64)
        found[name] = Together(world.told(given, seed, spec.services[name].task.price or 0.0), told[name])
    return found


Worlds = Mapping[str, tuple[World, Engine]]


def _world(
    service: Service, settings: Settings, setup: Setup, rates: Rates, source: Source, seed: int, start: int
) -> tuple[World, Engine]:
    plant = Plant(rates, setup, seed)
    fleet = SimFleet(plant, setup, seed, tasks_for(float(rates[0]), setup))
    scaler = engine(service, source, settings.service, start, settings)
    judged_from = min(JUDGED_FROM, len(rates) // 2)
    return World(plant, fleet, scaler, Record(plant, len(rates), Tally(setup, judged_from))), scaler


def _step(worlds: Worlds, now: int, told: Mapping[str, list[Decision]]) -> None:
    """One second's two passes over all services."""
    wishes = {}
    for name, (world, scaler) in worlds.items():
        world.fleet.happen(now)
        world.feed.now = now
        seen = scaler.look(now, world.fleet.counts(now), world.feed)
        wishes[name] = wish(scaler.settings, scaler.memory, seen)
    for name, (decision, _) in settle_all(wishes).items():
        world, scaler = worlds[name]
        kept = told[name]
        if decision.desired != decision.current or not kept or _codes(kept[-1]) != _codes(decision):
            kept.append(decision)
        world.order(scaler.acts(decision), now)


def _codes(decision: Decision) -> tuple[str, ...]:
    return (*(str(r.code) for r in decision.reasons), *(str(t.reason.code) for t in decision.trail))
