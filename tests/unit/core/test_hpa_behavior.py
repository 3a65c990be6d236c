"""The HPA's rate limits and stabilisation, row by row.

Facts (inputs and results) of kubernetes/kubernetes `pkg/controller/podautoscaler/horizontal_test.go`: the tables
TestScalingWithRules, TestNormalizeDesiredReplicas, TestNormalizeDesiredReplicasWithBehavior,
TestConvertDesiredReplicasWithRules, TestStoreScaleEvents and two single cases; ids are the rows' own names.
"""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.hpa.behavior import (
    Behavior,
    Policy,
    Rules,
    cap,
    changed,
    down_limit,
    limit,
    stabilise,
    stabilise_down,
    up_limit,
)
from fleetfoot.core.hpa.sync import moved

NOW = 10_000_000  # ms
MINUTE = 60_000


def rules(pods: int = 0, pods_period: int = 0, percent: int = 0, percent_period: int = 0, select: str = "max") -> Rules:
    policies = []
    if pods:
        policies.append(Policy("pods", pods, 1000 * pods_period))
    if percent:
        policies.append(Policy("percent", percent, 1000 * percent_period))
    return Rules(tuple(policies), select)


def spread(changes: list[int], seconds: int) -> list[tuple[int, int]]:
    """The changes in the middles of equal parts of the last ``seconds``, the earliest first."""
    part = seconds / len(changes)
    return [(NOW - 1000 * int(seconds - part * (i + 0.5)), n) for i, n in enumerate(changes)]


RISES = spread([1, 5, 9], 120)
TENS = spread([10, 10, 10], 120)
FOUR = spread([8, 12, 9, 11], 120)
IN_RANGE, FEW, MANY = "DesiredWithinRange", "TooFewReplicas", "TooManyReplicas"
UP, DOWN = "ScaleUpLimit", "ScaleDownLimit"


def row(name: str, numbers: tuple[int, int, int, int], result: int, condition: str, **given: Any) -> Any:
    return pytest.param(numbers, result, condition, given, id=name)


