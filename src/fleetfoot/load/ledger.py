"""What became of every request: pure accounting, no clock and no socket.

Times are nanoseconds since the start of the run. A request belongs to the second in which it was
*due*, and its latency is counted from that moment, not from when the generator got round to sending
it: a service that stops answering cannot slow the questions down and so hide its own delay.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from math import ceil
from typing import Any

from fleetfoot.core.over import second_is_over
from fleetfoot.load.verdict import Counts, Objective
from fleetfoot_agent.histogram import Histogram

NS = 1_000_000_000
MS = 1_000_000


class Ending(Enum):
    """How a request ended; the value is its field in Counts (an ``ok`` one may turn out ``late``)."""

    OK = "ok"
    REFUSED = "refused"
    ERROR = "errors"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


class Second:
    """The requests due in one second of the run."""

    __slots__ = ("arrivals", "bad", "late_ns", "latencies", "latency", "lost", "number", "open", "p_ms")

    def __init__(self, number: int) -> None:
        self.number = number
        self.arrivals = 0
        self.open = 0
        self.bad = 0
        self.lost = 0
        self.late_ns = 0  # the generator's own worst lateness
        self.latencies: list[int] | None = []  # of answered and timed-out ones; None once summed up
        self.p_ms: float | None = None  # the objective's percentile of them
        self.latency: dict[str, int] = {}  # a sparse histogram of them, for percentiles over several seconds


class Shot:
    """One request in flight."""

    __slots__ = ("done", "due", "link", "second")

    def __init__(self, due: int, second: Second) -> None:
        self.due = due
        self.second = second
        self.done = False
        self.link: Any = None  # the connection it is on; None while it waits for one


class Ledger:
    """Counts of a whole run and of each of its seconds."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.limit = int(objective.latency_ms * MS)
        self.seconds: list[Second] = []
        self.histogram = Histogram()  # answered and timed-out requests
        self.lateness = Histogram()  # the generator's own: sent after due
        self.max_ns = 0
        self.max_late_ns = 0
        self.held = 0
        self.in_flight = 0
        self.endings: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.failures: Counter[str] = Counter()
        self.recent: list[int] = []  # latencies since the last ``take_recent``
        self.ended = 0

    def sent(self, due: int, now: int) -> Shot:
        """A request due at ``due`` was handed to the client at ``now``."""
        second = self._second(due // NS)
        second.arrivals += 1
        second.open += 1
        self.in_flight += 1
        late = now - due
        self.lateness.record_ns(late)
        if late > second.late_ns:
            second.late_ns = late
            self.max_late_ns = max(self.max_late_ns, late)
        return Shot(due, second)

    def _second(self, number: int) -> Second:
        seconds = self.seconds
        while len(seconds) <= number:
            seconds.append(Second(len(seconds)))
        return seconds[number]

    def end(self, shot: Shot, now: int, ending: Ending, status: int = 0, why: str = "") -> None:
        """``shot`` ended at ``now``. The first ending counts; a later one is ignored."""
        if shot.done:
            return
        shot.done = True
        second, latency = shot.second, now - shot.due
        self.ended += 1
        self.in_flight -= 1
        name = ending.value
        if ending is Ending.OK or ending is Ending.TIMED_OUT:
            self.histogram.record_ns(latency)
            self.max_ns = max(self.max_ns, latency)
            self.recent.append(latency)
            if second.latencies is not None:
                second.latencies.append(latency)
        if ending is Ending.OK and latency > self.limit:
            name = "late"
        elif ending is not Ending.OK:
            second.lost += 1
        if name != "ok":
            second.bad += 1
        self.endings[name] += 1
        if status:
            self.statuses[status] += 1
        if why:
            self.failures[why] += 1
        second.open -= 1

    def take_recent(self, open_latencies: list[int]) -> float | None:
        """The percentile, in ms, of what ended since the last call, together with those still open too long."""
        found = percentile(self.recent + open_latencies, self.objective.percentile)
        self.recent = []
        return found

    def settle(self, second: Second) -> None:
        """Sum up the latencies of a second whose requests have all ended, and let go of them."""
        if second.open == 0 and second.latencies is not None:
            second.p_ms = percentile(second.latencies, self.objective.percentile)
            merged = Histogram()
            for latency in second.latencies:
                merged.record_ns(latency)
            second.latency = merged.to_json()
            second.latencies = None

    def bad(self, second: Second, now: int) -> int:
        """Requests of the second known to be bad at ``now``; open ones are once all are older than the objective."""
        old = now >= (second.number + 1) * NS + self.limit
        return second.bad + (second.open if old else 0)

    def is_over(self, second: Second, now: int) -> bool:
        return second_is_over(second.arrivals, self.bad(second, now), self.objective.percentile)

    def counts(self) -> Counts:
        named = {field: self.endings[field] for field in Counts._fields if field not in ("unfinished", "held")}
        return Counts(**named, unfinished=self.in_flight, held=self.held)


def percentile(latencies: list[int], share: float) -> float | None:
    """The exact percentile in ms of latencies in ns: the smallest that ``share`` of them do not exceed."""
    if not latencies:
        return None
    rank = min(max(ceil(share * len(latencies) - 1e-9), 1), len(latencies))
    return sorted(latencies)[rank - 1] / MS
