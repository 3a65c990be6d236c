"""The data plane of this machine as a source: its cumulative counters become rates of the interval.

Two readings are differenced over the plane's own monotonic time, which on one machine is ours too.
A new incarnation of the plane starts at zero: its first interval is a lower bound (censored), never
negative. Only starts not seen before are passed on.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fleetfoot.core.model import Fleet, Signal, Start, State
from fleetfoot.edge.base import Reading, SourceError, TaskSeen
from fleetfoot.edge.sources.signals import Interval
from fleetfoot_agent.histogram import Histogram, index_of

PERIOD_MS = 1000
SHORTEST_MS = 50  # an interval shorter than this says nothing about a rate
NOTES = ("last_failure", "failures", "next_start_ms", "dependency_suspected", "exits", "update", "lost", "listen")
LEVELS = ("in_flight", "queue")
COUNTERS = ("offered", "completed", "errors", "shed", "timed_out", "bad")


class Plane(Protocol):
    """What is needed of the data plane's client (``fleet/client.py``)."""

    async def stats(self) -> Mapping[str, Any]: ...


class PlaneFeed:
    """One ``stats`` call for all services: readers that ask within ``share`` ms get the same answer."""

    def __init__(self, plane: Plane, now: Callable[[], int], share: int = 20) -> None:
        self._plane = plane
        self._now = now
        self._share = share
        self._at = 0
        self._call: asyncio.Future[Mapping[str, Any]] | None = None

    async def stats(self) -> tuple[Mapping[str, Any], int]:
        """The reply and when it was received. Raises SourceError."""
        call = self._call
        if call is None or (call.done() and self._now() - self._at > self._share) or (call.done() and call.exception()):
            call = self._call = asyncio.ensure_future(self._ask())
        try:
            reply = await asyncio.shield(call)
        except Exception as failure:  # a dead plane, a broken line, a refusal: the same to a reader
            raise SourceError(f"the data plane does not answer: {str(failure) or type(failure).__name__}") from failure
        return reply, self._at

    async def _ask(self) -> Mapping[str, Any]:
        async with asyncio.timeout(2.0):
            reply = await self._plane.stats()
        self._at = self._now()
        return reply


@dataclass(frozen=True, slots=True)
class _Counts:
    """The cumulative counters of one service at one moment, or the difference of two."""

    mono: float
    incarnation: str
    numbers: Mapping[str, int]
    latency: Histogram

    def since(self, older: _Counts) -> _Counts:
        """The difference; a plane that restarted between the two counts from zero."""
        if older.incarnation != self.incarnation:
            return _Counts(self.mono - older.mono, self.incarnation, self.numbers, self.latency)
        numbers = {name: number - older.numbers[name] for name, number in self.numbers.items()}
        return _Counts(self.mono - older.mono, self.incarnation, numbers, self.latency.minus(older.latency))


