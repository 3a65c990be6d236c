"""EC2 Auto Scaling in the words of Application Auto Scaling, so that one reader does for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleetfoot.spec.adopt.at import At
from fleetfoot.spec.nodes import Items, Node

GROUP_NAME = "AutoScalingGroupName"
DIMENSION = "autoscaling:autoScalingGroup:DesiredCapacity"
_GROUP = {GROUP_NAME: "ResourceId", "MinSize": "MinCapacity", "MaxSize": "MaxCapacity"}
_POLICY = {
    GROUP_NAME: "ResourceId", "TargetTrackingConfiguration": "TargetTrackingScalingPolicyConfiguration",
    "PredictiveScalingConfiguration": "PredictiveScalingPolicyConfiguration",
}  # fmt: skip
_STEPS = ("AdjustmentType", "StepAdjustments", "ScalingAdjustment", "Cooldown", "MinAdjustmentMagnitude",
          "MetricAggregationType")  # fmt: skip
_BOUNDS = {"MinSize": "MinCapacity", "MaxSize": "MaxCapacity"}


def group(at: At) -> At:
    """A group as a scalable target."""
    found = _renamed(at, _GROUP)
    found.node.put("ScalableDimension", DIMENSION, at.mark, at.mark)
    return found


def policy(at: At) -> At:
    """A policy. A step of simple scaling counts from its alarm's threshold on, whichever side that is."""
    found = _renamed(at, _POLICY)
    found.skip("PolicyType", "EstimatedInstanceWarmup", "Enabled")
    if "AdjustmentType" not in at:
        return found
    config = _gathered(found, "StepScalingPolicyConfiguration", _STEPS)
    if "StepAdjustments" not in config:
        row, rows = Node(), Items()
        if "ScalingAdjustment" in config:
            place = config.values_at["ScalingAdjustment"]
            row.put("ScalingAdjustment", config.pop("ScalingAdjustment"), place, place)
            rows.put(row, place)
        config.put("StepAdjustments", rows, at.mark, at.mark)
    if "Cooldown" not in config and "EstimatedInstanceWarmup" in at:
        warmup = "EstimatedInstanceWarmup"
        config.put("Cooldown", at.node[warmup], at.node.keys_at[warmup], at.node.values_at[warmup])
    return found


def action(at: At) -> At:
    """A scheduled action: its cron is that of Unix, and without one it happens once."""
    found = _renamed(at, {GROUP_NAME: "ResourceId", "Recurrence": "Schedule", "TimeZone": "Timezone", **_BOUNDS})
    _gathered(found, "ScalableTargetAction", (*_BOUNDS.values(), "DesiredCapacity"))
    if "Schedule" not in found and isinstance(start := at.node.get("StartTime"), str):
        place = at.node.keys_at["StartTime"]
        found.node.pop("StartTime")
        found.node.put("Schedule", f"at({start})", place, place)
    return found


def _renamed(at: At, names: Mapping[str, str]) -> At:
    node = Node()
    for key, value in at.node.items():
        node.put(names.get(key, key), value, at.node.keys_at[key], at.node.values_at[key])
    return At(at.file, node, at.mark, at.path).with_defaults(at.defaults)


def _gathered(at: At, name: str, keys: Sequence[str]) -> Node:
    """``keys`` of ``at`` moved into a mapping of their own under ``name``."""
    inner = Node()
    for key in keys:
        if key in at.node:
            place = at.node.keys_at[key], at.node.values_at[key]
            inner.put(key, at.node.pop(key), *place)
    at.node.put(name, inner, at.mark, at.mark)
    return inner
