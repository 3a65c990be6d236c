"""Sharing what there is between services."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.core.arbiter import WHOLE, Grant, grant

counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 50), min_size=1)


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
        pytest.param({"a": 0, "b": 0}, 0, (), {}, {"a": None, "b": None}, id="nobody wants anything"),
    ],
)
def test_the_limit_is_shared(
    wishes: Mapping[str, int],
    limit: int,
    critical: tuple[str, ...],
    present: Mapping[str, int],
    shares: Mapping[str, int | None],
) -> None:
    assert {name: given.tasks for name, given in grant(wishes, limit, critical, present).items()} == shares


def test_without_a_limit_or_within_it_everybody_is_granted_everything() -> None:
    assert grant({"a": 5, "b": 7}) == {"a": WHOLE, "b": WHOLE}
    assert grant({"a": 5, "b": 7}, 12) == {"a": WHOLE, "b": WHOLE}
    assert grant({}, 3) == {}


@given(counts, st.integers(0, 120), st.sets(st.sampled_from("abcdef")), counts)
def test_shares_stay_inside_the_limit_and_the_wishes_and_use_all_there_is(
    wishes: dict[str, int], limit: int, critical: set[str], present: dict[str, int]
) -> None:
    found = grant(wishes, limit, tuple(sorted(critical)), present)
    if sum(wishes.values()) <= limit:
        assert set(found.values()) == {WHOLE}
        return
    shares = {name: share.tasks or 0 for name, share in found.items()}
    kept = sum(min(wish, present.get(name, 0)) for name, wish in wishes.items())
    assert sum(shares.values()) == max(limit, kept)
    for name, wish in wishes.items():
        assert min(wish, present.get(name, 0)) <= shares[name] <= wish


@given(counts, st.integers(0, 120), counts)
def test_the_order_of_the_services_does_not_matter(wishes: dict[str, int], limit: int, present: dict[str, int]) -> None:
    turned = dict(reversed(wishes.items()))
    assert grant(wishes, limit, ("c",), present) == grant(turned, limit, ("c",), present)


def test_a_grant_of_nothing_is_not_the_same_as_no_limit() -> None:
    assert Grant(0) != WHOLE
