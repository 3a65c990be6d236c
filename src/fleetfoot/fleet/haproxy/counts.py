"""From ``show stat`` and the log to the statistics of a balancer.

``show stat`` counts everything and names no causes; the log names causes and, above 5,000 requests/s, only one in ten.
So what came and what ended is taken from the first, broken, shed, timed out and given up from the second, and what
remains of the ended ones is completed.
"""

from __future__ import annotations

from collections import deque

from fleetfoot_agent.histogram import Histogram, index_of

from .log import BROKEN, COMPLETED, TIMED_OUT, Line

_KEPT = 3000  # looks, ten minutes of them
HALF_MS = 0.5  # HAProxy cuts to whole ms: the middle is right on average


class Counts:
    """The cumulative counts over the lives of all HAProxy processes of one service."""

    def __init__(self, objective_ms: int) -> None:
        self.objective_ms = objective_ms
        self.latency = Histogram()
        self.ends = {"broken": 0, "shed": 0, "timed_out": 0, "client_gone": 0}
        self.errors = self.bad = self.served_warming = 0
        self.offered = self.completed = self.replayed = self.refused = self.ended = 0
        self._base = (0, 0, 0, 0)  # offered, ended, replayed, refused of the lives before
        self._life = (0, 0, 0, 0)
        self._told = 0  # ends in the log since the last totals

    def line(self, line: Line, times: int, warming: bool) -> None:
        """Count one log line that was seen ``times`` times; ``warming``: its task is."""
        count = line.weight * times
        self._told += count
        if line.end != COMPLETED:
            self.ends[line.end] += count
        late = line.latency > self.objective_ms and not line.stream
        task_error = line.end == COMPLETED and line.status >= 500
        if line.end == BROKEN or task_error:
            self.errors += count
        if task_error or late or line.end in ("broken", "shed", "timed_out"):
            self.bad += count
        if line.end == COMPLETED and warming:
            self.served_warming += count
        answered = (line.end == COMPLETED and not task_error) or line.end == TIMED_OUT
        if not line.stream and (late or answered):  # a quick failure must not look fast
            record(self.latency, line.latency, count)

    def totals(self, offered: int, ended: int, replayed: int, refused: int) -> None:
        """The counts of this life of HAProxy, as ``show stat`` has them; read the log first."""
        self._life = (offered, ended, replayed, refused)
        self._told = 0
        now = [base + life for base, life in zip(self._base, self._life, strict=True)]
        self.offered, self.ended, self.replayed, self.refused = now
        # Of lines that are still under way nothing is known: never count back.
        self.completed = max(self.completed, self.ended - sum(self.ends.values()))

    def over(self) -> None:
        """This HAProxy is gone; its log was read to the end. What it had open and did not log an end of, broke."""
        self.ended += self._told
        self.offered = max(self.offered, self.ended)
        self.completed = max(self.completed, self.ended - sum(self.ends.values()))
        lost, self.ended = self.offered - self.ended, self.offered
        self.ends["broken"] += lost
        self.errors += lost
        self.bad += lost
        self._base = (self.offered, self.ended, self.replayed, self.refused)
        self._life, self._told = (0, 0, 0, 0), 0

    def to_json(self) -> dict[str, object]:
        """The cumulative part of a snapshot."""
        return {
            "offered": self.offered,
            "completed": self.completed,
            **self.ends,
            "errors": self.errors,
            "bad": self.bad,
            "served_warming": self.served_warming,
            "replayed": self.replayed,
            "refused": self.refused,
            "latency": self.latency.to_json(),
        }


def record(histogram: Histogram, ms: int, times: int) -> None:
    """Count a latency of whole ms ``times`` times."""
    histogram.counts[index_of(int((ms + HALF_MS) * 1e6))] += times


class Age:
    """How old what is open is, from counts alone: as if requests ended in the order they came.

    Whatever their true order, at least so many are open for so long: an estimate from below. Times in ms.
    """

    def __init__(self, objective_ms: int) -> None:
        self._objective = objective_ms
        self._came: deque[tuple[float, int]] = deque(maxlen=_KEPT)  # (when, offered by then), oldest first

    def see(self, now: float, offered: int, ended: int) -> None:
        """``offered`` and ``ended`` are cumulative, tunnels left out."""
        self._came.append((now, offered))
        while len(self._came) > 1 and self._came[1][1] <= ended:
            self._came.popleft()

    def open_over(self, now: float, ended: int) -> int:
        """At least so many open requests are older than the objective."""
        old = [offered for when, offered in self._came if now - when >= self._objective]
        return max(0, old[-1] - ended) if old else 0

    def oldest_ms(self, now: float, ended: int) -> int:
        """The oldest open request has at least this age; 0 when none is known to be open."""
        return next((int(now - when) for when, offered in self._came if offered > ended), 0)
