"""What we know of one task, and which tasks HAProxy should route to.

The same rules as the embedded balancer's: a task gets nothing before it was ready once; one that joins others warms up
at a growing weight; above 50 % unready the check is doubted and all that were ever ready are routed to. Times in ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from fleetfoot.fleet.balancer import outliers
from fleetfoot.fleet.balancer.outliers import Conduct
from fleetfoot.fleet.balancer.tasks import EVIDENCE, FIRST_WEIGHT, LIKE_PEERS
from fleetfoot_agent.histogram import Histogram

from .config import WEIGHT

WAITS, ROUTED, DRAINS = "maint", "ready", "drain"  # HAProxy's words


class Wanted(NamedTuple):
    """How HAProxy should treat a server: WAITS, ROUTED or DRAINS, and with what weight and limit (0: none)."""

    state: str
    weight: int
    limit: int


@dataclass(slots=True, eq=False)
class Task:
    """State, load and statistics of one task. ``server`` is its name in HAProxy, never used twice."""

    name: str
    server: str
    port: int
    ready: bool = False
    known: bool = False  # it was ready once
    draining: bool = False
    warming: bool = False
    routed: bool = False
    drained: bool = False  # it drains, HAProxy knows, and nothing is open any more
    ramp_from: float = 0.0
    ramp_ms: float = 0.0
    in_flight: int = 0
    tunnels: int = 0
    served: int = 0
    errors: int = 0
    breaks: int = 0  # of these: refused and broken connections
    conduct: Conduct = field(default_factory=Conduct)
    limit: int = 0  # requests at once while it is probed
    faults_before: int = 0  # when it was last not probed
    response_ms: int = 0
    served_before: int = 0  # when it began to warm
    recent: Histogram = field(default_factory=Histogram)  # of the service time, exchanged every 10 s
    older: Histogram = field(default_factory=Histogram)

    @property
    def requests(self) -> int:
        return self.in_flight

    @property
    def open(self) -> int:
        return self.in_flight + self.tunnels

    @property
    def ended(self) -> int:
        return self.served + self.breaks

    @property
    def faults(self) -> int:
        return self.errors

    def share(self, now: float) -> float:
        """The share of a full task's load it should take."""
        return min(max((now - self.ramp_from) / self.ramp_ms, FIRST_WEIGHT), 1.0) if self.warming else 1.0


class Fleet:
    """The tasks of one service by name."""

    def __init__(self, concurrency: int | None) -> None:
        self.concurrency = concurrency
        self.tasks: dict[str, Task] = {}
        self.failing_open = False
        self._outliers = outliers.Outliers()
        self._number = 0

    def add(self, name: str, port: int) -> None:
        """ValueError when the name is taken."""
        if name in self.tasks:
            raise ValueError(f"task {name} is already known")
        self._number += 1
        self.tasks[name] = Task(name, f"t{self._number}", port)

    def ready(self, task: Task, now: float, ramp_ms: float) -> None:
        """Route to the task. The first time it warms, unless no peer serves that it could be compared with."""
        task.ready = True
        if not task.known:
            task.known, task.served_before = True, task.served
            if ramp_ms > 0 and any(peer.routed and peer.ready and not peer.warming for peer in self.tasks.values()):
                task.warming, task.ramp_from, task.ramp_ms = True, now, ramp_ms
        self.choose(now)

    def choose(self, now: float) -> None:
        """Work out again whom to route to; call it after every change of a task's state."""
        live = [task for task in self.tasks.values() if task.known and not task.draining]
        unready = sum(not task.ready for task in live)
        self.failing_open = unready * 2 > len(live)
        wanted = [task for task in live if task.ready or self.failing_open]
        outliers.release_surplus(wanted, now)
        routed = [task for task in wanted if not task.conduct.until]
        if all(task.conduct.probing for task in routed):  # nobody else is left to carry the load
            for task in routed:
                outliers.admit(task, now)
        for task in self.tasks.values():
            task.routed = task in routed

    def restarted(self) -> None:
        """HAProxy counts anew: what a task did before is forgotten."""
        for task in self.tasks.values():
            task.served = task.errors = task.breaks = task.served_before = task.faults_before = 0
            task.conduct = Conduct()

    def judge(self, now: float) -> None:
        """Put out the tasks that fail while their peers do well, and let them come back; see balancer/outliers.py."""
        live = [task for task in self.tasks.values() if task.routed or task.conduct.until]
        changed = self._outliers.check(live, now)
        for task in live:
            if not task.conduct.probing:
                task.faults_before = task.faults
            elif task.faults > task.faults_before and outliers.has_room(live):
                outliers.eject(task, now)
                changed = True
        if changed:
            self.choose(now)

    def tick(self, now: float) -> bool:
        """Let ramps rise and end; whether there was one."""
        warming = [task for task in self.tasks.values() if task.warming]
        for task in warming:
            task.warming = not self._is_warm(task, now)
        return bool(warming)

    def _is_warm(self, task: Task, now: float) -> bool:
        if now - task.ramp_from >= task.ramp_ms:
            return True
        peers = [peer.response_ms for peer in self.tasks.values() if peer.routed and not peer.warming and peer.served]
        if not peers or task.served - task.served_before < EVIDENCE:
            return False
        return task.response_ms + 1 <= LIKE_PEERS * (sum(peers) / len(peers) + 1)  # + 1: HAProxy cuts to whole ms

    def wanted(self, now: float) -> Iterator[tuple[Task, Wanted]]:
        """How HAProxy should treat each task."""
        for task in self.tasks.values():
            share = task.share(now)
            limit = 0 if self.concurrency is None else max(1, int(self.concurrency * share))
            if task.conduct.probing:
                limit = task.limit
            state = ROUTED if task.routed else DRAINS if task.known else WAITS
            yield task, Wanted(state, max(1, round(WEIGHT * share)), limit)
