"""How a service on ECS is scaled now: the answers of AWS's describe calls, as `aws ... describe-...` prints them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fleetfoot.edge.aws.services import EcsName, Services
from fleetfoot.edge.aws.session import Aws

ECS = {"ServiceNamespace": "ecs"}
PERMISSIONS = {
    "ecs:DescribeServices": "the service and its count",
    "application-autoscaling:DescribeScalableTargets": "its bounds",
    "application-autoscaling:DescribeScalingPolicies": "what scales it",
    "application-autoscaling:DescribeScheduledActions": "its schedule",
    "cloudwatch:DescribeAlarms": "the alarms of its step policies",
}


async def answers_of(aws: Aws, name: EcsName) -> tuple[int, bytes]:
    """The desired count, and one JSON document with all that scales the service. Raises AwsError."""
    raw = (await Services(aws, [name], lambda: 0).fresh(name)).raw
    of = {**ECS, "ResourceId": name.resource}
    found: dict[str, Any] = {}
    targets = await aws.call("application-autoscaling", "DescribeScalableTargets", **ECS, ResourceIds=[name.resource])
    found["ScalableTargets"] = targets.data["ScalableTargets"]
    for call, key in (("DescribeScalingPolicies", "ScalingPolicies"), ("DescribeScheduledActions", "ScheduledActions")):
        found[key] = (await aws.call("application-autoscaling", call, **of)).data[key]
    alarms = [alarm["AlarmName"] for policy in found["ScalingPolicies"] for alarm in policy.get("Alarms", ())]
    if alarms:
        answer = await aws.call("cloudwatch", "DescribeAlarms", AlarmNames=alarms[:100], AlarmTypes=["MetricAlarm"])
        found["MetricAlarms"] = answer.data["MetricAlarms"]
    return int(raw["desiredCount"]), json.dumps(found, default=_plain, indent=1).encode()


def policy() -> Mapping[str, Any]:
    """The IAM policy that reading needs: no action writes."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": sorted(PERMISSIONS), "Resource": "*"}],
    }


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is nothing AWS answers")
