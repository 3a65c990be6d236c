"""The compiled queue against the plain one, against queueing theory, and against its own bookkeeping."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fleetfoot.core.over import second_is_over
from fleetfoot.core.queueing import waits
from fleetfoot.sim import layout as k
from fleetfoot.sim.heaps import quantile
from fleetfoot.sim.plant import Plant
from fleetfoot.sim.score import seconds_over
from fleetfoot.sim.setup import Setup
from tests.simulation.plants import GROWN, HOSTILE, WAVE, Changes, compiled, plain
from tests.simulation.reference import Request


def bad_by_second(found: list[Request], setup: Setup) -> tuple[Counter[int], Counter[int]]:
    """(arrivals, bad ones) by the second of arrival."""
    arrived, bad = Counter[int](), Counter[int]()
    for request in found:
        arrived[int(request.arrived)] += 1
        if request.refused or request.took() > setup.objective / 1000.0:
            bad[int(request.arrived)] += 1
    return arrived, bad


@pytest.mark.parametrize(
    ("setup", "changes"),
    [
        pytest.param(Setup(), GROWN, id="tasks come and go"),
        pytest.param(Setup(cs2=0), GROWN, id="work is always the same"),
        pytest.param(Setup(cs2=4), GROWN, id="work varies widely"),
        pytest.param(Setup(queue_limit=20), GROWN, id="a line of twenty"),
        pytest.param(Setup(timeout=1500), [(0, 3), (300.0, 9)], id="most time out"),
        pytest.param(Setup(), [(100.5, 9)], id="nobody serves at first"),
    ],
)
def test_every_second_is_what_an_independent_simulation_of_the_same_requests_says(
    setup: Setup, changes: Changes
) -> None:
    found = plain(WAVE, setup, changes, seed=7)
    rows = compiled(WAVE, setup, changes, seed=7)
    arrived, bad = bad_by_second(found, setup)
    seconds = range(len(WAVE))
    assert [int(n) for n in rows[: len(WAVE), k.REQUESTS]] == [arrived[s] for s in seconds]
    counted = rows[:, k.WAS_LATE] + rows[:, k.WAS_LOST] + rows[:, k.SHED]
    assert [int(n) for n in counted[: len(WAVE)]] == [bad[s] for s in seconds]
    over = [s for s in seconds if second_is_over(arrived[s], bad[s], setup.percentile)]
    assert seconds_over(rows, setup.percentile) == over
    assert 0 < len(over) < 600
    completed = Counter(int(r.end) for r in found if r.end is not None and not r.failed(setup.timeout / 1000.0))
    assert [int(n) for n in rows[:, k.COMPLETED]] == [completed[s] for s in range(len(rows))]


def test_busy_and_queue_are_the_integrals_of_what_an_independent_simulation_shows() -> None:
    setup = Setup()
    found = plain(WAVE, setup, GROWN, seed=3)
    rows = compiled(WAVE, setup, GROWN, seed=3)
    busy, queue = np.zeros(len(rows)), np.zeros(len(rows))
    for r in found:
        leaves = r.arrived + setup.timeout / 1000.0 if r.start is None else r.start
        spread(queue, r.arrived, leaves)
        if r.start is not None and r.end is not None:
            spread(busy, r.start, r.end)
    assert rows[:, k.IN_SERVICE] == pytest.approx(busy, abs=1e-6)
    assert rows[:, k.QUEUE] == pytest.approx(queue, abs=1e-6)


def spread(into: NDArray[np.float64], begin: float, end: float) -> None:
    for second in range(int(begin), min(int(end) + 1, len(into))):
        into[second] += max(0.0, min(end, second + 1) - max(begin, second))


def test_the_p95_of_a_second_is_that_of_its_completions() -> None:
    setup = Setup(timeout=30_000)
    rows = compiled(WAVE, setup, [(0, 12)], seed=5)
    took: dict[int, list[float]] = {}
    for r in plain(WAVE, setup, [(0, 12)], seed=5):
        assert r.end is not None
        took.setdefault(int(r.end), []).append(1000.0 * r.took())
    many = [second for second in range(600) if len(took.get(second, [])) >= 60 and not rows[second, k.OPEN_LATE]]
    assert len(many) > 300
    for second in many:
        exact = np.quantile(took[second], 0.95, method="inverted_cdf")
        near = np.quantile(took[second], [0.93, 0.97])
        assert 0.93 * min(near[0], exact) <= rows[second, k.LATENCY] <= 1.07 * max(near[1], exact)


@pytest.mark.parametrize(("rate", "tasks"), [(28.0, 2), (130.0, 8), (760.0, 40)], ids=["two", "eight", "forty"])
def test_at_a_steady_rate_the_mean_wait_is_erlangs(rate: float, tasks: int) -> None:
    seconds = 8_000
    setup = Setup(timeout=60_000)
    plant = Plant(np.full(seconds, rate), setup, seed=1)
    plant.begin(tasks)
    plant.advance(0, seconds)
    queue = plant.rows[500:seconds, k.QUEUE]
    load = rate * setup.service / 1000.0
    expected = waits(tasks, load) * load / (tasks - load)
    blocks = queue[: len(queue) // 500 * 500].reshape(-1, 500).mean(axis=1)
    error = blocks.std(ddof=1) / np.sqrt(len(blocks))
    assert abs(queue.mean() - expected) < 4 * error
    assert plant.rows[500:seconds, k.IN_SERVICE].mean() == pytest.approx(load, rel=0.02)


@settings(max_examples=40, deadline=None)
@given(
    rates=st.lists(st.floats(0, 300), min_size=5, max_size=40),
    tasks=st.integers(0, 12),
    seed=st.integers(0, 2**31),
    setup=st.sampled_from([Setup(), HOSTILE, Setup(shed=1000.0, queue_limit=50), replace(HOSTILE, timeout=3500.0)]),
    change=st.tuples(st.integers(1, 30), st.integers(-8, 8)),
)
def test_every_request_ends_once_whatever_happens(
    rates: list[float], tasks: int, seed: int, setup: Setup, change: tuple[int, int]
) -> None:
    at, by = change
    setup = replace(setup, retry_delay=100.0)
    changes: Changes = [(0, tasks), (float(at), max(by, -tasks))]
    rows = compiled(np.array(rates + [0.0] * 60), setup, changes, seed)
    arrived, shed = rows[:, k.REQUESTS].sum(), rows[:, k.SHED].sum()
    ended = rows[:, k.COMPLETED].sum() + rows[:, k.FAILED].sum()
    assert arrived == ended + shed
    assert rows[:, k.FAILED].sum() == rows[:, k.WAS_LOST].sum()
    assert (rows[:, k.QUEUE] >= -1e-9).all()
    assert (rows[:, k.IN_SERVICE] >= -1e-9).all()
    assert rows[-1, k.QUEUE_END] == 0
    assert (rows[:, k.WAS_LATE] + rows[:, k.WAS_LOST] + rows[:, k.SHED] <= rows[:, k.REQUESTS]).all()


def test_every_answered_or_timed_out_request_is_among_the_latencies_of_the_run() -> None:
    setup = Setup(timeout=3000)
    plant = Plant(WAVE, setup, seed=8)
    plant.begin(6)
    plant.advance(0, len(WAVE) + plant.tail)
    took = [min(1000.0 * r.took(), 3000.0) for r in plain(WAVE, setup, [(0, 6)], seed=8)]
    assert plant.took.sum() == len(took)
    for share in (0.5, 0.95):
        assert quantile(plant.took, plant.took.sum(), share) == pytest.approx(np.quantile(took, share), rel=0.07)
