"""What HAProxy tells, as the figures of a snapshot: from ``show stat`` and from its log."""

from __future__ import annotations

from fleetfoot.fleet.balancer.pressure import Pressure
from fleetfoot.fleet.balancer.rates import Rates

from . import log as lines
from .counts import Age, Counts, record
from .orders import FLEET, STREAMS
from .rows import NOTHING, Row, Rows
from .tasks import Fleet


class Sight:
    """The figures of one service as last seen. Times in ms."""

    def __init__(self, fleet: Fleet, objective_ms: int, pressure: Pressure, now: float) -> None:
        self.log = lines.LogPipe()
        self.counts = Counts(objective_ms)
        self.pressure = pressure
        self.queue = self.connections = 0
        self._fleet, self._age, self._rates = fleet, Age(objective_ms), Rates(now)
        self._queue_since: float | None = None

    def see(self, rows: Rows, now: float) -> None:
        """Take in one ``show stat`` and the log up to it."""
        self.read_log()
        web, fleet, streams = (_row(rows, at) for at in (("web", "FRONTEND"), (FLEET, "BACKEND"), (STREAMS, "BACKEND")))
        counts = self.counts
        before = counts.offered, counts.ended
        offered, ended = fleet.offered + streams.offered, fleet.ended + streams.ended
        counts.totals(offered, ended, fleet.retried + streams.retried, web.ended - ended)
        self._rates.arrivals += max(0, counts.offered - before[0])
        self._rates.completions += max(0, counts.ended - before[1])
        self._see_tasks(rows)
        self.connections = web.current
        self.queue = max(0, fleet.current - self.in_flight)
        self._age.see(now, counts.offered - streams.current, counts.ended)
        if not self.queue:
            self._queue_since = None
        elif self._queue_since is None:
            self._queue_since = now

    @property
    def in_flight(self) -> int:
        return sum(task.in_flight for task in self._fleet.tasks.values())

    def press(self, now: float) -> None:
        """Wake the loop where what was seen asks for it."""
        ready = sum(task.routed for task in self._fleet.tasks.values())
        self._rates.turn(now, ready)
        limited = self._fleet.concurrency is not None
        self.pressure.check(now, self._queue_ms(now), self.queue + self.in_flight, ready, limited, self._rates)

    def read_log(self) -> None:
        by_server = {task.server: task for task in self._fleet.tasks.values()}
        for raw, times in self.log.read().items():
            line = lines.parse(raw)
            if line is None:
                continue
            task = by_server.get(line.server)
            self.counts.line(line, times, task is not None and task.warming)
            if task is not None and not line.stream:
                record(task.recent, line.service, line.weight * times)

    def over(self) -> None:
        """This HAProxy is gone: read what it still said."""
        self.read_log()
        self.counts.over()

    def close(self) -> None:
        """HAProxy is gone for good."""
        self.over()
        for task in self._fleet.tasks.values():
            task.in_flight = task.tunnels = 0
        self.queue = self.connections = 0
        self.log.close()

    def to_json(self, now: float) -> dict[str, object]:
        """A snapshot but for its tasks."""
        ended = self.counts.ended
        return {
            **self.counts.to_json(),
            "in_flight": self.in_flight,
            "tunnels": sum(task.tunnels for task in self._fleet.tasks.values()),
            "connections": self.connections,
            "queue": self.queue,
            "queue_ms": int(self._queue_ms(now)),
            "oldest_ms": self._age.oldest_ms(now, ended),
            "open_over": self._age.open_over(now, ended),
        }

    def _queue_ms(self, now: float) -> float:
        return now - self._queue_since if self._queue_since is not None else 0.0

    def _see_tasks(self, rows: Rows) -> None:
        for task in self._fleet.tasks.values():
            mine, streams = _row(rows, (FLEET, task.server)), _row(rows, (STREAMS, task.server))
            task.in_flight, task.tunnels = mine.current, streams.current
            task.served, task.errors = mine.ended + streams.ended, mine.bad + streams.bad
            task.breaks = mine.broken + streams.broken
            task.response_ms = mine.response_ms


def _row(rows: Rows, key: tuple[str, str]) -> Row:
    return rows.get(key, NOTHING)
