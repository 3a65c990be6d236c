"""A template read back and run: what fleetfoot wrote, and what somebody else did."""

from __future__ import annotations

import itertools

import pytest

from fleetfoot.provision import MODES, stack
from fleetfoot.provision.write import to_json, to_yaml
from fleetfoot.sim.native import Native, execute, with_bounds
from fleetfoot.sim.native.scaling import Bounds
from fleetfoot.sim.setup import Setup
from tests.unit.provision.made import plan
from tests.unit.sim.rivals.feeds import Run

MONDAY = 4 * 86_400_000  # ms: the first of the epoch
LADDER = """
      - step: {name: up, signal: requests, above: 100/s, add: {0: 1, 50: 2, 100: 4}, cooldown: 10s}
      - step: {name: down, signal: requests, below: 50/s, remove: 1, cooldown: 30s, datapoints: 3}
"""
CPU = "[target: {signal: cpu, value: 70%}]"


def native(mode: str = "alarms", policies: str | None = None, start: int = 0) -> Native:
    return execute("stack.yaml", to_yaml(stack(plan(mode, policies))).encode()).make(start)


def run(scaler: Native, rate: dict[int, float], desired: int = 2, **signals: float) -> Run:
    """``rate``: second -> requests/s from then on."""

    def requests(second: int) -> float:
        return rate[max(at for at in rate if at <= second)]

    constant = {name: (lambda _, value=value: value) for name, value in signals.items()}
    return Run(scaler, {"requests": requests, **constant}, desired, maximum=14)


def test_the_largest_step_acts_at_once_and_not_the_first_one_met() -> None:
    """140 to 230/s: one alarm for all steps would add 1 and then wait a minute."""
    orders = run(native(policies=LADDER), {0: 28, 60: 120, 100: 230}).until(140)
    assert [count for _, count in orders] == [3, 7]
    assert orders[0][0] <= 60 + 30
    assert orders[1][0] <= 100 + 30


def test_a_step_is_repeated_once_a_minute_while_it_lasts() -> None:
    orders = run(native(policies=LADDER), {0: 120}).until(250)
    assert [count for _, count in orders] == [3, 4, 5, 6]
    assert [round(after[0] - before[0]) for before, after in itertools.pairwise(orders)] == [60, 60, 60]


def test_target_tracking_on_20_s_metrics_triggers_after_70_to_90_s() -> None:
    """Published by AWS: 86 s."""
    scaler = native("native20", CPU)
    made = Run(scaler, {"cpu": lambda second: 0.9 if second >= 300 else 0.6}, 4, maximum=14)
    (at, count), *_ = made.until(500)
    assert 70 <= at - 300 <= 90
    assert count == 6  # 4 * 0.9 / 0.7 rounded up


@pytest.mark.parametrize("at", range(300_000, 320_000, 1_000))
def test_metrics_that_break_off_shrink_nothing(at: int) -> None:
    """At every second of two periods, in the middle of traffic that needs all there is."""
    for mode, policies in (("alarms", LADDER), ("native20", CPU)):
        scaler = native(mode, policies)
        scaler.lost = at
        made = Run(scaler, {"requests": lambda _: 90.0, "cpu": lambda _: 0.69}, 8, maximum=14)
        assert all(count >= 8 for _, count in made.until(900))


def test_scale_in_comes_when_the_traffic_is_gone() -> None:
    orders = run(native(policies=LADDER), {0: 80, 100: 10}, desired=4).until(400)
    assert [count for _, count in orders] == [3, 2]


def test_the_bounds_follow_the_week_in_the_schedules_zone() -> None:
    scaler = native("native20", "[schedule: {zone: Asia/Seoul, day: {when: weekdays 09:00-18:00, min: 6}}]", MONDAY)
    hour = 3_600_000
    assert scaler.at(0) == Bounds(6, 14)  # 09:00 in Seoul
    assert scaler.at(9 * hour - 1) == Bounds(6, 14)
    assert scaler.at(9 * hour) == Bounds(2, 14)
    assert scaler.at(-hour) == Bounds(2, 14)


def test_a_minimum_that_rises_raises_the_count() -> None:
    scaler = native("native20", "[schedule: {day: {when: Mon 00:05-18:00, min: 6}}]", MONDAY)
    assert run(scaler, {0: 10}).until(400) == [(300.0, 6)]


def test_the_simulated_service_has_the_templates_bounds() -> None:
    found = execute("s", to_yaml(stack(plan("native20", "[schedule: {a: {when: Mon, min: 6, max: 30}}]"))).encode())
    assert (with_bounds(Setup(), found).minimum, with_bounds(Setup(), found).maximum) == (2, 30)


@pytest.mark.parametrize("mode", MODES)
def test_yaml_and_json_are_the_same_template(mode: str) -> None:
    made = stack(plan(mode))
    yaml, json = (execute("s", text(made).encode()) for text in (to_yaml, to_json))
    assert (yaml.bounds, yaml.mode, len(yaml.notes)) == (json.bounds, json.mode, len(json.notes))
    assert repr(yaml.make(0)) == repr(json.make(0))


def test_the_controllers_template_leaves_a_backstop_that_never_shrinks() -> None:
    (policy,) = native("controller").tracking
    assert (policy.track.scale_in, policy.track.target, policy.track.resolution) == (False, 0.85, 20_000)


THEIRS = """
Resources:
  Target:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties: {{MinCapacity: 1, MaxCapacity: 9, ResourceId: service/c/s}}
  Policy:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      PolicyType: StepScaling
      StepScalingPolicyConfiguration: {{AdjustmentType: ChangeInCapacity, StepAdjustments: [{steps}]}}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {{MetricName: {metric}, Namespace: MyApp/Performance, Period: 10, EvaluationPeriods: 1, Threshold: 100,
      ComparisonOperator: {how}, AlarmActions: [!Ref Policy]}}
"""
STEP = "{MetricIntervalLowerBound: 0, ScalingAdjustment: 1}"


def theirs(steps: str = STEP, metric: str = "RequestsPerSecond", how: str = "GreaterThanThreshold") -> bytes:
    return THEIRS.format(steps=steps, metric=metric, how=how).encode()


def test_somebody_elses_template_is_executed_too() -> None:
    """An average of what each task publishes: 500/s on four of them."""
    scaler = execute("t", theirs()).make(0)
    orders = run(scaler, {0: 300, 60: 500}, desired=4).until(120)
    assert [count for _, count in orders] == [5]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        pytest.param(
            theirs(metric="Nothing"), "the simulated world has no Average of MyApp/Performance Nothing", id="metric"
        ),
        pytest.param(theirs(how="LessThanLowerThreshold"), "LessThanLowerThreshold is not executed", id="comparison"),
        pytest.param(theirs(steps=f"{STEP}, {STEP}"), "overlap", id="steps"),
        pytest.param(theirs().replace(b"MaxCapacity: 9", b"MaxCapacity: 0"), "MaxCapacity: 0 is below", id="bounds"),
        pytest.param(b"Resources: {}", "has 0 scalable targets", id="no-target"),
        pytest.param(b"services: {}", "is no CloudFormation template", id="another-file"),
        pytest.param(b"[", "t:2:1", id="no-yaml"),
    ],
)
def test_what_cannot_be_executed_is_told_with_its_place(data: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=r"t:\d") as refused:
        execute("t", data)
    assert told in str(refused.value)
