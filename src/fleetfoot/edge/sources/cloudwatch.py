"""Metrics of CloudWatch as signals: one GetMetricData for all that have the same period, whichever service asks."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from fleetfoot.core.model import Signal
from fleetfoot.edge.aws.errors import AwsError
from fleetfoot.edge.aws.session import Answer, Aws
from fleetfoot.edge.base import Reading
from fleetfoot.edge.sources.signals import Interval

MOST = 500  # metrics to a call
BACK = 5  # periods are looked at, so that a late one is found
SHORTEST_BACK_S = 60
SHARE_MS = 20
ADDED_UP = ("Sum", "SampleCount")
SETTLED = timedelta(seconds=10)  # publishers put a value every 5 s, and CloudWatch shows it some seconds later
ASKED_MS = (1000, 30_000)  # between two questions: half a period, within these


class Metric(NamedTuple):
    """One metric in one statistic. ``period``: ms."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str
    period: int

    def query(self, number: int) -> dict[str, Any]:
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions]
        metric = {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}
        return {
            "Id": f"m{number}",
            "MetricStat": {"Metric": metric, "Period": self.period // 1000, "Stat": self.stat},
        }


class Point(NamedTuple):
    """The newest whole period of a metric; ``value`` None: there is none."""

    value: float | None
    end: int  # ms
    received: int


class Metrics:
    """All metrics of one region. A metric is paid for each time it is asked for, a call costs nothing more."""

    def __init__(self, aws: Aws, metrics: Iterable[Metric], now: Callable[[], int]) -> None:
        self._aws, self._now = aws, now
        self._metrics: dict[int, list[Metric]] = defaultdict(list)
        for metric in dict.fromkeys(metrics):
            self._metrics[metric.period].append(metric)
        self._rounds: dict[int, asyncio.Future[dict[Metric, Point]]] = {}
        self._at: dict[int, int] = {}

    async def point(self, metric: Metric) -> Point:
        """As the round of its period shows it. Raises AwsError."""
        period = metric.period
        call = self._rounds.get(period)
        if call is None or (call.done() and self._now() - self._at[period] > SHARE_MS):
            call = self._rounds[period] = asyncio.ensure_future(self._all(period))
        return (await asyncio.shield(call))[metric]

    async def _all(self, period: int) -> dict[Metric, Point]:
        metrics = self._metrics[period]
        parts = [metrics[i : i + MOST] for i in range(0, len(metrics), MOST)]
        try:
            answers = await asyncio.gather(*(self._ask(part, period) for part in parts))
        finally:
            self._at[period] = self._now()
        return {metric: point for answer in answers for metric, point in answer.items()}

    async def _ask(self, metrics: list[Metric], period: int) -> dict[Metric, Point]:
        seconds, end = period // 1000, self._aws.wall()
        back = end.timestamp() - max(BACK * seconds, SHORTEST_BACK_S)
        answer = await self._aws.call(
            "cloudwatch",
            "GetMetricData",
            MetricDataQueries=[metric.query(number) for number, metric in enumerate(metrics)],
            StartTime=datetime.fromtimestamp(back // seconds * seconds, UTC),  # on the grid of the periods
            EndTime=end + timedelta(seconds=1),
            ScanBy="TimestampDescending",
        )
        rows = {row["Id"]: row for row in answer.data["MetricDataResults"]}
        return {metric: _newest(rows.get(f"m{number}", {}), metric, answer) for number, metric in enumerate(metrics)}


def _newest(row: Mapping[str, Any], metric: Metric, answer: Answer) -> Point:
    """The newest period that is over; what has only begun says nothing yet. A sum of which a part may still be on its
    way is no less than the one before."""
    span = timedelta(milliseconds=metric.period)
    points: list[tuple[datetime, float]] = list(zip(row.get("Timestamps", ()), row.get("Values", ()), strict=True))
    if row.get("StatusCode") == "InternalError":
        raise AwsError(f"CloudWatch failed on {row.get('Label', 'a metric')}; it is asked again", "InternalError")
    latest = answer.wall + timedelta(seconds=1)  # the header has whole seconds
    over = [(begun + span, value) for begun, value in sorted(points, reverse=True) if begun + span <= latest]
    if not over:
        return Point(None, answer.at, answer.at)
    end, value = over[0]
    if metric.stat in ADDED_UP and answer.wall - end < SETTLED:
        value = max(value for _, value in over[:2])
    return Point(float(value), answer.when(end), answer.at)


class CloudWatchSource:
    """One signal of one service."""

    name = "cloudwatch"

    def __init__(self, metrics: Metrics, service: str, signal: str, metric: Metric, unit: float = 1.0) -> None:
        """``unit``: one of the metric's in the signal's."""
        self.service = service
        self.period = min(max(metric.period // 2, ASKED_MS[0]), ASKED_MS[1])
        self._metrics, self._signal, self._metric, self._unit = metrics, signal, metric, unit

    async def read(self, now: int) -> Reading:  # noqa: ARG002 - the answer has its own time
        point = await self._metrics.point(self._metric)
        at = Interval(point.end, point.received, self._metric.period, self._metric.period)
        signal: Signal = at.signal(self._signal, (point.value or 0.0) * self._unit, empty=point.value is None)
        return Reading({self._signal: signal})

    async def close(self) -> None:
        pass