class PlaneSource:
    """requests, completed, errors, bad, latency, in_flight, queue and, where asked for, cpu of one service."""

    name = "balancer"
    period = PERIOD_MS

    def __init__(
        self,
        feed: PlaneFeed,
        service: str,
        percentile: float,
        objective_ms: int,
        at_mono: Callable[[float], int],
        cpu: float = 1.0,
        memory: int | None = None,
        restarted: bool = False,
    ) -> None:
        """``cpu``: the cores, ``memory``: the bytes one task may use, None = not told. ``restarted``: starts
        that finished before the first reading were learnt by an earlier controller."""
        self.service = service
        self._feed = feed
        self._percentile = percentile
        self._objective = objective_ms
        self._at_mono = at_mono
        self._cpu = cpu
        self._memory = memory
        self._before: _Counts | None = None
        self._rates: dict[str, Signal] = {}
        self._seen: int | None = -1 if not restarted else None
        self._incarnation = ""

    async def read(self, now: int) -> Reading:  # noqa: ARG002 - the plane's own time is used
        reply, received = await self._feed.stats()
        try:
            return self._reading(reply, received)
        except (KeyError, TypeError, ValueError, AttributeError) as failure:
            raise SourceError(f"the data plane's answer has not the expected form: {failure!r}") from failure

    def _reading(self, reply: Mapping[str, Any], received: int) -> Reading:
        raw = reply["services"].get(self.service)
        if raw is None:
            raise SourceError(f"the data plane knows no service {self.service!r}")
        count = _counts(reply, raw)
        end = min(self._at_mono(count.mono), received)
        fresh = self._fresh_starts(raw, count.incarnation)
        delta = self._delta(count)
        if delta is not None:
            at = Interval(end, received, max(int(delta.mono), 1), PERIOD_MS)
            self._rates = self._signals(delta, raw, at)
        fleet = fleet_of(raw, received, fresh)
        now = Interval(end, received, PERIOD_MS, PERIOD_MS)
        signals = {**self._rates, **{name: now.signal(name, float(raw.get(name, 0))) for name in LEVELS}}
        signals |= self._of_processes(raw, now)
        tasks = tuple(_task(task, end) for task in raw.get("tasks", ()))
        return Reading(signals, fleet, tasks, _notes(raw))

    def _delta(self, count: _Counts) -> _Counts | None:
        before = self._before
        if before is not None and before.incarnation == count.incarnation and count.mono - before.mono < SHORTEST_MS:
            return None
        self._before = count
        return count.since(before) if before is not None else None

    def _signals(self, delta: _Counts, raw: Mapping[str, Any], at: Interval) -> dict[str, Signal]:
        n, seconds = delta.numbers, at.span / 1000
        failed = n["errors"] + n["shed"] + n["timed_out"]
        ended = max(n["completed"] + n["shed"] + n["timed_out"], failed)
        well = max(n["completed"] - n["errors"], 0)  # a task that answers 500 at once carries nothing
        latencies = self._with_open(delta.latency, raw)
        rates = {"requests": n["offered"], "completed": well, "bad": n["bad"]}
        signals = [at.signal(name, number / seconds) for name, number in rates.items()]
        signals.append(at.signal("errors", failed / max(ended, 1), empty=not ended))
        quantile = latencies.quantile_ms(self._percentile)
        signals.append(at.signal("latency", quantile, empty=not latencies.total))
        if self._incarnation not in ("", delta.incarnation):  # what the one before counted last is lost
            signals = [s._replace(state=State.CENSORED) if s.state is State.FRESH else s for s in signals]
        self._incarnation = delta.incarnation
        return {signal.name: signal for signal in signals}

    def _with_open(self, latencies: Histogram, raw: Mapping[str, Any]) -> Histogram:
        """Open requests that are late already count too: somewhere between the objective and the oldest."""
        late = int(raw.get("open_over", 0))
        if late <= 0:
            return latencies
        most = max(float(raw.get("oldest_ms", 0)), self._objective + 1)
        latencies = latencies.copy()
        latencies.counts[index_of(int((self._objective + most) / 2 * 1_000_000))] += late
        return latencies

    def _of_processes(self, raw: Mapping[str, Any], now: Interval) -> dict[str, Signal]:
        """cpu and memory: the mean of the serving tasks, as a share of what one may use."""
        tasks = [task for task in raw.get("tasks", ()) if task.get("state") in ("serving", "warming")]
        found = {}
        for name, allowed in (("cpu", self._cpu), ("memory", self._memory)):
            if allowed:
                used = [float(task.get(name) or 0.0) for task in tasks]
                found[name] = now.signal(name, sum(used) / max(len(used), 1) / allowed, empty=not used)
        return found

    def _fresh_starts(self, raw: Mapping[str, Any], incarnation: str) -> tuple[Start, ...]:
        rows = raw.get("starts", ())
        starts = [Start(int(n), str(revision), int(span), bool(ok), str(why)) for n, revision, span, ok, why in rows]
        newest = max((s.number for s in starts), default=-1)
        if self._before is not None and self._before.incarnation != incarnation:
            self._seen = -1
        if self._seen is None:  # the first look of a restarted controller
            self._seen = newest
        seen, self._seen = self._seen, max(newest, self._seen)
        return tuple(s for s in starts if s.number > seen)

    async def close(self) -> None:
        pass


def fleet_of(raw: Mapping[str, Any], at: int, starts: tuple[Start, ...] = ()) -> Fleet:
    """The tasks of one service in the plane's statistics."""

    def n(name: str) -> int:
        return int(raw.get(name, 0))

    zones = {str(name): int(count) for name, count in raw.get("zones", {}).items()}
    return Fleet(
        at, n("desired"), n("serving"), n("warming"), n("starting"), n("draining"), n("warm"), n("failed"),
        str(raw.get("revision", "")), bool(raw.get("deploying")), zones, starts, writer=_other(raw.get("writer") or {}),
    )  # fmt: skip


def _other(writer: Mapping[str, Any]) -> str:
    """The process that wrote the count last, unless it is this one."""
    return f"{writer['name']} (pid {writer['pid']})" if writer.get("pid", os.getpid()) != os.getpid() else ""


def _counts(reply: Mapping[str, Any], raw: Mapping[str, Any]) -> _Counts:
    numbers = {name: int(raw.get(name, 0)) for name in COUNTERS}
    return _Counts(float(reply["mono"]), str(reply["incarnation"]), numbers, Histogram.from_json(raw["latency"]))


def _task(task: Mapping[str, Any], at: int) -> TaskSeen:
    """A warm task's life begins with its promotion: before that it was nobody's order."""
    promoted = task.get("promoted_ms") is not None
    started = at - int(task.get("promoted_ms" if promoted else "age_ms") or 0)
    ready_ms = task.get("woken_ms" if promoted else "ready_ms")
    return TaskSeen(
        str(task["id"]),
        str(task["state"]),
        started,
        started + int(ready_ms) if ready_ms is not None else 0,
        int(task.get("served") or 0),
        str(task.get("zone") or ""),
        str(task.get("revision") or ""),
        int(task.get("in_flight") or 0),
        float(task.get("p95_ms") or 0.0),
    )


def _notes(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What is for people only."""
    return {name: raw[name] for name in NOTES if raw.get(name)}
