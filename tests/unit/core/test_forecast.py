"""The panel: what the rate will be, which member is believed, and the margin its own errors teach."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from fleetfoot.core.forecast import (
    CHANGED,
    MARGIN_MOST,
    MEMBERS,
    MOST,
    NEAR,
    QUANTILE,
    STEPS_AT_MOST,
    learn,
    learnt,
    level,
    panel,
    speak,
    trend,
)

LEAD = 40_000  # ms
STEP = 2_000  # ms
LEVEL, QUICK, STEADY = range(3)


def watched(steps: int, error: Callable[[int], float], mine: dict[str, Any] | None = None) -> dict[str, Any]:
    """Every forecast is 100, and the rate seen is that plus its ``error``."""
    mine = {} if mine is None else mine
    for i in range(steps):
        now = i * STEP
        learn(mine, now, now + LEAD, [100.0, 100.0, 100.0], 100.0 + error(i))
    return mine


def test_one_bad_moment_costs_nobody_the_lead_of_an_hour() -> None:
    mine: dict[str, Any] = {}
    for i in range(1_800):
        learn(mine, i * STEP, (i + 1) * STEP, [100.0, 150.0, 150.0], 100.0)
    learn(mine, 1_800 * STEP, 1_801 * STEP, [100.0, 150.0, 150.0], 150.0)
    found = learnt(mine)
    assert found is not None
    assert found[0] == MEMBERS[LEVEL]


# -- members


def test_while_nothing_changes_the_level_is_the_long_mean() -> None:
    assert level(103.0, 100.0, 1.0) == 100.0
    assert level(97.0, 100.0, 1.0) == 100.0


def test_once_something_changes_the_level_is_the_short_mean_either_way() -> None:
    edge = CHANGED * (100.0 / 5.0) ** 0.5
    assert level(100.0 + edge - 0.1, 100.0, 1.0) == 100.0
    assert level(100.0 + edge + 0.1, 100.0, 1.0) == 100.0 + edge + 0.1
    assert level(100.0 - edge - 0.1, 100.0, 1.0) == 100.0 - edge - 0.1


def test_bursty_traffic_must_change_more() -> None:
    assert level(120.0, 100.0, 1.0) == 120.0
    assert level(120.0, 100.0, 4.0) == 100.0


def test_a_steep_slope_goes_on_for_most_of_the_lead() -> None:
    """+2/s each second: the late half's mean is 100, that of both halves 70, and a minute lies between."""
    found = trend(100.0, 70.0, 30.0, 40.0, 1.0, 100.0)
    assert found == pytest.approx(100.0 + 2.0 * (15.0 + 40.0 * 0.85), rel=0.05)
    assert found < 100.0 + 2.0 * (15.0 + 40.0 * 0.85)  # its noise is taken off


def test_a_slope_within_its_noise_is_none() -> None:
    assert trend(100.0, 99.5, 30.0, 40.0, 1.0, 100.0) == 100.0
    assert trend(100.0, 100.0, 5.0, 40.0, 1.0, 100.0) == 100.0


def test_the_clearer_a_slope_the_more_of_it_counts() -> None:
    lead = 40.0
    shares = []
    for slope in (0.2, 0.4, 0.8, 1.6):
        ahead = trend(100.0, 100.0 - 15.0 * slope, 30.0, lead, 1.0, 100.0) - 100.0
        shares.append(ahead / slope)
    assert shares == sorted(shares)
    assert shares[0] < 0.5 * shares[-1]


def test_bursty_traffic_has_to_rise_more_for_a_slope() -> None:
    assert trend(100.0, 94.0, 30.0, 40.0, 1.0, 100.0) > trend(100.0, 94.0, 30.0, 40.0, 4.0, 100.0) >= 100.0


def test_a_fall_never_leads_below_zero() -> None:
    assert trend(5.0, 100.0, 30.0, 600.0, 1.0, 5.0) == 0.0


def test_a_slope_leads_to_a_multiple_of_the_present_rate_at_most() -> None:
    """A jump within a second is a slope of 40/s each second to whoever looks at ten: in 40 s it would be 1,900/s."""
    assert trend(300.0, 200.0, 5.0, 40.0, 1.0, 300.0) == MOST * 300.0


def test_the_quick_member_sees_ten_seconds_and_the_steady_one_a_minute() -> None:
    jump = panel(200.0, 150.0, 108.0, 104.0, 40.0, 1.0)
    assert jump[QUICK] == MOST * jump[LEVEL] == 400.0
    assert 108.0 < jump[STEADY] < jump[LEVEL]
    rise = panel(100.0, 99.0, 90.0, 75.0, 40.0, 1.0)
    assert rise[STEADY] > 120.0
    assert rise[QUICK] < 110.0
    assert panel(0.0, 0.0, 0.0, 0.0, 40.0, 1.0) == [0.0, 0.0, 0.0]


def test_without_a_slope_all_members_say_the_level() -> None:
    """5 s of counts at 100/s have a deviation of 4.5/s: 104 beside 100 is noise, and 30 s know the level better."""
    assert panel(104.0, 102.0, 100.0, 99.5, 40.0, 1.0) == [100.0] * 3


def test_a_slope_that_begins_to_show_departs_from_the_level_without_a_leap() -> None:
    slopes = [i / 1000.0 for i in range(1000)]
    said = [trend(104.0, 104.0 - 15.0 * slope, 30.0, 40.0, 1.0, 100.0) for slope in slopes]
    assert said[0] == 100.0
    assert said[-1] > 130.0
    assert max(b - a for a, b in pairwise(said)) < 1.0


