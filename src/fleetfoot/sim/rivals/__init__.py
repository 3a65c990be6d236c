"""The peers' scalers as published, to run beside ours on the same traffic: docs/rivals.md.

Each is made with the peer's published defaults for everything about time and rate, and with the targets a careful
user would pick for the service at hand: 70 % of what a task carries where the signal shows an overload in full, 60 %
for CPU, which stops at 100 % and so tells little of how much is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fleetfoot.core.policies.step import PERCENT
from fleetfoot.sim.rivals.cpu7030 import Cpu7030
from fleetfoot.sim.rivals.fixed import Fixed, for_peak
from fleetfoot.sim.rivals.hpa_scaler import Average, Cpu, Hpa
from fleetfoot.sim.rivals.keda import Keda
from fleetfoot.sim.rivals.kpa import Decider, Kpa
from fleetfoot.sim.rivals.ray import Config, Ray
from fleetfoot.sim.rivals.step_scaling import Step, StepScaling, Watch
from fleetfoot.sim.rivals.target_tracking import TargetTracking, Track
from fleetfoot.sim.scaler import Scaler
from fleetfoot.sim.setup import Setup

LOAD = 0.7  # of what a task carries, for requests and concurrency
CPU = 0.6


def _out_cooldown(setup: Setup, resolution: int, delay: int) -> int:
    """ms until a growth shows in the metric: start-up, a period, its publication. Shorter grows twice for one surge."""
    return setup.lead + resolution + delay


def _tracking(name: str, track: Track, setup: Setup) -> Scaler:
    return TargetTracking(name, (track,), _out_cooldown(setup, track.resolution, track.delay))


def _step(name: str, setup: Setup) -> Scaler:
    up = Watch(CPU, (Step(0.0, 0.15, 25), Step(0.15, 0.3, 50), Step(0.3, None, 100)), kind=PERCENT)
    down = Watch(0.4, (Step(None, -0.2, -30), Step(-0.2, 0.0, -10)), above=False, kind=PERCENT, datapoints=5)
    return StepScaling(name, "cpu", up, down, cooldown_out=_out_cooldown(setup, 60_000, 60_000))


def fixed_peak(setup: Setup, peak: float) -> Fixed:
    """The fleet that carries ``peak`` requests/s all day. It needs to know the traffic, so ``make`` cannot make it."""
    return Fixed("fixed peak", for_peak(peak, setup.throughput, LOAD))


#: name -> how to make a fresh one for a service.
RIVALS: dict[str, Callable[[str, Setup], Scaler]] = {
    "hpa cpu": lambda name, _: Hpa(name, (Cpu(round(100 * CPU)),)),
    "hpa requests": lambda name, s: Hpa(name, (Average("requests", LOAD * s.throughput),)),
    "kpa concurrency": lambda name, s: Kpa(name, Decider(target=LOAD * s.concurrency, total=s.concurrency)),
    "kpa requests": lambda name, s: Kpa(name, Decider(target=LOAD * s.throughput, total=s.throughput), "requests"),
    "keda requests": lambda name, s: Keda(name, Average("requests", LOAD * s.throughput)),
    "aws target tracking 60 s": lambda name, s: _tracking(name, Track("cpu", CPU), s),
    "aws target tracking 20 s": lambda name, s: _tracking(name, Track("cpu", CPU, 20_000, 30_000), s),
    "aws requests per target 60 s": lambda name, s: _tracking(
        name, Track("requests", 60 * LOAD * s.throughput, per_task=True), s
    ),
    "aws step scaling 60 s": _step,
    "ray serve": lambda name, s: Ray(name, Config(target=LOAD * s.concurrency)),
    "cpu 70/30": lambda name, _: Cpu7030(name),
}


def make(name: str, setup: Setup, **settings: Any) -> Scaler:
    """A fresh rival by its name in ``RIVALS``; ``settings`` replace attributes of it, such as ``cooldown_out``.

    Raises KeyError for an unknown name, TypeError for an unknown setting.
    """
    scaler = RIVALS[name](name, setup)
    return replace(scaler, **settings) if settings else scaler  # type: ignore[type-var]
