"""The rivals in the simulated world: how soon they answer a surge, and that a day of traffic finds them sane.

The reaction times, from the onset to the first order of growth, are worked out from what is published; the plant is
the measuring one.
Where the plant differs from that arithmetic (waiting requests count as concurrency), the test says so.
"""

from __future__ import annotations

import numpy as np
import pytest

from fleetfoot.sim.measuring import friendly, per_second
from fleetfoot.sim.rivals import RIVALS, fixed_peak, make
from fleetfoot.sim.scaler import Scaler
from fleetfoot.sim.world import Run, run
from fleetfoot.traffic.shapes import Day

BEFORE, TIMES = 112.0, 3.0  # requests/s, of which eight tasks are 70 % busy
ONSET = 1800  # s; every scaler has a full history by then

#: rival -> least and most seconds from a threefold surge to the order, and why
ANSWERS = {
    "hpa cpu": (0, 55),  # 27.5 s as a rule
    "hpa requests": (15, 45),  # a scrape that shows it and a sync
    "keda requests": (15, 45),
    "kpa concurrency": (1, 9),  # 3 to 9 s by the windows; a queue makes it sooner
    "kpa requests": (2, 9),
    "aws target tracking 60 s": (180, 363),
    "aws target tracking 20 s": (70, 109),  # 86 s in AWS's own test
    "aws requests per target 60 s": (180, 363),
    "aws step scaling 60 s": (60, 130),
    "ray serve": (30, 70),
    "cpu 70/30": (1, 121),  # a minute's mean, and the engine's turn after it
}


def surge(scaler: Scaler, offset: int = 0, seconds: int = 600) -> Run:
    """Threefold traffic ``offset`` s after the half hour."""
    rates = np.full(ONSET + offset + seconds, BEFORE)
    rates[ONSET + offset :] *= TIMES
    return run(rates, friendly(), scaler, seed=7, initial=8)


def answer(found: Run, onset: int) -> float:
    """Seconds from the onset to the first growth that belongs to it: more than one task."""
    return next(order.at / 1000 - onset for order in found.orders if order.at >= 1000 * onset and order.after > 9)


@pytest.mark.parametrize("offset", [pytest.param(0, id="on the minute"), pytest.param(37, id="37 s into it")])
@pytest.mark.parametrize("name", RIVALS)
def test_a_threefold_surge_is_answered_in_the_published_time(name: str, offset: int) -> None:
    least, most = ANSWERS[name]
    assert least <= answer(surge(make(name, friendly()), offset), ONSET + offset) <= most


def test_the_order_of_the_answers_is_the_published_one() -> None:
    names = ("kpa concurrency", "hpa requests", "ray serve", "aws target tracking 20 s", "aws target tracking 60 s")
    times = [answer(surge(make(name, friendly()), 11), ONSET + 11) for name in names]
    assert times == sorted(times)


@pytest.mark.parametrize("name", RIVALS)
def test_after_a_surge_the_fleet_carries_it(name: str) -> None:
    found = surge(make(name, friendly()), seconds=1800)
    assert found.tasks(lambda change: change.serving)[-1] * 20.0 > BEFORE * TIMES
    assert found.bad[-60:].sum() == 0


@pytest.fixture(scope="module")
def day() -> np.ndarray:
    """A day from 45 to 225 requests/s, played in four hours: every rise six times as steep."""
    return per_second(Day(mean=135.0, swing=90.0, period=14_400.0), 14_400)


@pytest.mark.parametrize("name", RIVALS)
def test_a_day_is_followed_up_and_down_at_less_than_the_peak_costs(name: str, day: np.ndarray) -> None:
    setup = friendly()
    found = run(day, setup, make(name, setup), seed=1)
    fixed = run(day, setup, fixed_peak(setup, float(day.max())), seed=1)
    assert fixed.score.share_over == 0.0
    assert found.score.task_hours < fixed.score.task_hours
    assert found.score.share_over < 0.05
    assert min(order.after for order in found.orders) < max(order.after for order in found.orders)


@pytest.mark.parametrize("name", RIVALS)
def test_two_runs_of_a_rival_are_the_same(name: str) -> None:
    one, other = (surge(make(name, friendly()), seconds=300) for _ in range(2))
    assert one.orders == other.orders
    assert one.score == other.score
