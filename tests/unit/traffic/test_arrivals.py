"""Arrival times: even ones, Poisson ones."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import islice, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.traffic import shapes
from fleetfoot.traffic.arrivals import paced, poisson


def counts(times: Iterator[float], seconds: int) -> list[int]:
    """How many arrivals fall into each of the first ``seconds`` seconds."""
    found = Counter(int(t) for t in takewhile(lambda t: t < seconds, times))
    return [found[second] for second in range(seconds)]


def test_an_even_rate_is_exact_in_every_second() -> None:
    assert counts(paced(shapes.steady(200, 60)), 60) == [200] * 60


def test_an_even_pace_keeps_equal_distances() -> None:
    times = list(islice(paced(shapes.steady(4)), 5))
    assert times == pytest.approx([0.125, 0.375, 0.625, 0.875, 1.125])


def test_a_surge_starts_in_the_second_it_is_written_for() -> None:
    assert counts(paced(shapes.stages([(20, 3), (200, 2), (20, 2)])), 7) == [20, 20, 20, 200, 200, 20, 20]


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0.1, 10)), min_size=1, max_size=5))
def test_even_arrivals_are_as_many_as_the_shape_offers(parts: list[tuple[float, float]]) -> None:
    shape = shapes.stages(parts)
    times = list(paced(shape))
    assert abs(len(times) - shape.total(shape.duration)) <= 0.5 + 1e-6
    assert times == sorted(times)
    assert all(0 <= t <= shape.duration for t in times)


def test_the_same_seed_is_the_same_poisson_traffic() -> None:
    crowd = shapes.Flash(20, 200, at=5, seconds=60)
    one, same, other = (list(poisson(crowd, random.Random(seed))) for seed in (7, 7, 8))
    assert one == same
    assert one != other


def test_poisson_arrivals_have_the_shapes_mean_and_a_variance_like_it() -> None:
    found = counts(poisson(shapes.steady(50, 2000), random.Random(1)), 2000)
    mean = sum(found) / len(found)
    variance = sum((n - mean) ** 2 for n in found) / (len(found) - 1)
    assert mean == pytest.approx(50, rel=0.02)
    assert variance / mean == pytest.approx(1, rel=0.15)


def test_poisson_arrivals_follow_the_shape() -> None:
    found = counts(poisson(shapes.stages([(100, 200), (0, 100), (400, 200)]), random.Random(3)), 500)
    assert sum(found[:200]) == pytest.approx(20_000, rel=0.03)
    assert sum(found[200:300]) == 0
    assert sum(found[300:]) == pytest.approx(80_000, rel=0.03)
