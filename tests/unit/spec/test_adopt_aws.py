"""AWS's scaling of services, as describe-... answers it and as templates write it, as fleetfoot.yaml."""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.policies import Step, Target
from fleetfoot.spec import SpecErrors
from fleetfoot.spec.adopt import Adopted
from tests.unit.spec.adopted import WEB, alarm, compiled, example, notes, policy, read, steps, target


def test_target_tracking_becomes_targets_and_its_waits_the_guards() -> None:
    found = example("target-tracking.json")
    cpu, requests = compiled(found)
    assert (cpu.signal, cpu.value, cpu.window) == ("cpu", 0.6, 60_000)
    assert (requests.signal, requests.value, requests.per_task) == ("requests", 14.0, True)  # 840 a minute
    guards = found.spec.services["web"].guards
    assert (guards.cooldown.out, guards.cooldown.in_) == (60_000, 300_000)
    assert (guards.stabilisation.out, guards.stabilisation.in_) == (120_000, 840_000)  # 3 and 15 datapoints of a minute


def test_the_high_resolution_metric_has_datapoints_of_20_s_and_disabled_scale_in_stays_disabled() -> None:
    found = read(target(), policy(TargetTrackingScalingPolicyConfiguration={
        "TargetValue": 50, "DisableScaleIn": True,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilizationHighResolution"}}))  # fmt: skip
    (tracked,) = compiled(found)
    assert (tracked.window, tracked.scale_in) == (20_000, False)


def test_the_template_becomes_steps_with_their_alarms_and_a_schedule() -> None:
    found = example("step-scaling.yaml")
    service = found.spec.services["service"]
    assert (service.capacity.min, service.capacity.max) == (2, 40)  # the maximum is a parameter's default
    out, back, _ = compiled(found, "service")
    assert out == Step("out", "requests", 100.0, True, "change", ((0.0, 50.0, 1.0), (50.0, 100.0, 2.0), (100.0, None, 4.0)),
                       cooldown=10_000, period=10_000)  # fmt: skip
    assert (back.threshold, back.above, back.steps, back.datapoints) == (50.0, False, ((None, 0.0, -1.0),), 3)
    schedule = service.policies[2].model_dump()
    assert schedule["zone"] == "Asia/Seoul"
    assert {name: window["min"] for name, window in schedule["windows"].items()} == {
        "morning": 15, "night": 3, "night 2": 3, "night 3": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("scaling", "warning", "want"),
    [
        pytest.param(
            steps("PercentChangeInCapacity", (0, 10, 10), (10, None, 30), MinAdjustmentMagnitude=2), alarm(),
            {"kind": "percent", "steps": ((0.0, 0.1, 10.0), (0.1, None, 30.0)), "at_least": 2, "threshold": 0.7}, id="percent",
        ),
        pytest.param(
            steps("ExactCapacity", (0, 30, 3), (30, None, 5)), alarm(threshold=30),
            {"kind": "exact", "steps": ((0.0, 0.3, 3.0), (0.3, None, 5.0)), "threshold": 0.3}, id="exact: 30 % is 3, 60 % is 5",
        ),
        pytest.param(
            steps("ChangeInCapacity", (-10, 0, -1), (None, -10, -2)), alarm(threshold=30, above=False),
            {"steps": ((None, -0.1, -2.0), (-0.1, 0.0, -1.0)), "above": False}, id="down",
        ),
        pytest.param(steps(), alarm("TargetResponseTime", 0.5), {"signal": "latency", "threshold": 500.0}, id="seconds are ms"),
        pytest.param(
            steps(), alarm("RequestCount", 6000, Statistic="Sum"), {"signal": "requests", "threshold": 100.0},
            id="6,000 a minute are 100/s",
        ),
        pytest.param(steps(), alarm("ActiveConnections", 1000), {"signal": "in_flight", "threshold": 1000.0}, id="connections"),
        pytest.param(
            steps(), alarm(Period=10, EvaluationPeriods=3, DatapointsToAlarm=2, Statistic="Maximum"),
            {"period": 10_000, "datapoints": 2, "statistic": "max"}, id="datapoints",
        ),
    ],
)  # fmt: skip
def test_a_step_policy_and_its_alarm_become_one_policy(scaling: Any, warning: Any, want: dict[str, Any]) -> None:
    (step,) = compiled(read(target(), scaling, warning))
    assert isinstance(step, Step)
    assert {key: getattr(step, key) for key in want} == want
    assert step.cooldown == 60_000


@pytest.mark.parametrize(
    ("answers", "note"),
    [
        pytest.param((steps(), alarm()), "its scalable target is not in the files", id="no target"),
        pytest.param((target(), steps(), alarm(ComparisonOperator="GreaterThanOrEqualToThreshold")), "passed strictly", id=">="),
        pytest.param((target(), steps(), alarm(DatapointsToAlarm=1, EvaluationPeriods=3)), "1 of 3 datapoints", id="m of n"),
        pytest.param((target(), steps(), alarm("Jobs")), "the metric Jobs has no source here", id="own metric"),
        pytest.param((target(), steps(), alarm(TreatMissingData="breaching")), "missing data never counts", id="missing"),
        pytest.param(
            ({"ScalableTargets": [{**WEB, "MinCapacity": 1, "MaxCapacity": 5,
                                   "SuspendedState": {"DynamicScalingOutSuspended": True}}]}, steps(), alarm()),
            "DynamicScalingOutSuspended: it is suspended there", id="suspended",
        ),
        pytest.param(
            (target(), steps(), alarm(), {"ScheduledActions": [{**WEB, "ScheduledActionName": "odd", "Schedule": "rate(1 day)",
                                                                "ScalableTargetAction": {"MinCapacity": 3}}]}),
            "odd (rate(1 day)) is not carried over", id="a rate",
        ),
    ],
)  # fmt: skip
def test_what_has_no_equal_is_told(answers: tuple[dict[str, Any], ...], note: str) -> None:
    assert note in notes(read(*answers))


def test_beside_steps_target_tracking_keeps_its_datapoints_as_its_window() -> None:
    tracked = policy("t", TargetTrackingScalingPolicyConfiguration={
        "TargetValue": 50, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}})  # fmt: skip
    found = read(target(), tracked, steps(), alarm())
    first, second = compiled(found)
    assert isinstance(first, Target)
    assert isinstance(second, Step)
    assert first.window == 180_000
    assert found.spec.services["web"].guards.stabilisation.in_ == 0
    assert "the waits of t" in notes(found)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        pytest.param((target(9, 2), steps(), alarm()), "0.json:8:19", id="bounds"),
        pytest.param((target(),), "nothing of its scaling can be carried over", id="no policy"),
        pytest.param((target(), policy(PolicyType="Odd")), "has no configuration", id="an unknown policy"),
        pytest.param((target(), steps(), alarm(Threshold="high")), "'high' is not a number", id="no number"),
        pytest.param(({"Resources": {"A": {"Type": "AWS::S3::Bucket"}}},), "holds no", id="a template without scaling"),
        pytest.param(
            ({"Resources": {"A": {"Type": "AWS::AutoScaling::WarmPool"}}},),
            "A (AWS::AutoScaling::WarmPool) is not read",
            id="nothing but a warm pool",
        ),
        pytest.param(
            ({"Resources": {"A": {"Type": "AWS::AutoScaling::ScalingPolicy"}}},),
            "the policy a (?) has no configuration",
            id="an empty policy of EC2",
        ),
    ],
)
def test_what_cannot_be_imported_is_told_with_its_place(answers: tuple[dict[str, Any], ...], told: str) -> None:
    with pytest.raises(SpecErrors) as refused:
        read(*answers)
    assert told in str(refused.value)


