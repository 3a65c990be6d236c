"""Sharing what there is between services."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.core.share import Ask, share

counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 50), min_size=1)
units = st.sampled_from([0.0, 0.25, 1.0, 3.0])


def asks(wishes: Mapping[str, int], critical: tuple[str, ...], present: Mapping[str, int]) -> list[Ask]:
    return [Ask(name, 0 if name in critical else 2, present.get(name, 0), wish) for name, wish in wishes.items()]


@pytest.mark.parametrize(
    ("wishes", "limit", "critical", "present", "shares"),
    [
        pytest.param({"a": 6, "b": 6}, 6, (), {}, {"a": 3, "b": 3}, id="halves"),
        pytest.param({"a": 9, "b": 3}, 8, (), {}, {"a": 6, "b": 2}, id="in proportion"),
        pytest.param({"a": 5, "b": 5, "c": 5}, 7, (), {}, {"a": 3, "b": 2, "c": 2}, id="a rest goes by name"),
        pytest.param({"a": 2, "b": 7}, 5, (), {}, {"a": 1, "b": 4}, id="a rest goes to the largest"),
        pytest.param({"a": 6, "b": 6}, 8, ("b",), {}, {"a": 2, "b": 6}, id="the critical one first"),
        pytest.param({"a": 6, "b": 6}, 4, ("b",), {}, {"a": 0, "b": 4}, id="not enough even for it"),
        pytest.param({"a": 8, "b": 8}, 12, (), {"a": 8, "b": 2}, {"a": 8, "b": 4}, id="what one has is not taken"),
        pytest.param({"a": 8, "b": 8}, 5, (), {"a": 8, "b": 2}, {"a": 8, "b": 2}, id="over the limit already"),
        pytest.param({"a": 2, "b": 8}, 8, (), {"a": 8, "b": 2}, {"a": 2, "b": 6}, id="what one lets go is shared"),
        pytest.param({"a": 0, "b": 0}, 0, (), {}, {"a": 0, "b": 0}, id="nobody wants anything"),
        pytest.param({"a": 5, "b": 7}, 12, (), {}, {"a": 5, "b": 7}, id="enough for all"),
    ],
)
def test_the_limit_is_shared(
    wishes: Mapping[str, int],
    limit: int,
    critical: tuple[str, ...],
    present: Mapping[str, int],
    shares: Mapping[str, int],
) -> None:
    assert share(limit, asks(wishes, critical, present)) == shares


def test_tasks_of_different_size_share_what_they_use_and_not_their_number() -> None:
    """12 cores: a has two of 2 cores and wishes for four; b has none and wishes for eight of 1. Left 8 of 12 wished."""
    assert share(12, [Ask("a", 2, 2, 4, 2.0), Ask("b", 2, 0, 8, 1.0)]) == {"a": 3, "b": 6}


@given(counts, st.integers(0, 120), st.sets(st.sampled_from("abcdef")), counts)
def test_shares_stay_inside_the_limit_and_the_wishes_and_use_all_there_is(
    wishes: dict[str, int], limit: int, critical: set[str], present: dict[str, int]
) -> None:
    shares = share(limit, asks(wishes, tuple(sorted(critical)), present))
    kept = sum(min(wish, present.get(name, 0)) for name, wish in wishes.items())
    assert sum(shares.values()) == max(min(limit, sum(wishes.values())), kept)
    for name, wish in wishes.items():
        assert min(wish, present.get(name, 0)) <= shares[name] <= wish


@given(counts, st.integers(0, 120), counts, st.dictionaries(st.sampled_from("abcdef"), units))
def test_no_growth_is_granted_past_the_limit_whatever_a_task_uses(
    wishes: dict[str, int], limit: int, present: dict[str, int], sizes: dict[str, float]
) -> None:
    given = [Ask(name, len(name), present.get(name, 0), wish, sizes.get(name, 1.0)) for name, wish in wishes.items()]
    shares = share(limit, given)
    used = sum(shares[ask.name] * ask.unit for ask in given)
    kept = sum(min(ask.has, ask.wish) * ask.unit for ask in given)
    assert used <= max(limit, kept) + 1e-6


@given(counts, st.integers(0, 120), counts)
def test_the_order_of_the_services_does_not_matter(wishes: dict[str, int], limit: int, present: dict[str, int]) -> None:
    turned = dict(reversed(wishes.items()))
    assert share(limit, asks(wishes, ("c",), present)) == share(limit, asks(turned, ("c",), present))
