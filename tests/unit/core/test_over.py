"""The one definition of a second over the objective."""

from __future__ import annotations

import pytest

from fleetfoot.core.over import second_is_over


@pytest.mark.parametrize(
    ("arrivals", "bad", "percentile", "over"),
    [
        pytest.param(0, 0, 0.95, False, id="a second without arrivals"),
        pytest.param(0, 3, 0.95, False, id="without arrivals, whatever else was bad"),
        pytest.param(100, 5, 0.95, False, id="exactly the allowed share"),
        pytest.param(100, 6, 0.95, True, id="one more"),
        pytest.param(20, 1, 0.95, False, id="one of twenty"),
        pytest.param(19, 1, 0.95, True, id="one of nineteen"),
        pytest.param(1, 1, 0.95, True, id="the only one"),
        pytest.param(1000, 1, 0.999, False, id="exactly one in a thousand"),
        pytest.param(999, 1, 0.999, True, id="one in 999"),
        pytest.param(2, 1, 0.5, False, id="a median"),
        pytest.param(100, 5.4, 0.95, True, id="parts of a request, from a fluid model"),
    ],
)
def test_a_second_is_over_when_more_than_the_allowed_share_is_bad(
    arrivals: int, bad: float, percentile: float, over: bool
) -> None:
    assert second_is_over(arrivals, bad, percentile) is over


def test_a_p95_objective_is_meant_when_nothing_is_said() -> None:
    assert second_is_over(100, 6)
    assert not second_is_over(100, 5)
