"""A service of fleetfoot.yaml as a simulated one: what its file says, and what had to be assumed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fleetfoot.core.compile import DEFAULT_STARTUP
from fleetfoot.sim.live import MEMORY
from fleetfoot.sim.measuring import FRIENDLY, hostile
from fleetfoot.sim.setup import Setup
from fleetfoot.spec import Service
from fleetfoot.spec.signals import UNITS


@dataclass(frozen=True, slots=True)
class Plan:
    """``setup``: the service in the simulated world. ``assumed``: a sentence for each value its file does not give."""

    setup: Setup
    assumed: tuple[str, ...]


def plan_of(service: Service, shed: bool | None = None) -> Plan:
    """The plant of ``service``. ``shed`` True or False replaces what its balancer says.

    A task is ready ``task.startup`` after its order, registration included. A request fails when it has waited for
    ``balancer.queue timeout``; the balancer has a queue, and a bounded one, only where ``task.concurrency`` makes
    requests wait in it.
    """
    task, balancer, objective = service.task, service.balancer, service.objective
    assumed = []
    concurrency = task.concurrency or 1
    throughput = task.throughput
    if throughput is None:
        throughput = FRIENDLY.throughput
        assumed.append(f"task.throughput is not given: {throughput:g}/s is assumed")
    startup = task.startup
    if startup is None:
        startup = DEFAULT_STARTUP
        assumed.append(f"task.startup is not given: {startup / 1000:g} s is assumed")
    assumed += _signals(service)
    sheds = balancer.shed == "objective" if shed is None else shed
    work = 1000.0 * concurrency / throughput
    if work >= objective.latency:
        assumed.append(f"a request works {work:.0f} ms in the mean, which is no less than the objective allows")
    setup = Setup(
        service=work,
        objective=float(objective.latency),
        percentile=objective.percentile,
        timeout=max(float(balancer.queue_timeout), objective.latency + 1000.0),
        concurrency=concurrency,
        queued=task.concurrency is not None,
        queue_limit=balancer.queue if task.concurrency else None,
        shed=float(objective.latency) if sheds else None,
        minimum=max(1, service.capacity.min),
        maximum=service.most,
        startup=startup,
        registration=0,
        drain=task.drain,
    )
    return Plan(setup, tuple(assumed))


def _signals(service: Service) -> list[str]:
    read = dict.fromkeys(signal for policy in service.policies for _, signal in policy.signals())
    words = [f"memory is not simulated: {MEMORY:.0%} of what a task may use is assumed"] if "memory" in read else []
    held = {signal for policy in service.policies if policy.kind != "composite" for _, signal in policy.signals()}
    made = set(UNITS)
    for name, signal in service.signals.items():
        if signal.formula is not None and made.issuperset(signal.formula.reads):
            made.add(name)
    for name in read:
        if name in made:
            continue
        if name in held:
            words.append(f"{name} is not simulated: what reads it sees nothing, and nothing is let go")
        else:
            words.append(f"{name} is not simulated: the score is made without it")
    return words


def against(setup: Setup, rates: NDArray[np.float64]) -> Setup:
    """``setup`` in the hostile world of ``measuring.hostile``: the same bad day for a service of any size."""
    bad = hostile(rates)
    busy = float(rates.max()) * setup.service / 1000.0
    return replace(
        setup, cs2=bad.cs2, retries=bad.retries, retry_share=bad.retry_share, knee=max(busy, 2.0),
        patience=None if bad.patience is None else min(max(bad.patience, 3 * setup.objective), setup.timeout),
        knee_slope=bad.knee_slope, cold=bad.cold, startup_spread=bad.startup_spread, failed_starts=bad.failed_starts,
    )  # fmt: skip
