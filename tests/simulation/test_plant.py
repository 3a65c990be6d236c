"""The compiled queue against the plain one, against queueing theory, and against its own bookkeeping."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fleetfoot.core.over import second_is_over
from fleetfoot.core.queueing import waits
from fleetfoot.sim import draws
from fleetfoot.sim import layout as k
from fleetfoot.sim.heaps import bucket, quantile
from fleetfoot.sim.kernel import cold_share
from fleetfoot.sim.plant import Plant
from fleetfoot.sim.score import seconds_over
from fleetfoot.sim.setup import Setup
from tests.simulation.reference import Queue, Request

Changes = list[tuple[float, int]]


def requests(rates: NDArray[np.float64], setup: Setup, seed: int) -> list[tuple[float, float]]:
    """(arrival s, work s) of all new requests, as the plant draws them."""
    kind = draws.FIXED if setup.cs2 == 0 else draws.EXPONENTIAL if setup.cs2 == 1 else draws.LOGNORMAL
    sigma = float(np.sqrt(np.log(1 + setup.cs2)))
    found: list[tuple[float, float]] = []
    for second, rate in enumerate(rates):
        found += [
            (float(at), float(work))
            for at, work in draws.requests(seed, second, float(rate), kind, setup.service / 1000.0, sigma)
        ]
    return found


def compiled(rates: NDArray[np.float64], setup: Setup, changes: Changes, seed: int) -> NDArray[np.float64]:
    """The plant's rows; ``changes`` at second 0 begin, additions at any time, removals at whole seconds."""
    plant = Plant(rates, setup, seed)
    plant.begin(sum(n for at, n in changes if at == 0))
    for second in range(len(rates) + plant.tail):
        for at, tasks in changes:
            if tasks < 0 and at == second and at > 0:
                plant.remove(-tasks)
            elif tasks > 0 and second <= at < second + 1 and at > 0:
                plant.add(tasks, 1000 * at)
        plant.advance(second, 1)
    return plant.rows[: len(rates) + plant.tail]


def plain(rates: NDArray[np.float64], setup: Setup, changes: Changes, seed: int) -> list[Request]:
    queue = Queue(changes, setup.timeout / 1000.0, setup.queue_limit)
    return queue.run(requests(rates, setup, seed))


def bad_by_second(found: list[Request], setup: Setup) -> tuple[Counter[int], Counter[int]]:
    """(arrivals, bad ones) by the second of arrival."""
    arrived, bad = Counter[int](), Counter[int]()
    for request in found:
        arrived[int(request.arrived)] += 1
        if request.refused or request.took() > setup.objective / 1000.0:
            bad[int(request.arrived)] += 1
    return arrived, bad


WAVE = 120.0 + 90.0 * np.sin(np.arange(600) / 60.0)
GROWN: Changes = [(0, 7), (40.0, 4), (95.25, 3), (200.0, -9), (300.5, 8), (301.0, 2), (450.0, -3)]


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
    for second in range(600):
        if len(took.get(second, [])) >= 60 and not rows[second, k.OPEN_LATE]:
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


HOSTILE = Setup(cs2=4.0, retries=3, retry_share=0.6, patience=3000.0, knee=9, cold=20_000, shed=None, queue_limit=400)


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


def test_a_request_is_refused_where_the_line_is_full_and_where_the_wait_would_be_too_long() -> None:
    rates = np.full(120, 100.0)
    full = compiled(rates, Setup(queue_limit=10), [(0, 2)], seed=1)
    assert full[:, k.QUEUE_END].max() == 10
    shed = compiled(rates, Setup(shed=1000.0), [(0, 2)], seed=1)
    open_end = compiled(rates, Setup(), [(0, 2)], seed=1)
    assert shed[:, k.SHED].sum() > 0
    assert shed[:, k.WAS_LATE].sum() + shed[:, k.WAS_LOST].sum() < 0.05 * shed[:, k.REQUESTS].sum()
    assert open_end[:, k.WAS_LOST].sum() > 0.5 * shed[:, k.SHED].sum()


def test_clients_that_come_again_add_to_the_load_and_no_more_often_than_allowed() -> None:
    rates = np.r_[np.full(60, 100.0), np.zeros(60)]
    once = compiled(rates, Setup(), [(0, 2)], seed=4)
    again = compiled(rates, Setup(retries=2, retry_share=1.0, patience=2000.0), [(0, 2)], seed=4)
    fresh = once[:, k.REQUESTS].sum()
    assert 1.5 * fresh < again[:, k.REQUESTS].sum() <= 3 * fresh
    plenty = compiled(rates, Setup(retries=2, retry_share=1.0, patience=2000.0), [(0, 40)], seed=4)
    assert plenty[:, k.REQUESTS].sum() == fresh


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"knee": 4.0, "knee_slope": 1.0}, id="a database past its knee"),
        pytest.param({"cold": 60_000, "cold_factor": 3.0}, id="cold tasks"),
    ],
)
def test_what_slows_requests_keeps_servers_busier(changed: dict[str, Any]) -> None:
    rates, changes = np.full(90, 100.0), [(0.0, 2), (1.0, 10)]
    usual = compiled(rates, Setup(), changes, seed=2)[10:60, k.IN_SERVICE].mean()
    assert compiled(rates, Setup(**changed), changes, seed=2)[10:60, k.IN_SERVICE].mean() > 1.15 * usual


