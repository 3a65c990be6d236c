"""What the balancer counts, as the counts of an agent: what the agent's sender takes each second."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from time import monotonic
from typing import Any

from fleetfoot_agent.histogram import Histogram
from fleetfoot_agent.recorder import Counts

LOOP_S = 1.0  # a loop that does not answer for so long is as good as hanging: the push fails, the next one has all


class Tally:
    """Reads ``snapshot`` on ``loop``. One incarnation; times in ms since it was made."""

    def __init__(self, snapshot: Callable[[], Mapping[str, Any]], loop: asyncio.AbstractEventLoop) -> None:
        self.wake: Callable[[], object] | None = None  # the sender's; this process never forks
        self.incarnation = os.urandom(8).hex()
        self._snapshot, self._loop = snapshot, loop
        self._born = monotonic()
        self._taken = 0.0
        self._peak = 0

    def sample(self) -> None:
        """Look at what is open, for the maximum between two pushes. On the loop, many times a second."""
        self._peak = max(self._peak, is_open(self._snapshot()))

    def take(self) -> Counts:
        """The counts now; the interval and the maximum begin anew. In the sender's thread; raises when the loop is gone
        or does not answer."""
        return self._ask(begin_anew=True)

    def look(self) -> Counts:
        """The counts now, for another reader than the sender; as ``take``, but nothing begins anew."""
        return self._ask(begin_anew=False)

    def _ask(self, begin_anew: bool) -> Counts:
        answer: Future[Counts] = Future()
        self._loop.call_soon_threadsafe(lambda: answer.set_result(self._read(begin_anew)))
        return answer.result(LOOP_S)

    def _read(self, begin_anew: bool) -> Counts:
        seen, end = self._snapshot(), (monotonic() - self._born) * 1000
        found = counts_of(seen, self.incarnation, (self._taken, end), max(self._peak, is_open(seen)))
        if begin_anew:
            self._taken, self._peak = end, is_open(seen)
        return found


def is_open(seen: Mapping[str, Any]) -> int:
    """Requests that began and have not ended: in the queue, at the app, or on their way back."""
    ended = sum(seen[end] for end in ("completed", "broken", "shed", "timed_out", "client_gone"))
    return int(seen["offered"] - ended)


def counts_of(seen: Mapping[str, Any], incarnation: str, interval: tuple[float, float], peak: int) -> Counts:
    """A snapshot of the balancer as an agent's counts. It knows a 5xx; other classes it does not tell apart."""
    bad = seen["errors"] + seen["shed"] + seen["timed_out"]
    status = {
        "answered": seen["completed"] - (seen["errors"] - seen["broken"]),
        "5xx": bad,
        "none": seen["client_gone"],
    }
    return Counts(
        incarnation=incarnation,
        start=interval[0],
        end=interval[1],
        requests=seen["offered"],
        errors=bad,
        status={name: n for name, n in status.items() if n},
        latency=Histogram.from_json(seen["latency"]),
        in_flight=is_open(seen),
        in_flight_max=peak,
        queue=seen["queue"],
        gauges={},
        counts={},
    )
