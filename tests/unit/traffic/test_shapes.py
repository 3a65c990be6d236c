"""Shapes: the rate, its exact integral and the way back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.traffic import shapes
from fleetfoot.traffic.shape import Shape

EVERY = [
    pytest.param(shapes.steady(20, 60), id="steady"),
    pytest.param(shapes.step(20, 200, at=30, seconds=90), id="step"),
    pytest.param(shapes.ramp(0, 100, over=20, hold=10), id="ramp"),
    pytest.param(shapes.stages([(20, 30), (0, 10), (200, 60)]), id="stages with a pause"),
    pytest.param(shapes.spike(10, 300, at=5, width=4, seconds=30), id="spike"),
    pytest.param(shapes.sawtooth(10, 100, period=7, times=5), id="sawtooth"),
    pytest.param(shapes.onoff(50, 0, 3, 2, times=4), id="on and off"),
    pytest.param(shapes.Day(100, 100, period=60, seconds=150), id="day down to nothing"),
    pytest.param(shapes.Flash(20, 200, at=10, rise=2, half=15, seconds=120), id="flash"),
    pytest.param(shapes.Flash(0, 200, rise=0, half=5, seconds=40), id="flash at once from nothing"),
    pytest.param(shapes.steady(20, 10).then(shapes.Flash(20, 90, seconds=30)), id="joined"),
    pytest.param(shapes.steady(20, 10) + shapes.Day(5, 4, period=9, seconds=30), id="sum"),
    pytest.param(shapes.ramp(3, 9, over=7) * 2.5, id="scaled"),
    pytest.param(shapes.Day(50, 10, period=30).cut(45), id="cut"),
    pytest.param(shapes.Flash(5, 60, at=1, seconds=13).repeat(3), id="repeated"),
]


@pytest.mark.parametrize("shape", EVERY)
def test_the_total_is_the_integral_of_the_rate(shape: Shape) -> None:
    grid = 40_000
    width = shape.duration / grid
    area = 0.0
    for i in range(grid):
        area += shape.rate((i + 0.5) * width) * width
        if i % 4000 == 3999:
            assert shape.total((i + 1) * width) == pytest.approx(area, rel=2e-3, abs=0.2)


@pytest.mark.parametrize("shape", EVERY)
def test_when_is_the_way_back_from_the_total(shape: Shape) -> None:
    whole = shape.total(shape.duration)
    for i in range(1, 200):
        n = whole * i / 200
        t = shape.when(n)
        assert shape.total(t) == pytest.approx(n, rel=1e-9, abs=1e-6)
        assert shape.total(t - 1e-3) < n, "an earlier second would have done"


@pytest.mark.parametrize("shape", EVERY)
def test_nothing_is_offered_outside_the_shape(shape: Shape) -> None:
    assert shape.rate(-1) == 0
    assert shape.total(-1) == 0
    assert shape.rate(shape.duration) == 0
    assert shape.total(shape.duration + 1000) == shape.total(shape.duration)
    assert shape.when(shape.total(shape.duration) + 1) == math.inf
    assert shape.when(0) == 0


@given(
    st.lists(st.tuples(st.floats(0, 1e4), st.floats(0.01, 1e4)), min_size=1, max_size=8),
    st.lists(st.floats(0, 1e5), min_size=2, max_size=20),
)
def test_the_total_never_falls(parts: list[tuple[float, float]], times: list[float]) -> None:
    shape = shapes.stages(parts)
    totals = [shape.total(t) for t in sorted(times)]
    assert totals == sorted(totals)


def test_an_endless_shape_without_traffic_never_offers_a_request() -> None:
    assert shapes.steady(0).when(1) == math.inf
    assert (shapes.steady(5, 2) + shapes.steady(0)).when(11) == math.inf


def test_a_flash_crowd_halves_in_its_half_time() -> None:
    crowd = shapes.Flash(20, 220, at=10, rise=1, half=30)
    assert crowd.rate(5) == 20
    assert crowd.rate(11) == pytest.approx(220)
    assert crowd.rate(41) == pytest.approx(120)
    assert crowd.rate(71) == pytest.approx(70)


def test_a_day_starts_at_its_lowest_and_peaks_at_noon() -> None:
    day = shapes.Day(100, 60)
    assert day.rate(0) == pytest.approx(40)
    assert day.rate(43_200) == pytest.approx(160)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda: shapes.steady(-1), "0/s or more", id="negative rate"),
        pytest.param(lambda: shapes.steady(math.nan), "0/s or more", id="not a number"),
        pytest.param(lambda: shapes.steady(1, 0), "over 0 s", id="no duration"),
        pytest.param(lambda: shapes.step(1, 2, at=30, seconds=20), "over 0 s", id="step after the end"),
        pytest.param(lambda: shapes.Day(10, 20), "between 0 and the mean", id="swing over the mean"),
        pytest.param(lambda: shapes.Flash(20, 10), "at least the base", id="peak under the base"),
        pytest.param(lambda: shapes.steady(1).then(shapes.steady(2)), "endless", id="after an endless one"),
        pytest.param(lambda: shapes.steady(1).repeat(2), "endless", id="repeating an endless one"),
        pytest.param(lambda: shapes.steady(1, 1).repeat(0), "1 or more", id="repeating never"),
        pytest.param(lambda: shapes.steady(1) * -1, "0 or more", id="negative factor"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(make: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()  # type: ignore[operator]
