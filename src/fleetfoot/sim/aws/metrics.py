"""GetMetricData over values that were written down: aligned periods, CloudWatch's statistics, newest first."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Key = tuple[str, str, tuple[tuple[str, str], ...]]

STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Average": lambda values: math.fsum(values) / len(values),
    "Sum": math.fsum,
    "Minimum": min,
    "Maximum": max,
    "SampleCount": lambda values: float(len(values)),
}


def key_of(metric: Mapping[str, Any]) -> Key:
    """A metric by its namespace, name and all its dimensions."""
    dimensions = sorted((one["Name"], one["Value"]) for one in metric.get("Dimensions", ()))
    return metric["Namespace"], metric["MetricName"], tuple(dimensions)


def newest_first(
    kept: Mapping[Key, Sequence[tuple[float, float]]], query: Mapping[str, Any], start: float, end: float
) -> dict[str, Any]:
    """The answer to one query of one metric; ``kept``: (s, value) of each."""
    asked = query["MetricStat"]
    period, stat = asked["Period"], asked["Stat"]
    rows: dict[float, list[float]] = defaultdict(list)
    for at, value in kept.get(key_of(asked["Metric"]), ()):
        begun = at // period * period
        if start // period * period <= begun < end:
            rows[begun].append(value)
    times = sorted(rows, reverse=True)
    values = [_statistic(stat, rows[at]) for at in times]
    return {"Id": query["Id"], "Label": stat, "Timestamps": times, "Values": values, "StatusCode": "Complete"}


def _statistic(stat: str, values: Sequence[float]) -> float:
    if stat in STATISTICS:
        return float(STATISTICS[stat](values))
    return sorted(values)[max(math.ceil(float(stat[1:]) / 100 * len(values)), 1) - 1]