@pytest.mark.parametrize(
    ("numbers", "result", "condition", "given"),
    [  # numbers: current, wanted, minimum, maximum
        row("within range", (5, 7, 3, 8), 7, IN_RANGE),
        row("under the minimum", (3, 1, 2, 8), 2, FEW),
        row("zero within range when the minimum is 0", (1, 0, 0, 10), 0, IN_RANGE),
        row("the maximum is the limit because it is under the up limit", (20, 1000, 1, 10), 10, MANY),
        row("more than the maximum", (100, 1000, 100, 150), 150, MANY),
        row("the up limit under the maximum with user policies", (3, 1000, 1, 2000), 4, UP, up=rules(0, 0, 1, 60)),
        row("the down limit over the minimum with user policies", (1000, 3, 3, 2000), 980, DOWN, down=rules(20, 60)),
        row("up with default behavior", (10, 50, 1, 1000), 20, UP),
        row("up: pods larger than percent", (10, 500, 1, 1000), 110, UP, up=rules(100, 60, 100, 60)),
        row("up: percent larger than pods", (10, 500, 1, 1000), 20, UP, up=rules(2, 60, 100, 60)),
        row("up: large pod policy", (10, 50, 1, 1000), 50, IN_RANGE, up=rules(100, 60)),
        row("up: large percent policy", (10, 50, 1, 1000), 50, IN_RANGE, up=rules(10000, 60)),
        row("up: pod policy limits", (10, 50, 1, 1000), 40, UP, up=rules(30, 60)),
        row("up: percent policy limits", (10, 50, 1, 1000), 30, UP, up=rules(0, 0, 200, 60)),
        row("down: percent larger than pods", (100, 2, 1, 1000), 80, DOWN, down=rules(20, 60, 1, 60)),
        row("down: pods larger than percent", (100, 2, 1, 1000), 98, DOWN, down=rules(2, 60, 1, 60)),
        row("down: no minimum, large pod policy", (10, 0, 1, 1000), 1, FEW, down=rules(100, 60)),
        row("down: minimum, large pod policy", (10, 0, 1, 1000), 1, FEW, down=rules(100, 60)),
        row("down: minimum, large percent policy", (10, 2, 5, 1000), 5, FEW, down=rules(0, 0, 100, 60)),
        row("down: pod policy limits", (10, 2, 1, 1000), 5, DOWN, down=rules(5, 60)),
        row("down: percent policy limits", (10, 5, 1, 1000), 5, IN_RANGE, down=rules(0, 0, 50, 60)),
        row("up: maximum, pods, events", (100, 500, 1, 200), 200, MANY, up=rules(300, 60), added=RISES),
        row("up: maximum, percent, events", (100, 500, 1, 200), 200, MANY, up=rules(0, 0, 10000, 60), added=RISES),
        row("up: many recent events", (100, 500, 1, 1000), 100, UP, up=rules(5, 120), added=RISES),
        row("up: pods and earlier growth", (100, 500, 1, 1000), 235, UP, up=rules(150, 120), added=RISES),
        row("up: percent and earlier growth", (100, 500, 1, 1000), 255, UP, up=rules(0, 0, 200, 120), added=RISES),
        row(
            "up: percent, earlier growth and shrink",
            (6, 24, 1, 1000), 16, UP,
            up=rules(0, 0, 300, 300), added=spread([4], 120), removed=spread([2], 120),
        ),
        row("down: default policy, events", (10, 5, 1, 1000), 5, IN_RANGE, removed=RISES),
        row("down: no minimum, pods, events", (100, 0, 1, 1000), 1, FEW, down=rules(115, 120), removed=RISES),
        row("down: minimum, pods, events", (100, 0, 5, 1000), 5, FEW, down=rules(130, 120), removed=RISES),
        row("down: minimum, percent, events", (100, 2, 5, 1000), 5, FEW, down=rules(0, 0, 100, 120), removed=RISES),
        row("down: pods limit, events", (100, 2, 1, 1000), 100, DOWN, down=rules(5, 120), removed=RISES),
        row(
            "down: percent limits, events",
            (100, 0, 1, 1000), 56, DOWN, down=rules(0, 0, 50, 120), removed=spread([2, 4, 6], 120),
        ),
        row(
            "down: percent, earlier growth and shrink",
            (10, 1, 1, 1000), 6, DOWN,
            down=rules(0, 0, 50, 180), added=spread([2], 120), removed=spread([4], 120),
        ),
        row("down: events prevent more", (100, 0, 1, 1000), 100, DOWN, down=rules(0, 0, 10, 120), removed=TENS),
        row("down: events still allow more", (10, 5, 1, 1000), 5, IN_RANGE, down=rules(0, 0, 1000, 120), removed=TENS),
        row("up: old events, one policy", (100, 200, 1, 1000), 200, IN_RANGE, up=rules(1000, 60), added=FOUR),
        row("up: no event old", (100, 200, 1, 1000), 200, IN_RANGE, up=rules(1000, 120, 100, 60), added=FOUR),
        row("up: some events old", (100, 200, 1, 1000), 200, IN_RANGE, up=rules(1000, 30, 100, 60), added=FOUR),
        row("down: old events, one policy", (100, 5, 1, 1000), 5, IN_RANGE, down=rules(1000, 60), removed=FOUR),
        row("down: no event old", (100, 5, 1, 1000), 5, IN_RANGE, down=rules(1000, 120, 100, 60), removed=FOUR),
        row("down: some events old", (100, 5, 1, 1000), 5, IN_RANGE, down=rules(1000, 30, 100, 60), removed=FOUR),
    ],
)  # fmt: skip
def test_the_rate_limit_reproduces_the_published_row(
    numbers: tuple[int, int, int, int], result: int, condition: str, given: dict[str, Any]
) -> None:
    default = Behavior()
    behavior = Behavior(given.get("up", default.up), given.get("down", default.down))
    got = limit(*numbers, behavior, given.get("added", []), given.get("removed", []), NOW)
    assert got == (result, condition)


@pytest.mark.parametrize(
    ("limit_of", "current", "result"),
    [pytest.param(up_limit, 1, 2, id="up, 2 pods or 50 % of 1"), pytest.param(down_limit, 5, 3, id="down, of 5")],
)
def test_the_policy_that_changes_least_is_taken_when_min_is_selected(limit_of: Any, current: int, result: int) -> None:
    assert limit_of(current, rules(2, 60, 50, 60, select="min"), [], [], NOW) == result


@pytest.mark.parametrize("limit_of", [pytest.param(up_limit, id="up"), pytest.param(down_limit, id="down")])
def test_a_disabled_direction_keeps_the_count(limit_of: Any) -> None:
    assert limit_of(7, rules(100, 60, select="disabled"), [], [], NOW) == 7


def ago(*rows: tuple[int, float]) -> list[tuple[int, int]]:
    """(number, minutes ago) -> a history."""
    return [(NOW - round(minutes * MINUTE), number) for number, minutes in rows]


@pytest.mark.parametrize(
    ("history", "wanted", "result"),
    [
        pytest.param(ago(), 5, 5, id="empty log"),
        pytest.param(ago((4, 2), (5, 1)), 3, 5, id="stabilize"),
        pytest.param(ago((1, 2), (2, 1)), 3, 3, id="no stabilize"),
        pytest.param(ago((10, 10), (9, 9)), 3, 3, id="no stabilize - old recommendations"),
        pytest.param(ago((10, 10), (4, 1), (5, 2), (9, 9)), 3, 5, id="stabilize - old recommendations"),
    ],
)
def test_without_behavior_the_highest_wish_of_five_minutes_holds(history: Any, wanted: int, result: int) -> None:
    assert stabilise_down(wanted, history, NOW) == result