# -- judging


def test_a_forecast_is_judged_when_its_time_has_come_and_not_before() -> None:
    mine = watched(LEAD // STEP, lambda _: 900.0)
    assert (mine["loss"], mine["room"]) == ([0.0] * 3, 0.0)
    learn(mine, LEAD, 2 * LEAD, [100.0] * 3, 1_000.0)
    assert min(mine["loss"]) > 0.0


def test_what_was_forecast_for_a_time_nobody_watched_is_forgotten() -> None:
    mine = watched(21, lambda _: 0.0)
    before = json.dumps([mine["loss"], mine["room"]])
    learn(mine, 40_000 + 3_600_000, 40_000 + 3_600_000 + LEAD, [100.0] * 3, 5_000.0)
    assert json.dumps([mine["loss"], mine["room"]]) == before
    assert len(mine["forecasts"]) == 1


def test_rates_nobody_was_ready_for_teach_a_margin() -> None:
    mine = watched(1_000, lambda _: 30.0)
    assert mine["room"] == pytest.approx(0.30, abs=0.02)


def test_a_margin_no_longer_needed_is_given_up_again() -> None:
    mine = watched(600, lambda _: 30.0)
    raised = mine["room"]
    for i in range(600, 3_000):
        learn(mine, i * STEP, i * STEP + LEAD, [100.0] * 3, 90.0)
    assert raised > 0.2
    assert mine["room"] == 0.0


def test_a_margin_covers_so_many_of_the_errors_as_the_quantile_says() -> None:
    """Errors of 0 to 99, evenly: at 92 % the margin is 92 of a hundred."""
    mine = watched(20_000, lambda i: float(i * 37 % 100))
    assert mine["room"] == pytest.approx(QUANTILE, abs=0.12)


def test_a_margin_has_an_end() -> None:
    assert watched(5_000, lambda _: 1e9)["room"] <= MARGIN_MOST


def test_being_too_low_costs_more_than_being_too_high_by_as_much() -> None:
    low, high = watched(200, lambda _: 20.0), watched(200, lambda _: -20.0)
    assert low["loss"][0] == pytest.approx(high["loss"][0] * QUANTILE / (1 - QUANTILE))


def test_old_losses_fade() -> None:
    mine = watched(200, lambda _: 50.0)
    worst = mine["loss"][0]
    for i in range(200, 1_500):
        learn(mine, i * STEP, i * STEP + LEAD, [100.0] * 3, 100.0)
    assert mine["loss"][0] < worst / 5


def test_few_requests_teach_no_wild_margins() -> None:
    """0.1/s forecast and 1/s seen is ten times as much, and one request."""
    mine: dict[str, Any] = {}
    for i in range(1_000):
        learn(mine, i * STEP, i * STEP + LEAD, [0.1] * 3, 1.0)
    assert mine["room"] < 0.15


# -- speaking


def lost(*losses: float) -> dict[str, Any]:
    """A memory in which the members have lost so much."""
    return {"forecasts": [], "loss": list(losses), "room": 0.1, "size": 0.0}


@pytest.mark.parametrize("right", range(3))
def test_a_member_that_has_lost_far_less_than_the_others_speaks_whatever_they_say(right: int) -> None:
    mine: dict[str, Any] = {}
    for i in range(500):
        said = [150.0 if member == right else 100.0 + member for member in range(3)]
        learn(mine, i * STEP, i * STEP + LEAD, said, 160.0)
    spoken = speak(mine, [1.0, 2.0, 3.0])
    assert (spoken.by, spoken.rate, spoken.level) == (MEMBERS[right], right + 1.0, 1.0)
    assert learnt(mine) == (MEMBERS[right], spoken.margin)


def test_of_the_members_nearly_as_good_as_the_best_the_highest_speaks() -> None:
    mine = lost(1.0, NEAR - 0.01, NEAR + 0.01)
    assert speak(mine, [10.0, 20.0, 90.0]).by == "quick"
    assert speak(mine, [20.0, 10.0, 90.0]).by == "level"


def test_the_margin_is_taught_by_what_was_said_and_not_by_what_each_member_would_have_said() -> None:
    """The level is 50 too low each time; the member that is believed beside it and says more is 10 too low."""
    mine = lost(1.0, 1.0, 9.0)
    for i in range(500):
        mine["loss"] = [1.0, 1.0, 9.0]
        learn(mine, i * STEP, i * STEP + LEAD, [100.0, 140.0, 100.0], 150.0)
    assert speak(mine, [1.0, 1.0, 1.0]).margin == pytest.approx(10 / 140, abs=0.02)


def test_before_anything_was_judged_the_highest_speaks_without_a_margin() -> None:
    mine: dict[str, Any] = {}
    learn(mine, 0, LEAD, [7.0, 9.0, 8.0], 7.0)
    assert speak(mine, [7.0, 9.0, 8.0]) == (9.0, 0.0, 7.0, "quick")
    assert speak(mine, [7.0, 7.0, 7.0]) == (7.0, 0.0, 7.0, "level")


def test_its_memory_is_json_and_bounded_whatever_the_lead() -> None:
    mine: dict[str, Any] = {}
    for i in range(STEPS_AT_MOST + 200):
        learn(mine, i * STEP, i * STEP + 86_400_000, [100.0] * 3, 100.0)
    assert len(mine["forecasts"]) == STEPS_AT_MOST
    assert json.loads(json.dumps(mine)) == mine
