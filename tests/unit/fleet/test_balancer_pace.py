"""A least rate: over each stretch anew, and only of what is the same movement."""

from __future__ import annotations

import pytest

from fleetfoot.fleet.balancer.pace import Pace


@pytest.mark.parametrize(
    ("moved", "slow"),
    [
        pytest.param([(20_000, 0)], True, id="nothing"),
        pytest.param([(20_000, 9_999)], True, id="a-byte-too-few"),
        pytest.param([(20_000, 10_000)], False, id="just-enough"),
        pytest.param([(19_999, 0)], False, id="the-stretch-is-not-over"),
        pytest.param([(19_000, 0), (19_500, 10_000), (20_000, 10_000)], False, id="late-but-at-once"),
        pytest.param([(20_000, 1_000_000), (39_999, 1_000_000)], False, id="fast-then-a-pause"),
        pytest.param([(20_000, 1_000_000), (40_000, 1_000_001)], True, id="what-came-fast-before-buys-nothing"),
        pytest.param([(40_000, 10_000)], True, id="seen-late-the-span-counts-as-it-was"),
    ],
)
def test_who_is_too_slow_at_500_bytes_a_second_over_20_s(moved: list[tuple[float, int]], slow: bool) -> None:
    pace = Pace(None, 0, 0.0)
    assert [pace.too_slow(sum_, now, 500, 20_000) for now, sum_ in moved][-1] is slow
