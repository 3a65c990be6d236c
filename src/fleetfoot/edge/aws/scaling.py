"""How a service on ECS is scaled now: the answers of AWS's describe calls, as `aws ... describe-...` prints them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from fleetfoot.edge.aws.services import EcsName, Services
from fleetfoot.edge.aws.session import Aws

ECS = {"ServiceNamespace": "ecs"}
MOST_ALARMS = 100  # to a call; a target has 50 policies at most, and two alarms where AWS tracks by itself


async def answers_of(aws: Aws, name: EcsName) -> tuple[int, bytes]:
    """The desired count, and one JSON document with all that scales the service. Raises AwsError."""
    raw = (await Services(aws, [name], lambda: 0).fresh(name)).raw
    of = {**ECS, "ResourceId": name.resource}
    aas, one = "application-autoscaling", [name.resource]
    found: dict[str, Any] = {
        "ScalableTargets": await _every(aws, aas, "DescribeScalableTargets", "ScalableTargets", **ECS, ResourceIds=one),
        "ScalingPolicies": await _every(aws, aas, "DescribeScalingPolicies", "ScalingPolicies", **of),
        "ScheduledActions": await _every(aws, aas, "DescribeScheduledActions", "ScheduledActions", **of),
    }
    alarms = [alarm["AlarmName"] for policy in found["ScalingPolicies"] for alarm in policy.get("Alarms", ())]
    if alarms:
        named = {"AlarmNames": alarms[:MOST_ALARMS], "AlarmTypes": ["MetricAlarm"]}
        found["MetricAlarms"] = await _every(aws, "cloudwatch", "DescribeAlarms", "MetricAlarms", **named)
    return int(raw["desiredCount"]), json.dumps(found, default=_plain, indent=1).encode()


async def _every(aws: Aws, api: str, call: str, key: str, **arguments: Any) -> list[Any]:
    """All pages of an answer: of policies AWS gives ten to a page."""
    found, more = list[Any](), dict[str, Any]()
    while True:
        data = (await aws.call(api, call, **arguments, **more)).data
        found += data[key]
        if not data.get("NextToken"):
            return found
        more = {"NextToken": data["NextToken"]}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is nothing AWS answers")
