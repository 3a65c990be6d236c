"""Workers of a queue, simulated message by message: who comes first is worked on first, one at a time by each worker.

The engine sees once a second what waits, what is being worked on and the age of the oldest message that waits in
seconds, under the names its policies read them by, as a queue's own source would tell it: also when no worker runs. A
worker that is let go finishes the message it has. Deterministic for a seed.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Decision, Fleet, Observation, Signal, Start
from fleetfoot.core.policies import Backlog
from fleetfoot.core.settings import Settings
from fleetfoot.sim.harness import poisson
from fleetfoot.sim.live import START
from fleetfoot.spec import Service
from fleetfoot.spec.policies import BacklogPolicy, SchedulePolicy
from fleetfoot.spec.signals import is_built_in
from fleetfoot.spec.zones import Zones

EVERY = 60  # s between two words on how far it is


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
    to the end of the last message; ``orders``: the decisions that changed the count."""

    seconds: list[Second] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    left: int = 0
    worker_hours: float = 0.0
    orders: list[Decision] = field(default_factory=list)

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


def is_queue(service: Service) -> bool:
    """Whether its workers are sized by messages of a queue and by nothing else but a schedule."""
    sizing = [policy for policy in service.policies if not isinstance(policy, SchedulePolicy)]
    return bool(sizing) and all(isinstance(one, BacklogPolicy) and not is_built_in(one.signal) for one in sizing)


def work(
    settings: Settings, rates: Sequence[float], work_s: float, *, seed: int = 1, workers: int = 0,
    steady: bool = False, start: int = START, progress: Callable[[int], None] = lambda _: None,
) -> Worked:  # fmt: skip
    """``settings`` in charge of workers that take ``work_s`` seconds a message, under ``rates`` messages/s, one for
    every second: Poisson in their number, even within the second. ``workers`` serve at the beginning, which is at
    ``start`` (ms) by the wall clock; ``progress`` is told the second now and then."""
    rng, queue, done = Random(seed), Queue(work_s, seed + 1, steady=steady), Worked()
    engine = _Engine(settings, start)
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
        decision = engine.decide(end, seen, ready)
        if decision.desired != seen.ordered:
            done.orders.append(decision)
        starting += [end + max(1, settings.startup // 1000)] * (decision.desired - seen.ordered)
        surplus = seen.ordered - decision.desired
        if surplus > 0:
            queue.remove(max(0, surplus - len(starting)))
            del starting[max(0, len(starting) - surplus) :]
        if end % EVERY == 0:
            progress(end)
    done.waits, done.left = queue.waits, len(queue.waiting)
    return done


class _Engine:
    """What decides, once a second."""

    def __init__(self, settings: Settings, start: int) -> None:
        self._settings, self._start = settings, start
        self._memory, self._zones = Memory(), Zones(settings.zones)
        self._policies = [policy for policy in settings.policies if isinstance(policy, Backlog)]

    def decide(self, second: int, seen: Second, ready: int) -> Decision:
        """``ready``: workers whose start ended in this second."""
        now, startup = self._start + 1000 * second, self._settings.startup
        starts = tuple(Start(1000 * second + i, "", startup, True) for i in range(ready))
        fleet = Fleet(now, seen.ordered, seen.workers, starting=seen.ordered - seen.workers, starts=starts)
        signals = {name: Signal(name, value, now, now) for name, value in self._shown(seen)}
        return step(self._settings, self._memory, Observation(now, now, signals, fleet, offsets=self._zones.at(now)))

    def _shown(self, seen: Second) -> Iterator[tuple[str, float]]:
        for policy in self._policies:
            yield policy.signal, seen.oldest if policy.age else float(seen.waiting)
            if policy.in_flight:
                yield policy.in_flight, float(seen.running)