@pytest.mark.parametrize(
    ("history", "current", "wanted", "result", "up", "down"),
    [  # up, down: windows in s
        pytest.param(ago(), 100, 5, 5, 0, 0, id="empty recommendations for scaling down"),
        pytest.param(ago((4, 2), (5, 1)), 100, 3, 5, 0, 180, id="simple scale down stabilization"),
        pytest.param(ago((4, 2), (5, 1)), 1, 7, 4, 300, 0, id="simple scale up stabilization"),
        pytest.param(ago((1, 2), (2, 1)), 100, 3, 3, 300, 0, id="no scale down stabilization"),
        pytest.param(ago((4, 2), (5, 1)), 1, 3, 3, 0, 300, id="no scale up stabilization"),
        pytest.param(ago((10, 10), (9, 9)), 100, 3, 3, 0, 0, id="no scale down stabilization, reuse"),
        pytest.param(ago((10, 10), (9, 9)), 1, 100, 100, 0, 0, id="no scale up stabilization, reuse"),
        pytest.param(ago((10, 10), (4, 1), (5, 2), (9, 9)), 100, 3, 5, 0, 180, id="scale down stabilization, reuse"),
        pytest.param(ago((10, 100), (6, 1), (5, 2), (9, 3)), 1, 100, 5, 300, 0, id="scale up stabilization, reuse"),
        pytest.param(ago((2, 100), (3, 3)), 2, 1, 2, 300, 300, id="both: no growth while the wish goes down"),
        pytest.param(ago((2, 100), (1, 3)), 2, 3, 2, 300, 300, id="both: no shrink while the wish goes up"),
    ],
)
def test_stabilisation_with_behavior_reproduces_the_published_row(
    history: Any, current: int, wanted: int, result: int, up: int, down: int
) -> None:
    assert stabilise(current, wanted, history, NOW, 1000 * up, 1000 * down) == result


@pytest.mark.parametrize(
    ("current", "wanted", "minimum", "maximum", "result"),
    [
        pytest.param(5, 7, 3, 8, 7, id="within range"),
        pytest.param(3, 1, 2, 8, 2, id="under the minimum"),
        pytest.param(1, 0, 0, 10, 0, id="zero within range"),
        pytest.param(20, 1000, 1, 10, 10, id="the maximum under the up limit"),
        pytest.param(3, 1000, 1, 2000, 24, id="the up limit under the maximum"),
    ],
)
def test_without_behavior_a_step_is_capped_as_published(
    current: int, wanted: int, minimum: int, maximum: int, result: int
) -> None:
    assert cap(current, wanted, minimum, maximum, factor=8) == result  # that table is published with a factor of 8


@pytest.mark.parametrize(
    ("events", "result"),
    [  # (change, seconds ago)
        pytest.param([], 0, id="empty"),
        pytest.param([(7, 61)], 0, id="one outdated entry"),
        pytest.param([(7, 58)], 7, id="one actual entry"),
        pytest.param([(7, 61), (6, 59)], 6, id="one of two outdated"),
        pytest.param([(8, 29), (6, 59), (7, 61), (9, 61)], 14, id="two of four outdated"),
        pytest.param([(7, 58), (6, 59)], 13, id="two entries, both actual"),
    ],
)
def test_changes_count_within_their_period_only(events: list[tuple[int, int]], result: int) -> None:
    assert changed([(NOW - 1000 * seconds, n) for n, seconds in events], NOW, MINUTE) == result


def test_from_2_to_100_the_default_behavior_takes_six_syncs() -> None:
    """As published: 6, 12, 24, 48, 96, 100, one every 15 s."""
    counts, now = [2], NOW
    added: list[tuple[int, int]] = []
    while counts[-1] < 100:
        counts.append(limit(counts[-1], 100, 1, 100, Behavior(), added, [], now).replicas)
        added.append((now, counts[-1] - counts[-2]))
        now += 15_000
    assert counts == [2, 6, 12, 24, 48, 96, 100]


def test_from_2_to_100_without_behavior_each_step_doubles() -> None:
    counts = [2]
    while counts[-1] < 100:
        counts.append(cap(counts[-1], 100, 1, 100))
    assert counts == [2, 4, 8, 16, 32, 64, 100]


def test_ten_per_cent_of_five_grows_to_six_and_shrinks_to_four() -> None:
    assert up_limit(5, rules(0, 0, 10, 60), [], [], NOW) == 6
    assert down_limit(5, rules(0, 0, 10, 60), [], [], NOW) == 4


def test_what_moved_is_remembered_by_its_direction_and_size() -> None:
    past: dict[str, Any] = {}
    for at, before, after in ((5, 4, 6), (6, 6, 3), (7, 3, 3)):
        moved(past, at, before, after)
    assert past == {"added": [[5, 2]], "removed": [[6, 3]]}
