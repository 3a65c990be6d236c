"""The score of a run, the measuring plant's traffic and price, and the model of the queue at rest."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fleetfoot.sim.clocks import clocks
from fleetfoot.sim.live import engine
from fleetfoot.sim.measuring import TASK_HOUR, friendly, per_second, prepared, scaled, window
from fleetfoot.sim.record import BLOCK, coarse
from fleetfoot.sim.score import needed_hours
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.stationary import carries, late, tasks_for
from fleetfoot.sim.world import run
from fleetfoot.traffic.shapes import Day, step
from tests.simulation.scripts import SERVICE, STEADY, Script, scripted


def test_the_clocks_of_a_surge_follow_each_other() -> None:
    rates = per_second(step(60, 300, at=300, seconds=900))
    found = run(rates, friendly(), engine(SERVICE))
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


@pytest.mark.parametrize(
    ("cs2", "tolerance"),
    [
        pytest.param(0.0, 0.01, id="work is always the same"),
        pytest.param(1.0, 0.01, id="as exponential work varies"),
        pytest.param(4.0, 0.015, id="work varies widely"),
    ],
)
def test_the_stationary_model_is_the_queue_at_rest(cs2: float, tolerance: float) -> None:
    setup = Setup(cs2=cs2)
    rate = carries(8, setup)
    assert late(rate, 8, setup) == pytest.approx(0.05, abs=1e-6)
    assert (tasks_for(rate, setup), tasks_for(rate * 1.01, setup)) == (8, 9)
    near = 0.97 * rate
    found = run(np.full(30_000, near), setup, Script({}, period=3_600_000), initial=8)
    assert found.score.share_bad == pytest.approx(late(near, 8, setup), abs=tolerance)


def test_more_tasks_are_needed_for_work_that_varies_more() -> None:
    usual, varied = (needed_hours(np.full(3600, 300.0), Setup(cs2=cs2, objective=300.0)) for cs2 in (1.0, 4.0))
    assert usual == tasks_for(300.0, Setup(objective=300.0))
    assert varied > usual
