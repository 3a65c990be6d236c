"""Thresholds that follow what is usual: the worked statistics, the defaults, the hard limits, the memory."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from fleetfoot.core.policies import Adaptive
from fleetfoot.core.policies.adaptive import DAY, HOUR, POINT, percentile, usual
from tests.unit.core.build import START, Service, outcome, told

SLOT = START // POINT


def policy(**changes: Any) -> Adaptive:
    return Adaptive("adaptive", "cpu", **{"above": 0.7, "at_most": 0.9, "below": 0.3, "at_least": 0.1, **changes})


#: 288 points: 240 of 0.5, and in the present hour of the day (12 of them) and three other hours 0.6.
EVEN: list[float | None] = [
    0.6 if i % DAY // HOUR in {(SLOT // HOUR + n) % 24 for n in (0, 6, 12, 18)} else 0.5
    for i in range(SLOT - 288, SLOT)
]


def test_a_percentile_lies_between_the_two_nearest_points() -> None:
    """95 % of the way through 0..10 is 9.5, 5 % is 0.5."""
    ordered = [float(i) for i in range(11)]
    assert (percentile(ordered, 0.95), percentile(ordered, 0.05)) == (9.5, 0.5)


def test_what_is_usual_is_the_mean_of_this_hour_and_the_spread_of_all() -> None:
    """240 x 0.5 and 48 x 0.6: mean (120 + 28.8) / 288 = 0.516667. Squares: 240 x 0.016667^2 + 48 x 0.083333^2 =
    0.066667 + 0.333333 = 0.4; sd = sqrt(0.4 / 287) = 0.037333. p95 lies among the largest 48: 0.6; p05 is 0.5."""
    found = usual(EVEN, SLOT)
    assert found is not None
    assert found.mean == pytest.approx(0.6)
    assert found.sd == pytest.approx(0.037333, abs=1e-6)
    assert (found.p95, found.p05) == (0.6, 0.5)


def test_an_hour_nobody_has_seen_has_the_mean_of_all() -> None:
    """Fifty points right before the hour: none of them is of it."""
    begin = SLOT // HOUR * HOUR
    found = usual([0.4, 0.6] * 25, begin)
    assert found is not None
    assert found.mean == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("changes", "points", "expected"),
    [
        pytest.param({}, EVEN[:49], (0.7, 0.3), id="49 points: as written"),
        pytest.param({}, EVEN, (0.7, 0.3), id="usual + 2 sd is 0.675 and 0.9 x p95 0.54: what is written is higher"),
        pytest.param({"above": 0.5}, EVEN, (0.674667, 0.3), id="usual + 2 sd is the highest"),
        pytest.param({"above": 0.5, "at_most": 0.65}, EVEN, (0.65, 0.3), id="the hard limit is never passed"),
        pytest.param({"below": 0.6}, EVEN, (0.7, 0.562667), id="usual - sd; 1.2 x p05 is 0.6"),
        pytest.param({"at_least": 0.25, "below": 0.3}, [0.0, 0.6] * 144, (0.9, 0.25), id="a wide spread: at least"),
        pytest.param({"below": None}, EVEN, (0.7, None), id="no scale-in"),
    ],
)
def test_the_thresholds_follow_the_points_within_the_hard_limits(
    changes: dict[str, Any], points: list[float | None], expected: tuple[float, float]
) -> None:
    """For [0, 0.6] x 144: mean 0.3, sd 0.3005; 0.3 + 0.601 = 0.901 is cut to 0.9, and 0.3 - 0.3 < 0.25."""
    found = policy(**changes).thresholds(usual(points, SLOT))
    assert found == pytest.approx(expected, abs=1e-5)


def living(**changes: Any) -> Service:
    return Service(policy(window=1000, **changes))


def test_until_fifty_points_are_known_it_does_as_written() -> None:
    service = living()
    assert service.tick(cpu=0.71).desired == 5
    service = living()
    service.tick(cpu=0.7)
    assert outcome(service.vote) == "4", "on the threshold is not above it"
    assert service.tick(cpu=0.29).desired == 3


def test_a_point_is_the_mean_of_five_minutes_and_a_gap_is_no_point() -> None:
    service = living()
    service.now = SLOT * POINT
    service.run(150, 10_000, cpu=0.4)
    service.run(150, 10_000, cpu=0.6)
    service.run(300, 10_000)  # nothing is seen
    service.run(10, 10_000, cpu=0.5)
    points = service.memory.slice("adaptive")["points"]
    assert points[0] == pytest.approx(0.5, abs=0.02)
    assert points[1:] == [None]


def test_a_sleep_leaves_a_hole_and_no_more_than_the_history_is_kept() -> None:
    service = living(keep=60)
    service.run(600, 10_000, cpu=0.5)
    service.now += 10 * POINT
    service.tick(cpu=0.5)
    points = service.memory.slice("adaptive")["points"]
    assert points.count(None) >= 9
    service.now += 1000 * POINT
    service.tick(cpu=0.5)
    assert len(service.memory.slice("adaptive")["points"]) == 60


@pytest.mark.parametrize(
    ("change", "places"),
    [
        pytest.param("2026-03-29T01:00+00:00", [0.1] * 12 + [None] * 12 + [0.9] * 11, id="spring: an hour's hole"),
        pytest.param("2026-10-25T01:00+00:00", [0.9] * 11, id="autumn: the second hour stands for the first"),
    ],
)
def test_points_keep_to_the_local_clock_when_it_changes(change: str, places: list[float | None]) -> None:
    """An hour of 0.1 before, an hour of 0.9 after the clocks of Berlin change."""
    service = living(zone="Europe/Berlin", below=None, above=1.0, at_most=1.0)
    service.now = int(datetime.fromisoformat(change).timestamp() * 1000) - 12 * POINT - 10_000
    service.run(3600, 10_000, cpu=0.1)
    service.run(3600, 10_000, cpu=0.9)
    points = service.memory.slice("adaptive")["points"]
    assert [point and round(point, 2) for point in points] == places


def test_the_hour_is_that_of_its_zone() -> None:
    """Half past midnight in Seoul is half past three in the afternoon in UTC."""
    service = living(zone="Asia/Seoul")
    service.now = SLOT * POINT
    service.tick(cpu=0.5)
    assert service.memory.slice("adaptive")["slot"] == SLOT + 9 * HOUR


def test_what_is_usual_moves_the_threshold_and_the_reason_says_so() -> None:
    """Half a day between 0.6 and 0.76 (mean 0.68, sd 0.08): 0.84 and not 0.7 is unusual."""
    service = living(cooldown=0)
    service.now = SLOT * POINT - 10_000
    for i in range(144):
        service.run(POINT // 1000, 10_000, cpu=0.6 if i % 2 else 0.76)
        service.set(4)
    service.now = (SLOT + 144) * POINT
    assert service.tick(cpu=0.8).desired == 4
    decision = service.tick(cpu=0.86)
    assert decision.desired == 5
    assert "unusual" in told(decision)
    assert decision.reasons[0].data["threshold"] == pytest.approx(0.84, abs=0.01)
    assert decision.reasons[0].data["points"] == 144


def test_its_memory_is_small_and_survives_json() -> None:
    service = living()
    service.memory.slice("adaptive").update(points=[0.123456] * 288, slot=SLOT - 1, sum=0.0, span=0)
    service.tick(cpu=0.5)
    kept = json.dumps(service.memory.slice("adaptive"))
    assert len(kept) < 4000
    assert json.loads(kept) == service.memory.slice("adaptive")


def test_a_point_is_the_mean_over_time_however_irregular_the_ticks() -> None:
    """A second of 0.2 and nine of 0.8, again and again: 0.74."""
    service = Service(policy())
    service.now = (SLOT + 1) * POINT - 10_000
    for _ in range(POINT // 10_000 + 2):
        service.tick(1_000, cpu=0.2)
        service.tick(9_000, cpu=0.8)
    points = service.memory.slices["adaptive"]["points"]
    assert points[-1] == pytest.approx(0.74, abs=0.005)
