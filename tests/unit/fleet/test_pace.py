"""Whether a new version is too slow: judged beside the old one, and not for a cold start."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.fleet.pace import ENOUGH, LONGEST_MS, Pace

OBJECTIVE = 500  # ms


def task(p95_ms: float, served: int = ENOUGH) -> dict[str, Any]:
    return {"p95_ms": p95_ms, "served": served}


@pytest.mark.parametrize(
    ("new", "old", "slow"),
    [
        pytest.param([task(1000)], [task(25)], True, id="beyond the objective, the old one is not"),
        pytest.param([task(400)], [task(25)], False, id="slower, and within the objective"),
        pytest.param([task(1000)], [task(900)], False, id="both are beyond it"),
        pytest.param([task(510)], [task(490)], False, id="hardly slower"),
        pytest.param([task(1000, ENOUGH - 1)], [task(25)], False, id="too few answers to tell"),
        pytest.param([task(1000)], [task(0)], False, id="the old one was not asked"),
        pytest.param([task(1000), task(30)], [task(25)], False, id="one of two is cold"),
        pytest.param([], [task(25)], False, id="none is there yet"),
    ],
)
def test_a_version_is_too_slow_beyond_the_objective_and_well_beyond_the_old_one(
    new: list[dict[str, Any]], old: list[dict[str, Any]], slow: bool
) -> None:
    pace = Pace()
    pace.see(new, old, OBJECTIVE, 1000)
    assert bool(pace.why) == slow
    assert not pace.hopeless


def test_only_one_that_stays_too_slow_is_hopeless() -> None:
    pace = Pace()
    pace.see([task(1000)], [task(25)], OBJECTIVE, LONGEST_MS - 1)
    pace.see([task(100)], [task(25)], OBJECTIVE, 1000)
    pace.see([task(1000)], [task(25)], OBJECTIVE, LONGEST_MS - 1)
    seen = [pace.hopeless]
    pace.see([task(1000)], [task(25)], OBJECTIVE, 1)
    assert [*seen, pace.hopeless] == [False, True]
    assert pace.why == "p95 of its tasks is 1000 ms, of the old version's 25 ms"
