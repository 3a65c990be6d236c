"""Which task gets the next request: least outstanding requests, ties in rotation, warming tasks by weight.

Rules for whoever edits this file:
1. ``choose`` runs once a request: no allocation, one pass. What changes rarely is done in ``rebuild``.
2. A tie goes to the task that was chosen longest ago, so no task keeps all ties, a new one neither.
3. A warming task counts its load 1/weight-fold, and in ties it waits for its share of turns.
4. What failed is not asked first: a task whose connection was refused or broke is left alone for a second, unless
   there is no other; a replay goes to another task.
5. An outlier (outliers.py) gets nothing until it is probed.
6. Fail open: with more than half of the tasks unready the check is doubted, not the tasks. Only a task that
   drains, is gone, or was never ready gets nothing at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import outliers
from .tasks import EVIDENCE, FIRST_WEIGHT, LIKE_PEERS, NO_LIMIT, Task

SHUN_MS = 1000.0  # after a failed connection the others go first for so long


class Fleet:
    """The tasks of one service, by name and as routed to. Times in ms."""

    __slots__ = ("_live", "_outliers", "_turn", "concurrency", "failing_open", "routed", "tasks")

    def __init__(self, concurrency: int | None) -> None:
        self.concurrency = concurrency
        self.tasks: dict[str, Task] = {}
        self.routed: list[Task] = []
        self._live: list[Task] = []  # routed to, but for faults
        self._outliers = outliers.Outliers()
        self.failing_open = False
        self._turn = 0

    def add(self, name: str, port: int, zone: str, revision: str) -> Task:
        """Make a task known. ValueError when the name is taken."""
        if name in self.tasks:
            raise ValueError(f"task {name} is already known")
        limit = NO_LIMIT if self.concurrency is None else self.concurrency
        task = self.tasks[name] = Task(name, port, zone, revision, limit)
        return task

    def ready(self, task: Task, now: float, ramp_ms: float) -> None:
        """Route to the task. The first time it warms, unless no peer serves that it could be compared with."""
        task.ready = True
        if not task.known:
            task.known = True
            task.turn = self._turn  # not before its peers: they have waited as long
            if ramp_ms > 0 and any(peer.ready and not peer.warming for peer in self.routed):
                task.warming, task.ramp_from, task.ramp_ms = True, now, ramp_ms
        self.rebuild(now)

    def rebuild(self, now: float) -> None:
        """Work out again whom to route to; call it after every change of a task's state."""
        live = [task for task in self.tasks.values() if task.known and not task.draining]
        ready = [task for task in live if task.ready]
        self.failing_open = (len(live) - len(ready)) * 2 > len(live)
        self._live = wanted = live if self.failing_open else ready
        if any(task.conduct.until for task in wanted):
            outliers.release_surplus(wanted, now)
            wanted = [task for task in wanted if not task.conduct.until]
        if all(task.conduct.probing for task in wanted):  # nobody else is left to carry the load
            for task in wanted:
                outliers.admit(task, now)
        others = [task for task in wanted if task.shunned_until <= now]
        self.routed = wanted if all(task.conduct.probing for task in others) else others
        for task in self.routed:
            self._weigh(task, now)

    def choose(self) -> Task | None:
        """The task for the next request; None when none is routed to or all are at their limit."""
        best: Task | None = None
        load = turn = 0.0
        for task in self.routed:
            count = task.in_flight
            if count >= task.limit:
                continue
            its = count * task.inverse
            if best is None or its < load or (its == load and task.turn < turn):
                best, load, turn = task, its, task.turn
        if best is not None:
            self._turn += 1
            best.turn = self._turn + best.behind
        return best

    def choose_other(self, tried: Sequence[Task]) -> Task | None:
        """The task for a request that ``tried`` lost; one of them again only when nobody else is routed to."""
        if all(task in tried for task in self.routed):
            return self.choose()
        limits = [(task, task.limit) for task in dict.fromkeys(tried)]
        for task, _ in limits:
            task.limit = 0
        other = self.choose()
        for task, limit in limits:
            task.limit = limit
        return other

    def shun(self, task: Task, now: float) -> None:
        """A connection to the task failed: others first, for a second."""
        if not task.gone:
            task.shunned_until = now + SHUN_MS
            self.rebuild(now)

    def faulted(self, task: Task, handed_ns: int, now: float) -> None:
        """A request that was handed to it then ended ill: when it was a probe, the task is out again."""
        conduct = task.conduct
        if conduct.probing and handed_ns >= conduct.probes_from[1] * 1e6:
            if outliers.has_room(self._live):
                outliers.eject(task, now)
            self.rebuild(now)

    def tick(self, now: float) -> bool:
        """Let ramps rise, shunned tasks return and outliers go and return; whether anything changed that may free
        the queue."""
        changed = self._outliers.check(self._live, now)
        if changed:
            self.rebuild(now)
        mean = self._peers_service_ns()
        for task in self.tasks.values():
            if task.warming:
                changed = True
                if self._is_warm(task, now, mean):
                    task.warming = False
                self._weigh(task, now)
            if task.shunned_until and task.shunned_until <= now:
                task.shunned_until = 0.0
                self.rebuild(now)
                changed = True
        return changed

    def _weigh(self, task: Task, now: float) -> None:
        risen = (now - task.ramp_from) / task.ramp_ms if task.warming else 1.0
        task.weigh(min(max(risen, FIRST_WEIGHT), 1.0), self.concurrency, len(self.routed))

    def _is_warm(self, task: Task, now: float, peers_service_ns: float) -> bool:
        if now - task.ramp_from >= task.ramp_ms:
            return True
        return task.warm_served >= EVIDENCE and 0 < task.service_ns <= LIKE_PEERS * peers_service_ns

    def _peers_service_ns(self) -> float:
        means = [task.service_ns for task in self.routed if not task.warming and task.service_ns]
        return sum(means) / len(means) if means else 0.0
