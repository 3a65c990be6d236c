"""The plant: who is refused, who comes again, what slows requests, and whose tasks leave."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from fleetfoot.sim import layout as k
from fleetfoot.sim.heaps import bucket
from fleetfoot.sim.kernel import cold_share
from fleetfoot.sim.plant import Plant
from fleetfoot.sim.setup import Setup
from tests.simulation.plants import HOSTILE, WAVE, Changes, compiled, plain, requests


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
