"""Signals as CloudWatch has them: the contract between who publishes and who alarms.

Every task puts one value of each metric every 5 s, with a resolution of 1 s, in the service's own namespace under the
dimension Service. A total of the fleet is then the sum over a period divided by the number of publications in it.
"""

from __future__ import annotations

from typing import NamedTuple

PUBLISHED = 5_000  # ms between two values of a task
ECS_RESOLUTION = 20_000  # ms, of AWS's own metrics of a service that has asked for them


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
