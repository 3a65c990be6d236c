"""Signals in an alarm: which metric, which statistic, and a threshold in its unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleetfoot.provision.plan import Plan
from fleetfoot.provision.template import Resource, Value, pairs, ref
from fleetfoot.spec.cloudwatch import ECS_RESOLUTION, METRICS, PUBLISHED

PERIODS: tuple[int, ...] = (10_000, 30_000, *range(60_000, 3_600_001, 60_000))
"""ms an alarm's period may be; 20 s too, but no linter knows it yet."""


class Alarm(Resource, of="AWS::CloudWatch::Alarm"):
    AlarmName: Value
    AlarmDescription: Value
    ComparisonOperator: Value
    Threshold: Value
    EvaluationPeriods: Value
    DatapointsToAlarm: Value
    AlarmActions: Value
    MetricName: Value
    Namespace: Value
    Period: Value
    Dimensions: Value
    Statistic: Value = None
    ExtendedStatistic: Value = None
    TreatMissingData: Value = "notBreaching"
    OKActions: Value = None


def period_of(signal: str, asked: int) -> int:
    """ms of one datapoint of an alarm on ``signal``: ``asked``, or the next that AWS takes."""
    least: int = max(asked, ECS_RESOLUTION if METRICS[signal].ecs else 0)
    return min([period for period in PERIODS if period >= least] or PERIODS[-1:])


def watched(plan: Plan, signal: str, period: int) -> tuple[dict[str, Any], Callable[[float], float]]:
    """What an alarm says of its metric, and how a level of the signal is written in it."""
    metric = METRICS[signal]
    scale = metric.unit * (period / PUBLISHED if metric.total else 1.0)
    if metric.ecs:
        namespace, where = "AWS/ECS", {"ClusterName": ref("Cluster"), "ServiceName": plan.names.ecs}
    else:
        namespace, where = plan.namespace, {"Service": plan.service.name}
    found: dict[str, Any] = {
        "MetricName": metric.name, "Namespace": namespace, "Period": period // 1000,
        "Dimensions": pairs(where, "Name"),
    }  # fmt: skip
    if signal == "latency":
        found["ExtendedStatistic"] = f"p{100 * plan.service.objective.percentile:g}"
    else:
        found["Statistic"] = "Sum" if metric.total else "Average"
    return found, lambda level: round(level * scale, 6)
