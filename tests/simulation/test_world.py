"""What the simulated world promises: its clock, its bill, its tasks and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetfoot.sim import layout as k
from fleetfoot.sim.live import engine
from fleetfoot.sim.measuring import friendly, hostile, prepared
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.world import run
from fleetfoot.traffic.shapes import Flash
from tests.simulation.scripts import SERVICE, STEADY, Script, scripted


def test_a_task_serves_exactly_its_start_up_and_registration_after_its_order() -> None:
    scaler, found = scripted({100_000: 7})
    serving = [(counts.at, counts.serving) for counts in scaler.seen]
    assert max(at for at, n in serving if n == 4) == 139_000
    assert min(at for at, n in serving if n == 7) == 140_000
    assert {counts.desired for counts in scaler.seen if counts.at > 100_000} == {7}
    assert found.rows[139, k.SERVERS] == 4
    assert found.rows[140, k.SERVERS] == 7


def test_tasks_are_billed_from_their_order_to_the_end_of_their_drain() -> None:
    scaler, found = scripted({100_000: 7, 200_000: 4})
    assert [counts.draining for counts in scaler.seen][199:232] == [0, 0, *[3] * 29, 0, 0]
    expected = (400 * 4 + 3 * (100 + 30)) / 3600
    assert found.score.task_hours == pytest.approx(expected)
    assert found.score.money == pytest.approx(2.0 * expected)


def test_tasks_not_yet_ready_are_stopped_first_and_cost_nothing_more() -> None:
    _, found = scripted({100_000: 7, 110_000: 9, 120_000: 6, 130_000: 3})
    assert found.score.task_hours == pytest.approx((400 * 4 + 2 * 10 + 20 + 2 * 30 - 270 + 30) / 3600)
    assert found.tasks(lambda change: change.serving)[395] == 3
    assert found.tasks(lambda change: change.starting).max() == 5


def test_orders_stay_within_the_bounds() -> None:
    _, found = scripted({50_000: 1_000, 250_000: 0}, Setup(minimum=2, maximum=9))
    assert [(order.before, order.after) for order in found.orders] == [(4, 9), (9, 2)]


def test_failed_starts_are_tried_again_and_told_to_the_engine() -> None:
    flaky = replace(Setup(), failed_starts=0.5, startup=5_000, registration=0)
    scaler, found = scripted({10_000: 60}, flaky)
    assert scaler.seen[-1].serving == 60
    assert {counts.desired for counts in scaler.seen[11:]} == {60}
    ready = [change.at for change in found.changes if change.serving > 4]
    assert min(ready) == 15_000
    assert max(ready) >= 25_000
    mind = engine(SERVICE)
    run(np.full(300, 250.0), flaky, mind, initial=2)
    learnt = next(iter(mind.memory.learnt.values()))
    assert learnt.startup_p95 is not None


def test_a_zone_that_is_lost_takes_its_share_of_the_tasks_and_they_are_replaced() -> None:
    scaler, found = scripted({}, replace(Setup(), losses=((100_000, 1 / 3),)), initial=9)
    serving = [counts.serving for counts in scaler.seen]
    assert serving[99:102] == [9, 6, 6]
    assert serving[139:141] == [6, 9]
    assert {counts.desired for counts in scaler.seen} == {9}
    assert found.rows[100, k.SERVERS] == 6
    assert found.score.task_hours == pytest.approx(9 * 400 / 3600)


def test_tasks_crash_as_often_as_their_life_says() -> None:
    life = 500.0
    found = run(np.full(7200, 5.0), replace(Setup(), life=life), Script({}), initial=30)
    crashes = sum(max(0, before.serving - after.serving) for before, after in pairwise(found.changes))
    served = found.tasks(lambda change: change.serving).sum()
    assert crashes == pytest.approx(served / life, rel=0.15)


@settings(max_examples=15, deadline=None)
@given(
    orders=st.dictionaries(st.integers(1, 99), st.integers(1, 30), max_size=60),
    startup=st.sampled_from([0, 500, 3_000]),
    spread=st.sampled_from([0.0, 0.3]),
    life=st.sampled_from([None, 20.0]),
    cold=st.sampled_from([0, 5_000]),
    work=st.sampled_from([50.0, 900.0]),
    seed=st.integers(0, 99),
)
def test_as_many_servers_take_requests_as_tasks_serve_whatever_is_ordered(
    orders: dict[int, int], startup: int, spread: float, life: float | None, cold: int, work: float, seed: int
) -> None:
    setup = Setup(
        service=work, minimum=1, maximum=30, startup=startup, registration=0, drain=2_000, startup_spread=spread,
        failed_starts=spread, life=life, cold=cold, concurrency=2, losses=((40_000, 0.5), (40_000, 0.5), (70_500, 1.0)),
    )  # fmt: skip
    script = Script({1000 * second: count for second, count in orders.items()})
    found = run(np.full(100, 150.0), setup, script, seed, initial=12, judged_from=0)
    assert (found.rows[:, k.SERVERS] == 2 * found.tasks(lambda change: change.serving)).all()


def test_start_ups_can_be_spread() -> None:
    _, found = scripted({10_000: 100}, replace(Setup(), startup_spread=0.3))
    ready = np.diff([change.at for change in found.changes if change.serving > 4])
    assert len(ready) > 90


@pytest.mark.parametrize("make", [friendly, lambda: hostile(STEADY)], ids=["friendly", "hostile"])
def test_two_runs_are_the_same_to_the_byte(make: Callable[[], Setup]) -> None:
    rates = prepared(Flash(base=100, peak=300, at=300, rise=10, half=100, seconds=900))[:900]
    first, second = (run(rates, make(), engine(SERVICE), seed=5) for _ in range(2))
    assert first.rows.tobytes() == second.rows.tobytes()
    assert first.changes == second.changes
    assert json.dumps(first.score.to_json()) == json.dumps(second.score.to_json())
    assert run(rates, make(), engine(SERVICE), seed=6).rows.tobytes() != first.rows.tobytes()


def test_every_scaler_meets_the_same_requests() -> None:
    one, other = scripted({})[1], scripted({50_000: 30})[1]
    assert (one.arrivals == other.arrivals).all()


WRONG: list[dict[str, Any]] = [
    {"service": 0.0}, {"service": float("nan")}, {"cs2": -1.0}, {"objective": 20_000.0}, {"percentile": 1.5},
    {"percentile": 0.0}, {"concurrency": 0}, {"queue_limit": -1}, {"shed": 0.0}, {"knee": 0.0}, {"knee_slope": -0.1},
    {"cold": -1}, {"cold_factor": 0.0}, {"minimum": 0}, {"minimum": 9, "maximum": 3}, {"startup": -5},
    {"startup_spread": -0.1}, {"failed_starts": 1.0}, {"failed_starts": 1.5}, {"failed_starts": -0.1},
    {"registration": -1}, {"drain": -1}, {"life": 0.0}, {"losses": ((0, 1.5),)}, {"losses": ((-1, 0.5),)},
    {"retries": -1}, {"retry_share": 2.0}, {"retry_delay": -1.0}, {"patience": 0.0}, {"patience": 11_000.0},
    {"timeout": float("inf")},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: " ".join(f"{name}={value}" for name, value in wrong.items()))
def test_a_setup_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"need|must be"):
        Setup(**wrong)


def test_traffic_and_periods_that_cannot_be_are_refused() -> None:
    for rates in ([], [-1.0], [float("nan")]):
        with pytest.raises(ValueError, match="rates"):
            run(np.array(rates + [1.0] * bool(rates)), Setup(), Script({}))
    with pytest.raises(ValueError, match="multiple of 1000"):
        run(STEADY, Setup(), Script({}, period=1_500))
