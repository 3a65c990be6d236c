"""What the balancer knows of one task."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from fleetfoot_agent.histogram import Histogram

from .outliers import Conduct

if TYPE_CHECKING:
    from .back import Back

NO_LIMIT = sys.maxsize
FIRST_WEIGHT = 0.1  # of a task that begins to warm
EVIDENCE = 5  # completed responses before a warming task's service time says something
LIKE_PEERS = 1.5  # times the peers' mean service time
SMOOTHING = 0.1  # of the moving mean of the service time


class Task:
    """State, load and statistics of one task. ``ready`` is the check's answer; ``known`` that it was ready once."""

    __slots__ = (
        "backs",
        "behind",
        "breaks",
        "conduct",
        "connecting",
        "drained",
        "draining",
        "errors",
        "failures",
        "gone",
        "host",
        "idle",
        "in_flight",
        "inverse",
        "known",
        "limit",
        "name",
        "older",
        "port",
        "ramp_from",
        "ramp_ms",
        "ready",
        "recent",
        "revision",
        "served",
        "service_ns",
        "shunned_until",
        "tunnels",
        "turn",
        "warm_served",
        "warming",
        "zone",
    )  # fmt: skip

    def __init__(self, name: str, port: int, zone: str, revision: str, limit: int) -> None:
        self.name, self.port, self.zone, self.revision = name, port, zone, revision
        self.host = "127.0.0.1"
        self.ready = self.known = self.draining = self.gone = self.warming = False
        self.ramp_from = self.ramp_ms = 0.0
        self.shunned_until = 0.0  # ms; connections failed, others go first until then
        # Load: read for every request by the chooser.
        self.in_flight = 0  # handed to the task and not ended, tunnels too
        self.tunnels = 0  # of these: upgraded connections and event streams, outside the limit and the timeouts
        self.limit = limit  # requests at once
        self.inverse = 1.0  # 1 / weight
        self.behind = 0.0  # turns it waits longer than its peers before a tie goes to it
        self.turn = 0.0
        # Statistics.
        self.served = self.errors = self.warm_served = 0
        self.failures = 0  # of those served: 5xx
        self.breaks = 0  # connections refused or broken, nonsense, silence; also where another task then answered
        self.conduct = Conduct()
        self.service_ns = 0.0  # moving mean from hand-over to end of the response; 0.0: nothing served
        self.recent, self.older = Histogram(), Histogram()  # of the service time, exchanged every 10 s
        # Connections.
        self.idle: list[Back] = []  # the last used is used first, so that surplus ones grow old
        self.backs: dict[Back, None] = {}
        self.connecting = 0
        self.drained: asyncio.Future[None] | None = None

    def weigh(self, weight: float, concurrency: int | None, peers: int) -> None:
        """Set the share of a full task's load this one takes (0..1]; ``peers``: tasks routed to, itself included."""
        self.inverse = 1.0 / weight
        self.behind = (self.inverse - 1.0) * peers
        if self.conduct.probing:
            return  # its limit is that of the probe
        self.limit = NO_LIMIT if concurrency is None else max(1, int(concurrency * weight)) + self.tunnels

    @property
    def requests(self) -> int:
        """Handed to the task and not ended, tunnels apart."""
        return self.in_flight - self.tunnels

    @property
    def ended(self) -> int:
        """Requests whose end this task brought about, well or ill."""
        return self.served + self.breaks

    @property
    def faults(self) -> int:
        """Those of them that ended ill."""
        return self.failures + self.breaks

    def timed(self, service_ns: int, good: bool) -> None:
        """Count one ended response; ``good``: fit as evidence of the task's speed (a quick 500 is not)."""
        self.served += 1
        if good:
            self.service_ns += (service_ns - self.service_ns) * (SMOOTHING if self.service_ns else 1.0)
            self.warm_served += self.warming