def test_the_same_requests_meet_every_fleet() -> None:
    few, many = (compiled(WAVE, Setup(), [(0, n)], seed=9)[:, k.REQUESTS] for n in (3, 30))
    assert (few == many).all()
    other = compiled(WAVE, Setup(), [(0, 3)], seed=10)[:, k.REQUESTS]
    assert (few != other).any()


def test_requests_whose_times_are_known_come_at_these_times() -> None:
    times = np.array([at for at, _ in requests(WAVE, Setup(), seed=6)])
    drawn, given_ones = Plant(WAVE, Setup(), 6), Plant(np.zeros(600), Setup(), 6, times)
    for plant in (drawn, given_ones):
        plant.begin(6)
        plant.advance(0, 600)
    assert drawn.rows[:600].tobytes() == given_ones.rows[:600].tobytes()
    for wrong in (times[::-1], [-1.0, 2.0]):
        with pytest.raises(ValueError, match="arrivals must rise"):
            Plant(WAVE, Setup(), 6, np.array(wrong))


def test_a_second_at_a_time_or_all_at_once_is_the_same_to_the_byte() -> None:
    one, all_at_once = Plant(WAVE, HOSTILE, 6), Plant(WAVE, HOSTILE, 6)
    for plant in (one, all_at_once):
        plant.begin(6)
    for second in range(600):
        one.advance(second, 1)
    all_at_once.advance(0, 600)
    assert one.rows.tobytes() == all_at_once.rows.tobytes()


def test_servers_that_leave_while_they_work_find_room_beside_those_that_come_for_them() -> None:
    setup = Setup(service=20_000, cs2=0, objective=30_000, timeout=60_000, maximum=50, minimum=1)
    rates = np.full(40, 100.0)
    flaps: Changes = [(0, 50)] + [(float(s), -49 if s % 2 else 49) for s in range(1, 40)]
    rows = compiled(rates, setup, flaps, seed=2)
    assert rows[:, k.BUSY_END].max() > 400
    done = Counter(int(r.end) for r in plain(rates, setup, flaps, seed=2) if r.end is not None and not r.failed(60.0))
    assert [int(n) for n in rows[:, k.COMPLETED]] == [done[s] for s in range(len(rows))]


def test_tasks_removed_in_the_very_millisecond_they_are_ready_take_no_request() -> None:
    plant = Plant(np.full(20, 30.0), Setup(), seed=1)
    plant.begin(3)
    plant.advance(0, 10)
    plant.add(4, 10_000)
    plant.remove(5)
    assert plant.n[k.LEAVING] <= plant.n[k.BUSY]
    plant.advance(10, 10)
    assert plant.rows[10, k.SERVERS] == 2
    assert plant.rows[11:20, k.BUSY_END].max() <= 2
    with pytest.raises(ValueError, match="fewer serve"):
        plant.remove(3)


def test_a_task_is_cold_from_the_moment_it_joins() -> None:
    setup = Setup(cs2=0, cold=20_000, cold_factor=3.0)
    plant = Plant(np.full(2, 40.0), setup, seed=3)
    plant.add(9, 500)
    plant.advance(0, 2)
    later = sum(at >= 0.5 for at, _ in requests(np.full(1, 40.0), setup, seed=3))
    assert 10 < later <= plant.took[bucket(145.0) :].sum()


def test_cold_tasks_are_among_the_removed_in_proportion() -> None:
    plant = Plant(np.full(9, 1.0), Setup(cold=20_000), seed=1)
    plant.begin(4)
    plant.add(12, 100)
    plant.advance(0, 5)
    before = cold_share(plant.n, plant.x, plant._adds, 5.0)
    plant.remove(12)
    assert 0 < before < 1
    assert cold_share(plant.n, plant.x, plant._adds, 5.0) == pytest.approx(before)


def test_every_client_that_means_to_ask_again_is_remembered_however_long_it_takes() -> None:
    setup = Setup(retries=2, retry_delay=600_000, timeout=3_500)
    plant = Plant(np.full(60, 300.0), setup, seed=1)
    plant.advance(0, 60 + plant.tail)
    assert plant.n[k.RETRIED] > 15_000
    assert plant.n[k.RETRIES] + plant.n[k.CAME_BACK] == plant.n[k.RETRIED]
    plant.check()


def test_a_line_is_as_long_as_its_limit_or_as_the_time_out_makes_it() -> None:
    rates = np.full(30, 400.0)
    rows = compiled(rates, Setup(queue_limit=10_000_000), [], seed=1)
    assert rows[:, k.SHED].sum() == 0
    assert rows[:, k.QUEUE_END].max() > 3_800


def test_a_run_without_room_for_everybody_says_so() -> None:
    plant = Plant(np.full(5, 10.0), Setup(), seed=1)
    plant.check()
    plant.n[k.FULL] = 7
    with pytest.raises(OverflowError, match="7 requests found no room"):
        plant.check()


def test_every_answered_or_timed_out_request_is_among_the_latencies_of_the_run() -> None:
    setup = Setup(timeout=3000)
    plant = Plant(WAVE, setup, seed=8)
    plant.begin(6)
    plant.advance(0, len(WAVE) + plant.tail)
    took = [min(1000.0 * r.took(), 3000.0) for r in plain(WAVE, setup, [(0, 6)], seed=8)]
    assert plant.took.sum() == len(took)
    for share in (0.5, 0.95):
        assert quantile(plant.took, plant.took.sum(), share) == pytest.approx(np.quantile(took, share), rel=0.07)
