"""Made-up traffic: noise that is the same for a seed, and a sale's day."""

from __future__ import annotations

import math

import pytest

from fleetfoot.traffic import parse, shapes
from fleetfoot.traffic.made import Noisy, black_friday

DAY = shapes.Day(100, 60, period=3600, seconds=3600)
NOISY = [
    pytest.param(Noisy(DAY, 0.2), id="a day"),
    pytest.param(Noisy(shapes.steady(20, 95), 1.0, every=10), id="an end inside a level"),
    pytest.param(Noisy(shapes.onoff(50, 0, 3, 2, times=4), 0.5, every=2.5), id="with pauses"),
]


@pytest.mark.parametrize("shape", NOISY)
def test_the_total_of_noise_is_the_integral_of_its_rate(shape: Noisy) -> None:
    grid = 40_000
    width = shape.duration / grid
    area = 0.0
    for i in range(grid):
        area += shape.rate((i + 0.5) * width) * width
        if i % 4000 == 3999:
            assert shape.total((i + 1) * width) == pytest.approx(area, rel=2e-3, abs=0.2)


@pytest.mark.parametrize("shape", NOISY)
def test_when_is_the_way_back_from_the_total_of_noise(shape: Noisy) -> None:
    whole = shape.total(shape.duration)
    for i in range(1, 200):
        t = shape.when(whole * i / 200)
        assert shape.total(t) == pytest.approx(whole * i / 200, rel=1e-9, abs=1e-6)
        assert shape.total(t - 1e-3) < whole * i / 200
    assert shape.when(whole + 1) == math.inf
    assert shape.when(0) == 0


def test_noise_is_the_same_for_a_seed_and_another_for_another() -> None:
    assert Noisy(DAY, 0.2, seed=3) == Noisy(DAY, 0.2, seed=3)
    assert Noisy(DAY, 0.2, seed=3).rate(55) == Noisy(DAY, 0.2, seed=3).rate(55)
    assert Noisy(DAY, 0.2, seed=3).rate(55) != Noisy(DAY, 0.2, seed=4).rate(55)


def test_noise_keeps_the_mean_and_has_the_spread_it_was_told() -> None:
    shape = Noisy(shapes.steady(100, 100_000), 0.2, every=10)
    rates = [shape.rate(second) for second in range(5, 100_000, 10)]
    mean = sum(rates) / len(rates)
    spread = math.sqrt(sum((rate - mean) ** 2 for rate in rates) / len(rates))
    assert mean == pytest.approx(100, rel=0.01)
    assert spread == pytest.approx(20, rel=0.05)


def test_no_noise_changes_nothing() -> None:
    assert [Noisy(DAY, 0.0).rate(second) for second in range(0, 3600, 7)] == [
        DAY.rate(second) for second in range(0, 3600, 7)
    ]


def test_a_sales_day_stays_between_its_low_and_its_peak_and_reaches_both() -> None:
    day = black_friday(20, 200)
    rates = [day.rate(second) for second in range(0, 86_400, 60)]
    assert day.duration == pytest.approx(86_400)
    assert min(rates) == pytest.approx(20, abs=0.1)
    assert max(rates) == pytest.approx(200, abs=0.1)
    assert day.rate(8 * 3600 + 90) > day.rate(8 * 3600) + 80, "the doors open at eight"


def test_a_sales_day_can_be_told_in_an_hour() -> None:
    assert black_friday(20, 200, 3600).rate(1800) == pytest.approx(black_friday(20, 200).rate(43_200))


def test_noise_and_a_sales_day_are_read_from_words() -> None:
    assert parse.shape("blackfriday:low=20,peak=200,seconds=2h") == black_friday(20, 200, 7200)
    assert parse.shape("day:mean=100,swing=60,seconds=1d,noise=20%,every=5s,seed=7") == Noisy(
        shapes.Day(100, 60, seconds=86_400), 0.2, 5, 7
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param("day:mean=9,swing=1,noise=10%", "needs traffic that ends", id="endless"),
        pytest.param("steady:rate=9,seconds=60,noise=much", "not a share", id="no share"),
        pytest.param("steady:rate=9,seconds=60,noise=1000%", "between 0 and 3", id="too much"),
        pytest.param("steady:rate=9,seconds=60,noise=1%,every=0s", "over 0", id="every nothing"),
        pytest.param("steady:rate=9,seconds=60,seed=2", "belong to noise", id="a seed alone"),
        pytest.param("steady:rate=9,seconds=60,noise=1%,seed=x", "whole number", id="no seed"),
        pytest.param("steady:rate=9,seconds=60d,noise=1%,every=1ms", "change it less often", id="too fine"),
        pytest.param("blackfriday:low=20,peak=10", "at least the low", id="upside down"),
    ],
)
def test_noise_that_cannot_be_says_why(words: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse.shape(words)
