"""A group of EC2, as its commands answer it and as templates write it, as fleetfoot.yaml."""

from __future__ import annotations

from typing import Any

from fleetfoot.core.policies import Step, Target
from fleetfoot.spec.adopt import Adopted
from tests.unit.spec.adopted import alarm, compiled, example, notes, read


def test_a_group_of_ec2_becomes_steps_a_forecast_and_a_schedule() -> None:
    found = example("ec2-group.yaml")
    service = found.spec.services["web"]
    out, back, ahead, week = (policy.model_dump(by_alias=False) for policy in service.policies)
    assert (service.capacity.min, service.capacity.max) == (2, 20)
    stepped = {"signal": "cpu", "above": 0.7, "add": {0.0: 2.0}, "cooldown": 300_000, "datapoints": 2}
    assert {key: out[key] for key in stepped} == stepped
    assert (back["below"], back["remove"], back["cooldown"]) == (0.3, {0.0: 1.0}, 600_000)
    wanted = {"mode": "forecast and scale", "buffer": 600_000, "utilisation": 0.7}
    wanted |= {"on_breach": "raise", "breach_buffer": 0.2}
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
