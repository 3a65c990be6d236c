"""AWS's scaling, as describe-... answers it and as templates write it, and KEDA's, as fleetfoot.yaml."""

# ruff: noqa: E501

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fleetfoot.core.compile import compile_service
from fleetfoot.core.policies import Hpa, Step, Target
from fleetfoot.spec import SpecErrors
from fleetfoot.spec.adopt import Adopted, adopt
from fleetfoot.spec.adopt.actions import unix_week_of, week_of
from fleetfoot.spec.policies import SchedulePolicy

EXAMPLES = Path(__file__).parents[3] / "examples/import"
WEB = {"ServiceNamespace": "ecs", "ResourceId": "service/prod/web", "ScalableDimension": "ecs:service:DesiredCount"}


def read(*answers: dict[str, Any]) -> Adopted:
    return adopt(
        [(f"{number}.json", json.dumps(answer, indent=1).encode()) for number, answer in enumerate(answers)], {}
    )


def example(name: str) -> Adopted:
    return adopt([(name, (EXAMPLES / name).read_bytes())], {})


def target(low: int = 2, high: int = 40) -> dict[str, Any]:
    return {"ScalableTargets": [{**WEB, "MinCapacity": low, "MaxCapacity": high}]}


def policy(name: str = "p", **config: Any) -> dict[str, Any]:
    return {"ScalingPolicies": [{**WEB, "PolicyName": name, "PolicyARN": f"arn:{name}", "PolicyType": "x", **config}]}


def steps(kind: str = "ChangeInCapacity", *rows: tuple[int | None, int | None, int], **more: Any) -> dict[str, Any]:
    adjustments = []
    for low, high, by in rows or ((0, None, 1),):
        row = {"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high, "ScalingAdjustment": by}
        adjustments.append({key: value for key, value in row.items() if value is not None})
    config = {"AdjustmentType": kind, "StepAdjustments": adjustments, "Cooldown": 60, **more}
    return policy(StepScalingPolicyConfiguration=config)


def alarm(metric: str = "CPUUtilization", threshold: float = 70, above: bool = True, **more: Any) -> dict[str, Any]:
    operator = "GreaterThanThreshold" if above else "LessThanThreshold"
    row = {"AlarmName": "a", "AlarmActions": ["arn:p"], "MetricName": metric, "Statistic": "Average", "Period": 60,
           "EvaluationPeriods": 1, "Threshold": threshold, "ComparisonOperator": operator, **more}  # fmt: skip
    return {"MetricAlarms": [row]}


def compiled(found: Adopted, name: str = "web") -> tuple[Any, ...]:
    return compile_service(found.spec.services[name]).policies


def notes(found: Adopted, name: str = "web") -> str:
    return "\n".join(found.notes[name])


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
    ("text", "minutes"),
    [
        pytest.param("cron(30 11 ? * MON *)", [690], id="Monday"),
        pytest.param("cron(0 8 ? * 2-3 *)", [480, 1920], id="numbers count from Sunday"),
        pytest.param("cron(0 0 ? * FRI-MON *)", [0, 5760, 7200, 8640], id="over the week's end"),
        pytest.param("cron(0 8 * * ? *)", [480 + 1440 * day for day in range(7)], id="every day"),
        pytest.param("cron(0 8 1 * ? *)", [], id="a day of the month"),
        pytest.param("cron(0/5 8 ? * * *)", [], id="several times"),
        pytest.param("cron(0 8 ? * 6L *)", [], id="the last Friday"),
    ],
)
def test_a_cron_of_days_at_one_time_is_read_and_no_other(text: str, minutes: list[int]) -> None:
    assert week_of(text) == minutes


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        pytest.param("30 11 * * 1", [690], id="Monday is 1"),
        pytest.param("0 8 * * 0", [6 * 1440 + 480], id="Sunday is 0"),
        pytest.param("0 8 * * 7", [6 * 1440 + 480], id="and 7"),
        pytest.param("0 22 * * FRI-SAT", [4 * 1440 + 1320, 5 * 1440 + 1320], id="by name"),
        pytest.param("0 8 * * *", [480 + 1440 * day for day in range(7)], id="every day"),
        pytest.param("0 24 * * *", [], id="no hour"),
        pytest.param("0 8 1 * *", [], id="a day of the month"),
        pytest.param("*/5 8 * * *", [], id="several times"),
    ],
)
def test_a_cron_of_unix_counts_its_days_from_sunday(text: str, minutes: list[int]) -> None:
    assert unix_week_of(text) == minutes


def test_dated_actions_hold_until_the_next_one() -> None:
    def action(name: str, at: str, low: int) -> dict[str, Any]:
        return {**WEB, "ScheduledActionName": name, "Schedule": f"at({at})", "Timezone": "Asia/Seoul",
                "ScalableTargetAction": {"MinCapacity": low, "MaxCapacity": 100}}  # fmt: skip

    sale = {"ScheduledActions": [action("after", "2031-11-29T00:00:00", 2), action("sale", "2031-11-28T08:00:00", 50)]}
    found = read(target(high=100), steps(), alarm(), sale)
    windows = found.spec.services["web"].policies[1].model_dump()["windows"]
    assert [(name, window["min"]) for name, window in windows.items()] == [("sale", 50)]
    assert "after, the last that is dated" in notes(found)


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


