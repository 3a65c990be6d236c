"""CloudWatch's metrics as signals: which one, and its levels in that signal's unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from fleetfoot.spec.adopt.at import At
from fleetfoot.spec.adopt.draft import Draft
from fleetfoot.spec.cloudwatch import METRICS, PUBLISHED
from fleetfoot.spec.forms import plain
from fleetfoot.spec.signals import UNITS

#: what AWS itself measures -> (signal, what one unit of theirs is in ours)
THEIRS = {
    "CPUUtilization": ("cpu", 1.0), "MemoryUtilization": ("memory", 1.0), "TargetResponseTime": ("latency", 1000.0),
    "CPUUtilized": ("cpu", 1.0), "MemoryUtilized": ("memory", 1.0),
}  # fmt: skip
#: names of an app's own metrics, without case and signs -> signal; told when it is taken
MINE = {
    "activeconnections": "in_flight", "inflight": "in_flight", "inflightrequests": "in_flight",
    "responsetime": "latency", "latency": "latency", "averageresponsetime": "latency", "p95latency": "latency",
    "requestqueuelength": "queue", "queuelength": "queue", "errorrate": "errors",
}  # fmt: skip
#: names of the template's own metrics that are summed over tasks and publications -> signal
SUMMED = {metric.name: signal for signal, metric in METRICS.items() if metric.total}
SUFFIX = {"cpu": "%", "memory": "%", "errors": "%", "latency": "ms", "requests": "/s", "completed": "/s"}


class Level(NamedTuple):
    """``signal`` and how a level of theirs is written in fleetfoot.yaml: ``scale`` times as much."""

    signal: str
    scale: float = 1.0

    def show(self, value: float) -> str:
        return plain(round(value * self.scale, 6)) + SUFFIX.get(self.signal, "")

    def distance(self, value: float) -> str:
        """A distance from a threshold: rates go without their unit."""
        return self.show(value).removesuffix("/s")


def level(at: At, draft: Draft, names: Mapping[str, str], period: float) -> Level:
    """The signal behind MetricName of ``at``; ``period``: s of one datapoint, which a Sum is over."""
    metric = at.need("MetricName", "the metric it looks at")
    place, statistic = at.line("MetricName"), at.text("Statistic")
    per_period = 1.0 / period if statistic == "Sum" else 1.0
    at.skip("Namespace", "Dimensions", "Unit")
    if metric in names:
        signal = draft.own(metric, place, names, "the metric")
        return Level(signal, per_period)
    if metric in SUMMED and statistic == "Sum":
        return Level(SUMMED[metric], PUBLISHED / 1000 / period)
    if metric in THEIRS:
        return Level(*THEIRS[metric])
    if metric == "RequestCount":
        return Level("requests", per_period)
    known = MINE.get(re.sub(r"[^a-z0-9]", "", metric.lower()))
    if known is not None:
        draft.note(
            place, f"the metric {metric} is taken for the signal {known}; --signal '{metric}=SIGNAL' says another"
        )
        seconds = known == "latency" and at.text("Unit") == "Seconds"
        return Level(known, 1000.0 if seconds else 1.0)
    signal = draft.own(metric, place, names, "the metric")
    return Level(signal, per_period if signal in UNITS else 1.0)
