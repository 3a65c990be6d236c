"""AWS step scaling. The rounding of percentages is the core policy's, tested with it."""

from __future__ import annotations

import pytest

from fleetfoot.core.policies.step import CHANGE, EXACT, PERCENT
from fleetfoot.sim.rivals.step_scaling import Step, StepScaling, Watch, faults, pick
from tests.unit.sim.rivals.feeds import Run, step

UP = (Step(0, 10, 10), Step(10, 20, 20), Step(20, None, 30))
DOWN = (Step(-10, 0, -10), Step(None, -10, -30))


@pytest.mark.parametrize(
    ("steps", "kind", "said"),
    [
        pytest.param(UP, CHANGE, None, id="three steps up"),
        pytest.param(DOWN, PERCENT, None, id="two steps down"),
        pytest.param((Step(None, 0, -1), Step(0, None, 1)), CHANGE, None, id="both sides"),
        pytest.param((Step(None, None, 1),), CHANGE, "both sides", id="open on both sides"),
        pytest.param((Step(0, 10, 1), Step(20, None, 2)), CHANGE, "gap", id="a gap"),
        pytest.param((Step(0, 10, 1), Step(5, None, 2)), CHANGE, "overlap", id="an overlap"),
        pytest.param((Step(0, None, 1), Step(10, None, 2)), CHANGE, "more than one", id="two without an upper bound"),
        pytest.param((Step(-10, 0, -1),), CHANGE, "negative lower", id="a negative lower bound alone"),
        pytest.param((Step(0, 10, 1),), CHANGE, "positive upper", id="a positive upper bound alone"),
        pytest.param((Step(10, 10, 1), Step(10, None, 2)), CHANGE, "empty", id="an empty step"),
        pytest.param((Step(0, None, -3),), EXACT, "negative", id="a negative exact count"),
        pytest.param((Step(0, None, 1),), "times", "unknown", id="an unknown kind"),
    ],
)
def test_steps_are_refused_as_aws_refuses_them(steps: tuple[Step, ...], kind: str, said: str | None) -> None:
    found = faults(steps, kind)
    assert found == [] if said is None else any(said in row for row in found)


@pytest.mark.parametrize(
    ("steps", "distance", "above", "adjustment"),
    [
        pytest.param(UP, 0, True, 10, id="the lower bound belongs to its step"),
        pytest.param(UP, 10, True, 20, id="the upper one does not"),
        pytest.param(UP, 1000, True, 30, id="open above"),
        pytest.param(DOWN, 0, False, -10, id="below: the upper bound belongs to its step"),
        pytest.param(DOWN, -10, False, -30, id="below: the lower one does not"),
        pytest.param(DOWN, -99, False, -30, id="open below"),
        pytest.param(UP, -1, True, None, id="outside of all"),
    ],
)
def test_a_distance_picks_its_step(
    steps: tuple[Step, ...], distance: float, above: bool, adjustment: float | None
) -> None:
    assert pick(steps, distance, above) == adjustment


@pytest.mark.parametrize(
    ("watch", "current", "points", "count"),
    [
        pytest.param(Watch(60, UP, kind=PERCENT), 10, [65.0], 11, id="+10 % of 10"),
        pytest.param(Watch(60, UP, kind=PERCENT), 11, [85.0], 14, id="+30 % of 11"),
        pytest.param(Watch(40, DOWN, False, PERCENT), 14, [35.0], 13, id="-10 % of 14"),
        pytest.param(Watch(40, DOWN, False, PERCENT), 13, [20.0], 10, id="-30 % of 13"),
        pytest.param(Watch(60, (Step(0, None, 5),), kind=EXACT), 3, [61.0], 5, id="an exact count"),
        pytest.param(Watch(60, UP), 10, [65.0], 20, id="a change in tasks"),
        pytest.param(Watch(60, UP, kind=PERCENT, datapoints=2), 10, [61.0, 75.0], 11, id="the mean of the datapoints"),
        pytest.param(Watch(60, UP, kind=PERCENT, at_least=2), 10, [65.0], 12, id="the least adjustment"),
    ],
)
def test_a_breach_changes_the_count_by_its_step(watch: Watch, current: int, points: list[float], count: int) -> None:
    assert watch.wanted(current, points) == count


CPU_UP = Watch(0.6, (Step(0.0, 0.2, 25), Step(0.2, None, 50)), kind=PERCENT)
CPU_DOWN = Watch(0.4, (Step(None, 0.0, -10),), above=False, kind=PERCENT, datapoints=3)


def test_wrong_steps_are_told_when_the_scaler_is_made() -> None:
    with pytest.raises(ValueError, match="gap"):
        StepScaling("aws", "cpu", Watch(0.6, (Step(0, 1, 1), Step(2, None, 2))), CPU_DOWN)


@pytest.mark.parametrize("onset", [pytest.param(600 + i, id=f"{i} s into the minute") for i in (0, 20, 40, 59)])
def test_an_own_alarm_of_one_minute_answers_in_60_to_120_s(onset: int) -> None:
    run = Run(StepScaling("aws", "cpu", CPU_UP, CPU_DOWN), {"cpu": step(0.56, 1.0, onset)}, desired=10)
    (at, count), *_ = run.until(onset + 200)
    assert 60 <= at - onset <= 122
    assert count == (12 if onset == 640 else 15), "a minute with a third of the surge in it takes the smaller step"


def test_in_its_cooldown_a_step_counts_what_was_granted() -> None:
    cpu = step(0.56, 0.7, 600)
    run = Run(StepScaling("aws", "cpu", CPU_UP, CPU_DOWN), {"cpu": lambda s: 1.0 if s >= 780 else cpu(s)}, desired=10)
    assert run.until(1000) == [(720.0, 12), (900.0, 15)], "+25 % of 10 cut to 2, then +50 % of the same 10"


def test_three_low_minutes_shrink_by_a_tenth_each_cooldown() -> None:
    run = Run(StepScaling("aws", "cpu", CPU_UP, CPU_DOWN), {"cpu": step(0.5, 0.2, 600)}, desired=20)
    assert run.until(1300) == [(840.0, 18), (1140.0, 17)]