def test_a_scaled_object_becomes_an_hpa_from_zero() -> None:
    found = example("scaled-object.yaml")
    service = found.spec.services["workers"]
    assert (service.capacity.min, service.capacity.max) == (0, 50)
    (policy,) = compiled(found, "workers")
    assert isinstance(policy, Hpa)
    assert [(m.signal, m.form, m.target) for m in policy.metrics] == [("aws_sqs_queue", "per task", 30_000)]
    assert "cooldownPeriod is not carried over" in notes(found, "workers")


def cron(start: str, end: str, tasks: int = 10) -> dict[str, Any]:
    data = {"timezone": "Asia/Seoul", "start": start, "end": end, "desiredReplicas": str(tasks)}
    return {"type": "cron", "metadata": data}


def scaled(*triggers: dict[str, Any]) -> Adopted:
    return read({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "web"},
                 "spec": {"scaleTargetRef": {"name": "web"}, "maxReplicaCount": 50, "triggers": [*triggers]}})  # fmt: skip


def test_a_cron_trigger_holds_its_replicas_from_its_start_to_its_end() -> None:
    found = scaled(cron("0 8 * * 1-5", "30 19 * * 1-5"), cron("0 22 * * 5", "0 6 * * 6", 80))
    weekdays, night = found.spec.services["web"].policies
    assert isinstance(weekdays, SchedulePolicy)
    assert isinstance(night, SchedulePolicy)
    assert [(name, w.when[0].text, w.min) for policy in (weekdays, night) for name, w in policy.windows.items()] == [
        ("cron 1", "weekdays 08:00-19:30", 10),
        ("cron 2", "friday 22:00-24:00", 50),
        ("cron 2 2", "saturday 00:00-06:00", 50),
    ]
    assert (weekdays.zone, found.notes["web"]) == ("Asia/Seoul", [])


def test_a_cron_trigger_that_is_no_week_is_told() -> None:
    found = scaled(
        cron("0 8 1 * *", "0 9 1 * *"), {"type": "cpu", "metadata": {"value": "60"}, "metricType": "Utilization"}
    )
    assert "the cron trigger (0 8 1 * * to 0 9 1 * *) is not carried over" in notes(found)


def test_a_group_of_ec2_becomes_steps_a_forecast_and_a_schedule() -> None:
    found = example("ec2-group.yaml")
    service = found.spec.services["web"]
    out, back, ahead, week = (policy.model_dump(by_alias=False) for policy in service.policies)
    assert (service.capacity.min, service.capacity.max) == (2, 20)
    assert (out["signal"], out["above"], out["add"], out["cooldown"], out["datapoints"]) == (
        "cpu",
        0.7,
        {0.0: 2.0},
        300_000,
        2,
    )
    assert (back["below"], back["remove"], back["cooldown"]) == (0.3, {0.0: 1.0}, 600_000)
    wanted = {
        "mode": "forecast and scale",
        "buffer": 600_000,
        "on_breach": "raise",
        "breach_buffer": 0.2,
        "utilisation": 0.7,
    }
    assert {key: ahead[key] for key in wanted} == wanted
    assert [(name, window["min"], window["max"]) for name, window in week["windows"].items()] == [
        ("Morning", 15, 20), ("Night", 3, 20), ("Night 2", 3, 20), ("Night 3", 3, 20),
    ]  # fmt: skip
    assert "a task stands for an instance here" in notes(found)
    assert "a forecast here is of requests a second" in notes(found)


def grouped(*policies: dict[str, Any], **more: list[dict[str, Any]]) -> Adopted:
    """As the commands of EC2 Auto Scaling answer."""
    mine = {"AutoScalingGroupName": "web"}
    return read(
        {"AutoScalingGroups": [{**mine, "MinSize": 1, "MaxSize": 9}]},
        {"ScalingPolicies": [{**mine, "PolicyName": "p", "PolicyARN": "arn:p", **policy} for policy in policies]},
        {key: [{**mine, **row} for row in rows] for key, rows in more.items()} | alarm(),
    )


def test_the_answers_of_ec2_are_read_too() -> None:
    """A warm-up is the rest of a step policy, which has no cooldown of its own."""
    rows = [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 3}]
    step = {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity", "StepAdjustments": rows}
    held = {"PredefinedMetricType": "ASGAverageCPUUtilization"}
    tracked = {"PolicyType": "TargetTrackingScaling", "PolicyName": "cpu",
               "TargetTrackingConfiguration": {"PredefinedMetricSpecification": held, "TargetValue": 50.0}}  # fmt: skip
    once = {"ScheduledActionName": "sale", "StartTime": "2031-11-28T08:00:00", "MinSize": 5, "DesiredCapacity": 5}
    found = grouped({**step, "EstimatedInstanceWarmup": 120}, tracked, ScheduledUpdateGroupActions=[once])
    first, second = compiled(found)
    assert isinstance(first, Step)
    assert (first.cooldown, first.steps) == (120_000, ((0.0, None, 3.0),))
    assert isinstance(second, Target)
    assert second.value == 0.5
    assert "sale: DesiredCapacity sets the count once there" in notes(found)


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