def backlog_over(count: str, expression: str = "m1 / m2") -> Adopted:
    def stat(name: str, metric: str) -> dict[str, Any]:
        return {"Id": name, "ReturnData": False,
                "MetricStat": {"Metric": {"MetricName": metric, "Namespace": "x"}, "Stat": "Sum"}}  # fmt: skip

    queries = [
        stat("m1", "ApproximateNumberOfMessagesVisible"),
        stat("m2", count),
        {"Id": "e", "Expression": expression},
    ]
    config = {"TargetValue": 30, "CustomizedMetricSpecification": {"Metrics": queries}}
    return read(target(), policy("backlog", TargetTrackingScalingPolicyConfiguration=config), steps(), alarm())


def test_the_backlog_per_task_that_aws_writes_as_metric_math_is_a_target_per_task() -> None:
    held = compiled(backlog_over("RunningTaskCount"))[0]
    assert isinstance(held, Target)
    assert (held.signal, held.value, held.per_task) == ("approximate_number_of_messages_visible", 30.0, True)


@pytest.mark.parametrize(
    ("count", "expression"),
    [
        pytest.param("CPUUtilization", "m1 / m2", id="no tasks"),
        pytest.param("RunningTaskCount", "m1 / m2 * 2", id="more"),
    ],
)
def test_other_metric_math_is_told(count: str, expression: str) -> None:
    found = backlog_over(count, expression)
    assert not any(isinstance(one, Target) for one in compiled(found))
    assert "metric math is carried over only as" in notes(found)
