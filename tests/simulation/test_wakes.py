"""Within a second: when the data plane of the simulation wakes the loop, and what it says then."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from fleetfoot.fleet.balancer.pressure import Pressure
from fleetfoot.fleet.balancer.rates import Rates
from fleetfoot.run.settings import LiveSettings
from fleetfoot.sim import layout as k
from fleetfoot.sim.heaps import BUCKETS, bucket, quantile
from fleetfoot.sim.live import SOURCES, engine
from fleetfoot.sim.measuring import friendly
from fleetfoot.sim.plant import Plant
from fleetfoot.sim.rivals import make
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.world import Run, run
from fleetfoot.spec.loader import loads
from tests.simulation.plants import plain
from tests.simulation.reference import Request

ORDERS = """
services:
  orders:
    run: orders --port $PORT
    objective: {p95: 1s}
    capacity: {min: 2, max: 200}
    policies: [slo]
    task: {throughput: 20/s, startup: 5.2s}
"""
BUSY = np.r_[np.full(20, 50.0), np.full(20, 130.0), np.full(20, 75.0), np.zeros(5)]
A_MOMENT = 1  # ms that whatever is due is late by, where a clock is real


@dataclass
class Reading:
    """Of the ms from ``begin`` to ``end``."""

    begin: int
    end: int
    columns: list[float]


def watched(rates: NDArray[np.float64], setup: Setup, tasks: int, throughput: float = 20.0) -> list[Reading]:
    """Every reading of the data plane, at wakes and at the ends of seconds."""
    plant, found = Plant(rates, setup, seed=4), list[Reading]()
    plant.begin(tasks)
    plant.watch(throughput)
    for second in range(len(rates)):
        looked, left = 1000 * second, -1
        while left:
            left = plant.advance(second, 1)
            end = left or 1000 * second + 1000
            row = plant.part if left or looked % 1000 else plant.rows[second]
            found.append(Reading(looked, end, row.tolist()))
            looked = end
    return found


@pytest.mark.parametrize(
    ("setup", "tasks"),
    [
        pytest.param(Setup(), 5, id="they wait, and catch up"),
        pytest.param(Setup(timeout=1_500), 3, id="most time out"),
        pytest.param(Setup(queue_limit=20), 4, id="a line of twenty"),
        pytest.param(Setup(service=700.0, concurrency=16, cs2=4.0), 5, id="long requests, many at a time"),
    ],
)
def test_a_reading_within_a_second_is_what_an_independent_simulation_counts(setup: Setup, tasks: int) -> None:
    requests = plain(BUSY, setup, [(0, tasks * setup.concurrency)], seed=4)
    readings = watched(BUSY, setup, tasks)
    early = [reading for reading in readings if reading.end % 1000]
    assert len(early) > 20
    for reading in readings:
        span = (reading.end - reading.begin) / 1000.0
        for column, number in counted(requests, reading, setup).items():
            seen = reading.columns[column] * (span if column in PER_SECOND else 1.0)
            assert seen == pytest.approx(number, abs=1e-6), (reading, column)


PER_SECOND = (k.REQUESTS, k.COMPLETED, k.FAILED, k.SHED)


def counted(requests: list[Request], reading: Reading, setup: Setup) -> dict[int, float]:
    """What happened in the span, and how things stand at its end."""
    begin, end, timeout = reading.begin / 1000.0, reading.end / 1000.0, setup.timeout / 1000.0
    objective, took = setup.objective / 1000.0, np.zeros(BUCKETS, np.int64)
    came = [r for r in requests if begin <= r.arrived < end]
    lived = [r for r in requests if not r.refused and r.arrived < end]
    done = [r for r in lived if r.end is not None and begin < r.end <= end and not r.failed(timeout)]
    gone = [r for r in lived if r.failed(timeout) and begin < r.arrived + timeout <= end]
    for r in done:
        took[bucket(1000.0 * r.took())] += 1
    took[bucket(setup.timeout)] += len(gone)
    open_ones = [r for r in lived if r.arrived + min(r.took(), timeout) > end]
    waiting = [r for r in open_ones if r.start is None or r.start > end]
    late = [r for r in open_ones if r.arrived + objective < end]
    oldest = max((end - r.arrived for r in waiting if r.arrived + objective < end), default=0.0)
    took[bucket(500.0 * (setup.objective / 1000.0 + max(oldest, setup.objective / 1000.0 + 1e-6)))] += len(late)
    known = len(done) + len(gone) + len(late)
    return {
        k.REQUESTS: len(came), k.SHED: sum(r.refused for r in came), k.COMPLETED: len(done), k.FAILED: len(gone),
        k.QUEUE_END: len(waiting), k.OPEN_LATE: len(late),
        k.BUSY_END: sum(r.start is not None and r.start <= end < (r.end or 0.0) for r in requests),
        k.LATENCY: quantile(took, known, setup.percentile) if known else 0.0,
    }  # fmt: skip


def test_the_loop_is_woken_when_the_data_planes_own_pressure_says_so() -> None:
    setup, tasks = Setup(), 5
    requests = plain(BUSY, setup, [(0, tasks)], seed=4)
    woken = [reading.end for reading in watched(BUSY, setup, tasks) if reading.end % 1000]
    assert woken == wakes(requests, setup, tasks, len(BUSY))
    assert 20 < len(woken) < 4 * len(BUSY)


def test_where_tasks_take_all_they_are_handed_work_piled_on_them_wakes_it() -> None:
    setup, tasks = Setup(queued=False, service=200.0), 20
    woken = [reading.end for reading in watched(BUSY, setup, tasks, throughput=5.0) if reading.end % 1000]
    assert woken == wakes(plain(BUSY, setup, [(0, tasks)], seed=4), setup, tasks, len(BUSY), throughput=5.0)
    assert 20_000 < woken[0] < 25_000


def test_arrivals_beyond_what_the_tasks_carry_wake_it_before_anything_waits() -> None:
    rates, setup = np.r_[np.full(10, 40.0), np.full(3, 400.0)], Setup(service=5.0)
    woken = [reading.end for reading in watched(rates, setup, tasks=4) if reading.end % 1000]
    assert woken == wakes(plain(rates, setup, [(0, 4)], seed=4), setup, 4, len(rates))
    assert 10_200 <= woken[0] <= 10_400
    assert watched(rates, setup, 4, throughput=0.0)[-1].end == 13_000  # nobody knows what a task carries
    assert not [r for r in watched(rates, setup, 4, throughput=0.0) if r.end % 1000]


def wakes(requests: list[Request], setup: Setup, tasks: int, seconds: int, throughput: float = 20.0) -> list[int]:
    """The ms at which the live parts would have the loop step early."""
    told: list[str] = []
    pressure, rates, live = Pressure(told.append), Rates(0.0), LiveSettings()
    pressure.hint = throughput
    waits = [(r.arrived, min(r.arrived + setup.timeout / 1000.0, r.start or np.inf)) for r in requests if not r.refused]
    found, stepped, due, said, later = list[int](), 0, 0, -1000, 0
    arrivals = sorted(r.arrived for r in requests)
    for now in range(50, 1000 * seconds, 50):
        rates.arrivals = bisect_right(arrivals, now / 1000.0) - bisect_right(arrivals, (now - 50) / 1000.0)
        rates.turn(now, tasks)
        told.clear()
        outstanding = sum(r.arrived <= now / 1000.0 < (r.end or np.inf) for r in requests)
        pressure.check(now, stood(waits, now) if setup.queued else 0.0, outstanding, tasks, setup.queued, rates)
        if told and not later:
            later = max(said + 200, now)
        if now == later:
            said, later = now, 0
            soonest, tick = max(stepped + live.early, now), -(-now // 1000) * 1000
            if not due and soonest + A_MOMENT <= tick - live.early:
                due = soonest
        if now == due:
            found.append(now)
        if now == due or now % 1000 == 0:
            stepped, due = now, 0
    return found


def stood(waits: list[tuple[float, float]], now: int) -> float:
    """How many ms somebody has been waiting at ``now`` without a pause."""
    t = begin = now / 1000.0
    for arrived, until in reversed(waits):
        if arrived < begin <= until and until > arrived:
            begin = arrived
        if arrived < begin - 12.0:
            break
    return 1000.0 * (t - begin)


def surge(source: str = "plane") -> Run:
    rates = np.r_[np.full(120, 28.0), np.full(60, 140.0)]
    service = loads(ORDERS).services["orders"]
    setup = replace(friendly(), startup=5_200, registration=0)
    return run(rates, setup, engine(service, SOURCES[source]), seed=2, initial=2, judged_from=0)


def test_a_surge_is_answered_within_its_first_second_and_the_tasks_serve_that_much_sooner() -> None:
    woken, ticked = surge(), surge("push")
    first, second = (next(order for order in found.orders if order.at > 120_000) for found in (woken, ticked))
    assert first.at in range(120_200, 121_000, 50)
    assert second.at == 121_000
    assert first.at + 5_200 in [change.at for change in woken.changes]
    assert woken.score.share_bad < ticked.score.share_bad


def test_what_is_due_within_the_second_of_a_wake_happens_at_its_own_time() -> None:
    found = surge()
    at = [change.at for change in found.changes]
    assert at == sorted(at)
    assert sum(order.at % 1000 > 0 for order in found.orders) > 1
    for one, two in pairwise(found.changes):
        assert two.serving - one.serving <= one.starting


@pytest.mark.parametrize("source", [name for name in SOURCES if name != "plane"])
def test_metrics_that_are_asked_for_wake_nobody(source: str) -> None:
    assert {order.at % 1000 for order in surge(source).orders} == {0}


def test_what_still_waits_when_traffic_ends_is_judged_although_it_would_wake_the_loop() -> None:
    service = loads(ORDERS).services["orders"]
    setup = replace(friendly(), maximum=2, startup=5_200, registration=0)
    found = run(np.full(90, 140.0), setup, engine(service, SOURCES["plane"]), seed=2, initial=2, judged_from=0)
    bad = found.rows[:, k.WAS_LATE] + found.rows[:, k.WAS_LOST]
    assert (bad[-20:] > 0.8 * found.rows[-20:, k.REQUESTS]).all()


def test_the_same_seed_wakes_at_the_same_moments_and_no_rival_is_woken() -> None:
    one, two = surge(), surge()
    assert one.rows.tobytes() == two.rows.tobytes()
    assert [order.at for order in one.orders] == [order.at for order in two.orders]
    rival = run(np.full(90, 140.0), friendly(), make("kpa concurrency", friendly()), initial=2, judged_from=0)
    assert {order.at % 1000 for order in rival.orders} == {0}
