"""What the simulated world promises: its clock, its bill, its traffic, what scalers are shown, and its score."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fleetfoot.sim import layout as k
from fleetfoot.sim.clocks import clocks
from fleetfoot.sim.live import SOURCES, engine
from fleetfoot.sim.measuring import TASK_HOUR, friendly, hostile, per_second, prepared, scaled, window
from fleetfoot.sim.record import BLOCK, coarse
from fleetfoot.sim.scaler import Counts, Feed
from fleetfoot.sim.score import needed_hours
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.stationary import carries, late, tasks_for
from fleetfoot.sim.world import Run, run
from fleetfoot.spec import Service
from fleetfoot.spec.loader import loads
from fleetfoot.traffic.shapes import Day, Flash, step

ORDERS = """
services:
  orders:
    run: orders --port $PORT
    objective: {p95: 1s}
    capacity: {min: 2, max: 200}
    task: {throughput: 20/s, startup: 40s}
"""


def orders_service() -> Service:
    return loads(ORDERS).services["orders"]


@dataclass
class Script:
    """Orders written down beforehand: ms -> count. Keeps what it was shown."""

    orders: dict[int, int]
    look: Callable[[int, Feed], object] = lambda now, feed: None
    name: str = "script"
    period: int = 1000
    seen: list[Counts] = field(default_factory=list)
    shown: dict[int, object] = field(default_factory=dict)

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        self.seen.append(fleet)
        self.shown[now] = self.look(now, feed)
        return self.orders.get(now)


STEADY = np.full(400, 60.0)


def scripted(orders: dict[int, int], setup: Setup | None = None, initial: int = 4) -> tuple[Script, Run]:
    scaler = Script(orders)
    return scaler, run(STEADY, setup or Setup(), scaler, initial=initial, judged_from=0, task_hour=2.0)


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
    mind = engine(orders_service())
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
    first, second = (run(rates, make(), engine(orders_service()), seed=5) for _ in range(2))
    assert first.rows.tobytes() == second.rows.tobytes()
    assert first.changes == second.changes
    assert json.dumps(first.score.to_json()) == json.dumps(second.score.to_json())
    assert run(rates, make(), engine(orders_service()), seed=6).rows.tobytes() != first.rows.tobytes()


def test_every_scaler_meets_the_same_requests() -> None:
    one, other = scripted({})[1], scripted({50_000: 30})[1]
    assert (one.arrivals == other.arrivals).all()


def test_a_scaler_sees_only_whole_periods_that_its_source_has_shown_by_then() -> None:
    rates = np.arange(200.0)
    looked = Script({}, lambda now, feed: feed.points("requests", 20_000, 5_000, 2))
    found = run(rates, Setup(), looked, initial=20)
    seen = looked.shown
    assert seen[24_000] == []
    assert seen[25_000] == pytest.approx([found.arrivals[:20].mean()])
    assert seen[64_000] == pytest.approx([found.arrivals[i : i + 20].mean() for i in (0, 20)])
    assert seen[65_000] == pytest.approx([found.arrivals[i : i + 20].mean() for i in (20, 40)])


def test_means_are_over_what_was_measured_so_far() -> None:
    looked = Script({}, lambda now, feed: {name: feed.mean(name, 60_000, 10_000) for name in NAMES})
    found = run(STEADY, Setup(), looked, initial=4)
    assert looked.shown[10_000] == dict.fromkeys(NAMES)
    shown = looked.shown[100_000]
    assert isinstance(shown, dict)
    rows = found.rows[30:90]
    assert shown["requests"] == pytest.approx(rows[:, k.REQUESTS].mean())
    assert shown["concurrency"] == pytest.approx((rows[:, k.IN_SERVICE] + rows[:, k.QUEUE]).mean())
    assert shown["cpu"] == pytest.approx(rows[:, k.IN_SERVICE].mean() / 4)
    assert shown["latency"] == rows[:, k.LATENCY].max()
    assert shown["serving"] == 4
    assert shown["errors"] == 0


NAMES = ("requests", "completed", "concurrency", "in_flight", "queue", "cpu", "latency", "errors", "serving")


def test_through_a_slow_source_the_engine_learns_of_a_surge_late() -> None:
    rates = per_second(step(60, 300, at=300, seconds=900))
    runs = {name: run(rates, friendly(), engine(orders_service(), SOURCES[name])) for name in ("push", "cloudwatch60")}
    took = {name: clocks(found, 300).command for name, found in runs.items()}
    assert took["push"] is not None
    assert took["push"] <= 2_000
    assert took["cloudwatch60"] is not None
    assert took["cloudwatch60"] >= 60_000


def test_the_clocks_of_a_surge_follow_each_other() -> None:
    rates = per_second(step(60, 300, at=300, seconds=900))
    found = run(rates, friendly(), engine(orders_service()))
    command, serving, relief = clocks(found, 300)
    assert command is not None
    assert serving is not None
    assert relief is not None
    assert command + 40_000 <= serving
    assert 30_000 < relief < 120_000
    calm = clocks(run(STEADY, friendly(), Script({}), initial=9), 300)
    assert calm == (None, None, 0)


def test_the_first_seconds_are_not_judged() -> None:
    rates = np.r_[np.full(300, 200.0), np.full(400, 20.0)]
    found = run(rates, Setup(), Script({}), initial=4, judged_from=500)
    assert found.bad[:300].sum() > 0
    assert found.score.seconds == 200
    assert found.score.bad == found.score.seconds_over == 0
    assert found.score.task_hours == pytest.approx(200 * 4 / 3600)


def test_actions_and_changes_of_direction_are_counted() -> None:
    _, found = scripted({100_000: 6, 150_000: 8, 200_000: 5, 300_000: 6})
    assert (found.score.actions, found.score.turns) == (4, 2)


def test_a_run_of_many_days_keeps_minutes_and_the_same_score() -> None:
    days = np.tile(np.r_[np.full(1800, 4.0), np.full(1800, 30.0)], 24 * 5)
    found = run(days, Setup(), Script({}, period=60_000), initial=2)
    assert len(days) > 2 * BLOCK
    assert found.step == 60
    assert len(found.rows) == len(days) // 60
    assert found.score.seconds == len(days) - 600
    assert found.arrivals.sum() * 60 == pytest.approx(found.score.requests + 600 * found.arrivals[:10].mean())
    half = run(days[:BLOCK], Setup(), Script({}, period=60_000), initial=2)
    assert (coarse(half.rows, 60)[:-1] == found.rows[: BLOCK // 60 - 1]).all()


def test_progress_ends_with_the_last_second() -> None:
    told: list[int] = []
    run(np.full(8_000, 5.0), Setup(), Script({}, period=15_000), progress=told.append)
    assert told[-1] == 8_000
    assert told == sorted(set(told))


def test_the_stationary_model_is_the_queue_at_rest() -> None:
    rate = carries(8, Setup())
    assert late(rate, 8, Setup()) == pytest.approx(0.05, abs=1e-6)
    assert tasks_for(rate, Setup()) == 8
    assert tasks_for(rate * 1.01, Setup()) == 9
    near = 0.97 * rate
    found = run(np.full(30_000, near), Setup(), Script({}, period=3_600_000), initial=8)
    assert found.score.share_bad == pytest.approx(late(near, 8, Setup()), abs=0.01)


def test_traffic_is_prepared_as_the_measuring_plant_says() -> None:
    rates = prepared(Day(100, 60, period=3600, seconds=3600))
    assert len(rates) == 7200
    assert rates.mean() == pytest.approx(carries(8, Setup()))
    spike = np.full(7200, 1.0)
    spike[3000] = 10_000.0
    assert scaled(spike).max() == pytest.approx(3400.0)
    long: NDArray[np.float64] = np.ones(300_000)
    long[200_000] = 9.0
    cut = window(long)
    assert len(cut) == 172_800
    assert int(cut.argmax()) == 115_200
    assert per_second(step(10, 20, at=1.5, seconds=3)) == pytest.approx([10, 15, 20])


def test_a_fargate_task_costs_what_its_vcpu_and_memory_cost() -> None:
    assert pytest.approx(0.024685) == TASK_HOUR


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


@pytest.mark.parametrize(("cs2", "tolerance"), [(0.0, 0.01), (4.0, 0.015)], ids=["always the same", "varies widely"])
def test_the_stationary_model_knows_how_much_the_work_varies(cs2: float, tolerance: float) -> None:
    setup = Setup(cs2=cs2)
    rate = carries(8, setup)
    assert late(rate, 8, setup) == pytest.approx(0.05, abs=1e-6)
    near = 0.97 * rate
    found = run(np.full(30_000, near), setup, Script({}, period=3_600_000), initial=8)
    assert found.score.share_bad == pytest.approx(late(near, 8, setup), abs=tolerance)


def test_more_tasks_are_needed_for_work_that_varies_more() -> None:
    usual, varied = (needed_hours(np.full(3600, 300.0), Setup(cs2=cs2, objective=300.0)) for cs2 in (1.0, 4.0))
    assert usual == tasks_for(300.0, Setup(objective=300.0))
    assert varied > usual


def test_traffic_and_periods_that_cannot_be_are_refused() -> None:
    for rates in ([], [-1.0], [float("nan")]):
        with pytest.raises(ValueError, match="rates"):
            run(np.array(rates + [1.0] * bool(rates)), Setup(), Script({}))
    with pytest.raises(ValueError, match="multiple of 1000"):
        run(STEADY, Setup(), Script({}, period=1_500))
