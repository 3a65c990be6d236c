"""What a recorder counts, under OpenTelemetry's names: for an app that has a metrics pipeline of its own.

    from fleetfoot_agent import agent, otel

    for metric in otel.metrics(agent.recorder): ...

The names and units are those of the semantic conventions for HTTP servers; docs/agent.md has the table. Values to
hand to an exporter, not an exporter; standard library only. Reading does not disturb the pushes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from fleetfoot_agent.histogram import LAST, Histogram, bucket_ns
from fleetfoot_agent.recorder import Counts, Ended, Recorder

DURATION = "http.server.request.duration"
ACTIVE = "http.server.active_requests"
QUEUE = "fleetfoot.queue.length"
STATUS_CLASS = "fleetfoot.response.status_class"
ERROR_TYPE = "error.type"

_USED = (*range(16), *range(32, LAST + 1))  # the indexes 16..31 are ranges of no width

#: The upper edges of all buckets but the last, in s. The same for every process, so points of many tasks merge exactly.
#: OpenTelemetry puts a value that lies on an edge into the bucket below it, we above: edges are 1 ns lower here.
BOUNDS = tuple((bucket_ns(index)[1] - 1) / 1e9 for index in _USED[:-1])


@dataclass(frozen=True, slots=True)
class Buckets:
    """A histogram point: ``counts`` has one more than ``bounds``. The sum, optional there, is not known."""

    count: int
    bounds: tuple[float, ...]
    counts: tuple[int, ...]


class Point(NamedTuple):
    """One value and its attributes."""

    attributes: Mapping[str, str]
    value: float | Buckets


class Metric(NamedTuple):
    """``updowncounter``: a level that adds up over tasks; ``histogram`` and ``counter``: cumulative."""

    name: str
    kind: Literal["histogram", "updowncounter", "counter", "gauge"]
    unit: str
    description: str
    points: tuple[Point, ...]


def metrics(recorder: Recorder) -> tuple[Metric, ...]:
    """All that ``recorder`` has counted since its process began or was forked, cumulative."""
    return metrics_of(recorder.look())


def metrics_of(counts: Counts) -> tuple[Metric, ...]:
    """The same of counts that were taken."""
    found = [
        Metric(DURATION, "histogram", "s", "Duration of HTTP server requests.", tuple(map(_duration, counts.ended))),
        Metric(ACTIVE, "updowncounter", "{request}", "Number of active HTTP server requests.", _one(counts.in_flight)),
    ]
    if counts.queue is not None:
        found.append(Metric(QUEUE, "updowncounter", "{item}", "Length of the app's own queue.", _one(counts.queue)))
    found += [Metric(name, "gauge", "1", "", _one(value)) for name, value in sorted(counts.gauges.items())]
    found += [Metric(name, "counter", "1", "", _one(value)) for name, value in sorted(counts.counts.items())]
    return tuple(found)


def resource(service: str, task: str, revision: str, counts: Counts) -> dict[str, str]:
    """The resource attributes of a process: a task may have several."""
    named = {"service.name": service, "service.instance.id": f"{task}/{counts.incarnation}"}
    return named | ({"service.version": revision} if revision else {})


def _one(value: float) -> tuple[Point, ...]:
    return (Point({}, value),)


def _duration(ended: Ended) -> Point:
    attributes = {STATUS_CLASS: ended.status}
    if ended.failed:
        attributes[ERROR_TYPE] = "exception"
    elif ended.status == "5xx":
        attributes[ERROR_TYPE] = "5xx"
    return Point(attributes, _buckets(ended.latency))


def _buckets(latency: Histogram) -> Buckets:
    return Buckets(latency.total, BOUNDS, tuple(latency.counts[index] for index in _USED))
