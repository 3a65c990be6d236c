"""Evidence: is the rate above the line, or is it noise?"""

from __future__ import annotations

from math import sqrt
from random import Random
from typing import Any

import pytest

from fleetfoot.core.demand import ALONE, CEILING, FIRST_GUESS, FOLLOWING, MIN_COUNT, SPANS, assess, learn
from fleetfoot.core.windows import Window
from fleetfoot.sim.harness import poisson


def history(*parts: tuple[float, float], tick: int = 250) -> Window:
    """(seconds, rate) one after the other."""
    window, end = Window(130_000), 1_000_000
    for seconds, rate in parts:
        for _ in range(int(seconds * 1000) // tick):
            end += tick
            window.add(end, tick, rate)
    return window


@pytest.mark.parametrize(
    ("parts", "z", "span"),
    [
        pytest.param([(60, 10.0), (0.25, 700.0)], ALONE, 250, id="a huge rate in a quarter of a second"),
        pytest.param([(60, 10.0), (1, 200.0)], ALONE, 1_000, id="a large one in a second"),
        pytest.param([(60, 90.0), (60, 110.0)], ALONE, 60_000, id="a small one in a minute"),
        pytest.param([(60, 90.0)], ALONE, 0, id="below the line"),
        pytest.param([(60, 100.0)], ALONE, 0, id="on the line"),
        pytest.param([(60, 90.0), (1, 140.0)], ALONE, 0, id="above it, and within noise"),
    ],
)
def test_the_shorter_the_span_the_clearer_the_rate_must_be(
    parts: list[tuple[float, float]], z: float, span: int
) -> None:
    found = assess(history(*parts), {}, 100.0, z)
    assert (found.rising is not None, found.span) == (span > 0, span)


def test_less_than_a_dozen_requests_say_nothing_however_high_the_rate() -> None:
    few = (MIN_COUNT - 1) * 4.0  # /s for a quarter of a second
    assert assess(history((60, 0.0), (0.25, few)), {}, 1.0, FOLLOWING).rising is None
    assert assess(history((60, 0.0), (0.25, few + 4.0)), {}, 1.0, FOLLOWING).rising == few + 4.0


def test_the_highest_of_the_rates_that_clear_the_line_is_the_one_to_size_for() -> None:
    found = assess(history((60, 10.0), (5, 300.0), (0.25, 900.0)), {}, 100.0, ALONE)
    assert (found.rising, found.span) == (900.0, 250)


def test_spans_hardly_measured_are_not_looked_at() -> None:
    window = Window(130_000)
    window.add(1_000_000, 1_000, 900.0)
    found = assess(window, {}, 100.0, ALONE)
    assert found.span == 1_000
    window.add(1_010_000, 250, 900.0)  # ten seconds with a quarter measured
    assert assess(window, {}, 100.0, ALONE).span == 250


def test_where_the_last_second_is_hardly_measured_the_rate_is_the_longest_mean() -> None:
    window = history((60, 40.0))
    window.add(1_070_000, 250, 100.0)  # nothing in the ten seconds before
    found = assess(window, {}, 1000.0, ALONE)
    assert found.rate == pytest.approx((50 * 40.0 + 0.25 * 100.0) / 50.25, rel=0.01)


def test_bursty_traffic_must_be_clearer() -> None:
    window = history((60, 10.0), (1, 250.0))
    assert assess(window, {"dispersion": [20.0] * len(SPANS)}, 100.0, ALONE).rising is None


def test_what_a_scale_in_must_carry_includes_two_deviations_of_the_long_means() -> None:
    found = assess(history((70, 90.0)), {}, 1000.0, ALONE)
    assert found.high == pytest.approx(90.0 + 2.0 * sqrt(FIRST_GUESS * 90.0 / 30))
    assert found.rate == pytest.approx(90.0)


def test_a_young_window_still_has_a_rate() -> None:
    window = Window(130_000)
    window.add(1_000_000, 250, 40.0)
    assert assess(window, {}, 1000.0, ALONE).rate == 40.0
    assert assess(Window(130_000), {}, 1000.0, ALONE).rate == 0.0


def test_samples_coarser_than_every_span_are_looked_at_over_the_longest() -> None:
    window = Window(600_000)
    for minute in (5, 10, 15):
        window.add(minute * 60_000, 300_000, 90.0)
    found = assess(window, {}, 50.0, ALONE)
    assert (found.rising, found.rate, found.span) == (90.0, 90.0, SPANS[-1])


@pytest.mark.parametrize(
    ("dispersion", "low", "high"),
    [pytest.param(1.0, 1.0, 1.6, id="Poisson"), pytest.param(8.0, 4.0, 14.0, id="bursty")],
)
def test_the_dispersion_of_the_traffic_is_learnt(dispersion: float, low: float, high: float) -> None:
    rng, noise, window = Random(5), dict[str, Any](), Window(130_000)
    for second in range(1, 3_600):
        mean = 60.0
        if dispersion > 1:
            shape = mean / (dispersion - 1.0)
            mean = rng.gammavariate(shape, mean / shape)
        window.add(second * 1_000, 1_000, float(poisson(rng, mean)))
        learn(window, noise, second * 1_000)
    assert low <= noise["dispersion"][SPANS.index(1_000)] <= high


def test_one_surge_is_demand_and_not_noise() -> None:
    window, noise = Window(130_000), dict[str, Any]()
    for second in range(1, 1_200):
        window.add(second * 1_000, 1_000, 40.0 if second < 1_000 else 4_000.0)
        learn(window, noise, second * 1_000)
    assert max(noise["dispersion"]) < 3.0
    assert max(noise["dispersion"]) <= CEILING


def test_it_is_learnt_now_and_then_and_not_from_the_first_moment() -> None:
    window, noise = history((60, 40.0)), dict[str, Any]()
    learn(window, noise, 1_000)
    assert noise == {"at": 1_000}
    learn(window, noise, 2_000)
    assert noise == {"at": 1_000}
    learn(window, noise, 20_000)
    assert noise["at"] == 20_000
    assert noise["dispersion"][3] < FIRST_GUESS
