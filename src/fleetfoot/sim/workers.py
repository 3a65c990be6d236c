"""Workers of a queue, simulated message by message: who comes first is worked on first, one at a time by each worker.

The engine sees once a second what waits (``jobs``), what is being worked on (``running``) and the age of the oldest
message that waits in seconds (``oldest``), as a queue's own source would tell it: also when no worker runs. A worker
that is let go finishes the message it has. Deterministic for a seed.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Fleet, Observation, Signal, Start
from fleetfoot.core.settings import Settings
from fleetfoot.sim.harness import poisson
from fleetfoot.sim.live import START

SIGNALS = ("jobs", "running", "oldest")


@dataclass(frozen=True, slots=True)
class Second:
    """What was at the end of one second."""

    waiting: int
    running: int
    oldest: float  # s
    workers: int  # serving
    ordered: int  # serving and starting


@dataclass(slots=True)
class Worked:
    """``waits``: s each message waited for a worker; ``left``: those that still wait; ``worker_hours``: from the order
    to the end of the last message; ``orders``: (second, workers before, after)."""

    seconds: list[Second] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    left: int = 0
    worker_hours: float = 0.0
    orders: list[tuple[int, int, int]] = field(default_factory=list)

    def wait(self, share: float) -> float:
        """The wait that ``share`` of the messages do not exceed, s; 0 where none was worked on."""
        ranked = sorted(self.waits)
        return ranked[min(len(ranked) - 1, int(len(ranked) * share))] if ranked else 0.0


class Queue:
    """Messages, idle workers, and busy ones by the second in which they are done."""

    def __init__(self, work: float, seed: int, *, steady: bool) -> None:
        """``work``: s a message takes, always (``steady``) or exponential in the mean."""
        self.waiting: deque[float] = deque()
        self.idle = 0
        self.busy: list[float] = []
        self.leaving = 0  # busy ones that take no other message
        self.waits: list[float] = []
        self._work, self._rng, self._steady = work, Random(seed), steady

    @property
    def serving(self) -> int:
        return self.idle + len(self.busy) - self.leaving

    def come(self, at: float) -> None:
        """One message."""
        self.finish(at)
        self.waiting.append(at)
        self._take(at)

    def add(self, workers: int, at: float) -> None:
        self.finish(at)
        self.idle += workers
        self._take(at)

    def remove(self, workers: int) -> None:
        """The idle go first; a busy one goes when its message is done."""
        gone = min(workers, self.idle)
        self.idle -= gone
        self.leaving += workers - gone

    def finish(self, until: float) -> None:
        """Everything that is done by then."""
        while self.busy and self.busy[0] <= until:
            at = heapq.heappop(self.busy)
            if self.leaving:
                self.leaving -= 1
            else:
                self.idle += 1
                self._take(at)

    def _take(self, at: float) -> None:
        while self.idle and self.waiting:
            self.waits.append(at - self.waiting.popleft())
            self.idle -= 1
            span = self._work if self._steady else self._rng.expovariate(1.0 / self._work)
            heapq.heappush(self.busy, at + span)


def work(
    settings: Settings, rates: Sequence[float], work_s: float, *, seed: int = 1, workers: int = 0, steady: bool = False
) -> Worked:
    """``settings`` in charge of workers that take ``work_s`` seconds a message, under ``rates`` messages/s, one for
    every second: Poisson in their number, even within the second. ``workers`` serve at the beginning."""
    rng, queue, memory, done = Random(seed), Queue(work_s, seed + 1, steady=steady), Memory(), Worked()
    queue.add(workers, 0.0)
    starting: list[int] = []  # the second in which each serves
    for second, rate in enumerate(rates):
        count = poisson(rng, rate) if rate > 0 else 0
        for i in range(count):
            queue.come(second + i / count)
        end = second + 1
        queue.finish(end)
        ready = sum(at <= end for at in starting)
        starting = [at for at in starting if at > end]
        queue.add(ready, end)
        oldest = end - queue.waiting[0] if queue.waiting else 0.0
        seen = Second(len(queue.waiting), len(queue.busy), oldest, queue.serving, queue.serving + len(starting))
        done.seconds.append(seen)
        done.worker_hours += (queue.idle + len(queue.busy) + len(starting)) / 3600.0
        desired = _decide(settings, memory, end, seen, ready)
        if desired != seen.ordered:
            done.orders.append((end, seen.ordered, desired))
        starting += [end + max(1, settings.startup // 1000)] * (desired - seen.ordered)
        surplus = seen.ordered - desired
        if surplus > 0:
            queue.remove(max(0, surplus - len(starting)))
            del starting[max(0, len(starting) - surplus) :]
    done.waits, done.left = queue.waits, len(queue.waiting)
    return done


def _decide(settings: Settings, memory: Memory, second: int, seen: Second, ready: int) -> int:
    now = START + 1000 * second
    values = (float(seen.waiting), float(seen.running), seen.oldest)
    signals = {name: Signal(name, value, now, now) for name, value in zip(SIGNALS, values, strict=True)}
    starts = tuple(Start(1000 * second + i, "", settings.startup, True) for i in range(ready))
    fleet = Fleet(now, seen.ordered, seen.workers, starting=seen.ordered - seen.workers, starts=starts)
    return step(settings, memory, Observation(now, now, signals, fleet)).desired
