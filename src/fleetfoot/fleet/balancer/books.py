"""The books of an exchange: which requests are open, and what became of each.

Rules for whoever edits this file:
1. ``_count`` is the only place where a request ends in the statistics; what follows it is for the client only.
2. ``_leave`` gives the task back exactly what ``hand`` took, and whoever calls it calls ``pump`` after it.
"""

from __future__ import annotations

import asyncio
from time import monotonic_ns

from fleetfoot_agent.histogram import index_of

from .choose import Fleet
from .rates import Rates
from .request import Request
from .stats import Counters


class Books:
    """Counts of one service; its open requests, in order of arrival."""

    def __init__(self, fleet: Fleet, objective_ms: int, now: float) -> None:
        """``now``: ms of the monotonic clock, like all times here that are not in ns."""
        self.fleet = fleet
        self.objective_ms = objective_ms
        self.counters = Counters()
        self.rates = Rates(now)
        self.open: dict[Request, None] = {}  # offered and not counted
        self.closing = False
        self.settled = asyncio.Event()  # nothing is open any more, once closing
        self._objective_ns = objective_ms * 1_000_000

    def arrived(self, request: Request) -> None:
        """Its head is complete: it is offered, whatever becomes of it."""
        self.counters.offered += 1
        if request.group is not None:
            request.group.offered += 1
        self.rates.arrivals += 1
        self.open[request] = None

    def completed(self, request: Request, status: int) -> None:
        """Count a response as completed now: at its end, or at the head of a stream that has none."""
        task = request.task
        assert task is not None
        counters = self.counters
        now = monotonic_ns()
        service = now - request.handed
        task.recent.counts[index_of(service)] += 1
        task.timed(service, status < 500)
        counters.completed += 1
        if request.group is not None:
            request.group.completed += 1
        self.rates.completions += 1
        if task.warming:
            counters.served_warming += 1
        if status >= 500:
            task.errors += 1
            task.failures += 1
            counters.errors += 1
            self.fleet.faulted(task, request.handed, now / 1e6)
            self._count(request, now, bad=True)
        else:
            self._count(request, now, shown=True)

    def _leave(self, request: Request) -> None:
        task = request.task
        assert task is not None
        request.task = request.back = None
        task.in_flight -= 1
        if request.stays:
            task.tunnels -= 1
            task.limit -= 1
        if task.drained is not None and not task.in_flight and not task.drained.done():
            task.drained.set_result(None)

    def _count(self, request: Request, now: int, *, bad: bool = False, shown: bool = False) -> None:
        """The one end of a request. The histogram takes it when ``shown`` or when it was late: what was refused or
        broken within the objective is bad, but must not look fast."""
        request.counted = True
        del self.open[request]
        age = now - request.arrived
        late = age > self._objective_ns
        if bad or late:
            self.counters.bad += 1
            if request.group is not None:
                request.group.bad += 1
        if shown or late:
            self.counters.latency.counts[index_of(age)] += 1
        if self.closing and not self.open:
            self.settled.set()

    def oldest_ms(self, now: float) -> float:
        """Age of the oldest open request; 0.0 without one."""
        first = next(iter(self.open), None)
        return 0.0 if first is None else now - first.arrived / 1e6

    def open_over(self, now: float) -> int:
        """Open requests older than the objective."""
        count = 0
        for request in self.open:
            if now - request.arrived / 1e6 <= self.objective_ms:
                break
            count += 1
        return count
