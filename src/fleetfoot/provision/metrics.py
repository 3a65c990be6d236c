"""Signals as CloudWatch has them: which metric, which statistic, and a threshold in its unit.

The contract with who publishes: every task puts one value of each metric every 5 s, with a resolution of 1 s, in the
service's own namespace under the dimension Service. A total of the fleet is then the sum over a period divided by the
number of publications in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from fleetfoot.provision.plan import Plan
from fleetfoot.provision.template import ref

PUBLISHED = 5_000  # ms between two values of a task
PERIODS = (10_000, 30_000)
"""ms of an alarm's period under a minute: 20 is in the API and in no linter yet."""


class Metric(NamedTuple):
    """``total``: summed over the tasks. ``unit``: one of the signal's units in the metric's. ``ecs``: AWS's own."""

    name: str
    unit: float = 1.0
    total: bool = False
    ecs: bool = False


METRICS = {
    "requests": Metric("RequestsPerSecond", total=True),
    "completed": Metric("CompletedPerSecond", total=True),
    "in_flight": Metric("ActiveConnections", total=True),
    "queue": Metric("RequestQueueLength", total=True),
    "latency": Metric("ResponseTime"),
    "errors": Metric("ErrorRate", 100.0),
    "cpu": Metric("CPUUtilization", 100.0, ecs=True),
    "memory": Metric("MemoryUtilization", 100.0, ecs=True),
}
"""Signal -> metric. Names and units as the two fast-scaling documents have them."""


def period_of(signal: str, asked: int) -> int:
    """ms of one datapoint of an alarm on ``signal``: ``asked``, or the next that AWS takes."""
    least = 30_000 if METRICS[signal].ecs else 10_000  # ECS measures every 20 s
    return next((p for p in (*PERIODS, *range(60_000, 3_600_001, 60_000)) if p >= max(asked, least)), 3_600_000)


def watched(plan: Plan, signal: str, period: int) -> tuple[dict[str, Any], Callable[[float], float]]:
    """What an alarm says of its metric, and how a level of the signal is written in it."""
    metric = METRICS[signal]
    scale = metric.unit * (period / PUBLISHED if metric.total else 1.0)
    found: dict[str, Any] = {"MetricName": metric.name, "Namespace": plan.namespace, "Period": period // 1000}
    if metric.ecs:
        found |= {"Namespace": "AWS/ECS", "Dimensions": _dimensions(ClusterName=ref("Cluster"),
                  ServiceName=plan.names.scaling("service"))}  # fmt: skip
    else:
        found["Dimensions"] = _dimensions(Service=plan.service.name)
    if signal == "latency":
        found["ExtendedStatistic"] = f"p{100 * plan.service.objective.percentile:g}"
    else:
        found["Statistic"] = "Sum" if metric.total else "Average"
    return found, lambda level: round(level * scale, 6)


def _dimensions(**values: Any) -> list[dict[str, Any]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]
