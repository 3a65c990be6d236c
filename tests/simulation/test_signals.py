"""The simulated engine is shown what the live one would be: the signals of ``sim/live.py`` and of the data plane."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fleetfoot.core.compile import compile_service
from fleetfoot.core.model import Signal
from fleetfoot.edge.sources.plane import PlaneFeed, PlaneSource
from fleetfoot.sim import layout as k
from fleetfoot.sim.feed import Measured
from fleetfoot.sim.heaps import BUCKETS, bucket, quantile
from fleetfoot.sim.live import START, Engine
from fleetfoot.sim.plant import Plant
from fleetfoot.sim.scaler import Counts
from fleetfoot.sim.setup import Setup
from fleetfoot.spec.loader import loads
from fleetfoot_agent.histogram import SIZE, Histogram, bucket_ns
from tests.planes import FakePlane

POLICIES = """
services:
  orders:
    run: orders --port $PORT
    objective: {p95: 1s}
    capacity: {min: 2, max: 200}
    policies: [{target: {signal: cpu, value: 60%}}]
    task: {throughput: 20/s, startup: 40s}
"""
COUNTS = Counts(0, 4, 4, 0, 0, 2, 200)
OFFSET = next(i for i in range(32, SIZE) if bucket_ns(i)[0] == 16_777_216) - bucket(16.8)


@dataclass
class Both:
    """The same simulated seconds, read by the engine of the simulation and told to a data plane that is read live."""

    plant: Plant

    def __post_init__(self) -> None:
        self.engine = Engine(compile_service(loads(POLICIES).services["orders"]))
        self.feed = Measured(self.plant, [])
        self.plane = FakePlane("orders")
        self.plane.mono = 0.0
        feed = PlaneFeed(self.plane, lambda: START + int(self.plane.mono or 0), share=-1)
        self.source = PlaneSource(feed, "orders", 0.95, 1000, at_mono=lambda mono: START + int(mono))
        self.took = np.zeros(BUCKETS, np.int64)
        self.engine.decide(0, COUNTS, self.feed)
        asyncio.run(self.source.read(START))

    def second(self, number: int) -> Iterator[tuple[dict[str, Signal], dict[str, Signal]]]:
        """(simulated, live) at every reading of one more second."""
        looked, left = 1000 * number, -1
        while left:
            left = self.plant.advance(number, 1)
            self.feed.now = now = left or 1000 * number + 1000
            self.feed.span, looked = now - looked, now
            self.engine.decide(now, COUNTS, self.feed)
            row = self.plant.rows[number] if self.feed.span == 1000 else self.plant.part
            took = self.plant.took + self.plant._shown[0] if left else self.plant.took
            if not left:
                self._tell_tasks(self.plant.rows[number])
            self._tell(row, took.copy(), now)
            self.plane.mono = float(now)
            yield self.engine._signals, dict(asyncio.run(self.source.read(START + now)).signals)

    def _tell(self, row: NDArray[np.float64], took: NDArray[np.int64], now: int) -> None:
        raw = self.plane.raw["orders"]
        counted = {"offered": k.REQUESTS, "completed": k.COMPLETED, "shed": k.SHED, "timed_out": k.FAILED}
        for name, column in counted.items():
            raw[name] += round(row[column] * self.feed.span / 1000.0)
        busy, waiting = int(row[k.BUSY_END]), int(row[k.QUEUE_END])
        raw["in_flight"], raw["queue"] = (busy, waiting) if self.feed.queued else (busy + waiting, 0)
        latency = self.plane.latency["orders"]
        for i in np.flatnonzero(took - self.took):
            latency.counts[i + OFFSET] += int(took[i] - self.took[i])
        self.took = took
        n, line = self.plant.n, self.plant._line
        raw["open_over"] = int(row[k.OPEN_LATE])
        oldest = line[n[k.HEAD] & (len(line) - 1), 0] if n[k.TAIL] > n[k.HEAD] else now / 1000.0
        raw["oldest_ms"] = now - 1000.0 * float(oldest)

    def _tell_tasks(self, row: NDArray[np.float64]) -> None:
        busy = float(row[k.IN_SERVICE] / row[k.SERVERS]) if row[k.SERVERS] else 0.0
        self.plane.raw["orders"]["tasks"] = [_task(i, busy) for i in range(int(row[k.SERVERS]))]


def _task(number: int, cpu: float) -> dict[str, Any]:
    return {"id": str(number), "state": "serving", "age_ms": 1, "ready_ms": 1, "cpu": cpu}


@pytest.mark.parametrize(
    ("setup", "tasks"),
    [
        pytest.param(Setup(), 5, id="calm, then more than they carry, then nothing"),
        pytest.param(Setup(timeout=2_000), 3, id="requests time out"),
        pytest.param(Setup(shed=1000.0, queue_limit=40), 3, id="requests are refused"),
        pytest.param(Setup(), 0, id="nobody serves"),
        pytest.param(Setup(queued=False), 5, id="tasks take all they are handed"),
    ],
)
def test_a_policy_sees_in_the_simulation_what_it_would_see_live(setup: Setup, tasks: int) -> None:
    rates = np.r_[np.full(20, 50.0), np.full(20, 130.0), np.zeros(20)]
    both = Both(Plant(rates, replace(setup, service=52.0), seed=1))
    both.plant.begin(tasks)
    states, readings = set(), 0
    for number, (simulated, live) in ((n, pair) for n in range(len(rates)) for pair in both.second(n)):
        readings += 1
        assert set(simulated) == set(live) - {"bad"}  # told for people; no policy reads it
        for name, signal in simulated.items():
            same = live[name]
            assert signal._replace(value=0.0) == same._replace(value=0.0), (number, name)
            assert signal.value == pytest.approx(same.value, rel=1e-9), (number, name)
            states.add((name, signal.state))
    assert len(states) > len(simulated)
    assert readings > len(rates)


def test_a_latency_falls_in_the_same_bucket_as_in_the_agents_histogram() -> None:
    one = Histogram()
    counts = np.zeros(BUCKETS, np.int64)
    for ms in (0.4, 3.0, 17.7, 50.0, 51.0, 52.0, 1000.0, 1001.0, 9_999.0, 61_000.0):
        one.record_ms(ms)
        counts[bucket(ms)] += 1
        for share in (0.5, 0.9, 0.95):
            assert quantile(counts, counts.sum(), share) == pytest.approx(one.quantile_ms(share))
