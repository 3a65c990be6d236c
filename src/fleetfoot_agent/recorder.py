"""What one process of a task counts: requests, errors, latencies, in-flight, queue, gauges.

Totals are exact under any number of threads and event loops, and a snapshot is consistent (requests = ended + in
flight); how, without a lock on the way of a request, is told in ``life``. Gauges and counts share one short lock. It is
re-entrant: a signal handler or a finaliser that records while its own thread holds it must not hang the app. After a
fork the child begins again at zero as a new incarnation and wakes its sender at its first event.

Nothing here raises into the app: a gauge that cannot be kept is dropped and counted in ``dropped``.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping
from math import isfinite
from time import monotonic_ns
from typing import NamedTuple, TypeGuard
from weakref import WeakSet

from fleetfoot_agent.histogram import Histogram
from fleetfoot_agent.life import CLASSES, Life, a_life

MAX_SERIES = 64  # gauges and counts together
MAX_COUNT = 2**53  # what every reader of JSON keeps exactly
TAKEN = frozenset({"requests", "errors", "latency", "in_flight", "in_flight_max", "queue"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)

Level = float | Callable[[], float]


class Counts(NamedTuple):
    """All a process has counted, cumulative since its incarnation began at 0 ms, and its levels now."""

    incarnation: str
    start: float  # ms: end of the interval before
    end: float  # ms: now
    requests: int  # began
    errors: int
    status: dict[str, int]  # ended, by class
    latency: Histogram
    in_flight: int
    in_flight_max: int  # since the counts were last taken
    queue: int | None
    gauges: dict[str, float]
    counts: dict[str, int]
    ended: tuple[Ended, ...] = ()  # the latencies by how they ended; not sent


class Ended(NamedTuple):
    """The latencies of requests that ended in one way."""

    status: str  # class
    failed: bool  # by an exception
    latency: Histogram


def good_name(name: object) -> bool:
    """Whether ``name`` may name a gauge or a count: a letter, letters, digits or ``_``, not one of ours."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None and name not in TAKEN


class Recorder:
    """Counts for one process; see the module. ``begin`` and ``end`` are the hot path."""

    def __init__(self, life: Callable[[], Life] = a_life) -> None:
        self.wake: Callable[[], object] | None = None  # must not raise; called at the first event of a forked child
        self.dropped = 0  # gauges, counts and queue lengths that could not be kept
        self._new_life = life
        self._queue: Level | None = None
        self._gauges: dict[str, Level] = {}
        self._counts: dict[str, int] = {}
        self._restart()
        _recorders.add(self)

    def _restart(self) -> None:
        self._lock = threading.RLock()
        self.life = self._new_life()  # whom the middlewares tell, without a call in between
        self._taken = 0.0
        self.asleep = False

    def _forked(self) -> None:
        """In the child: nothing counted so far is ours; what the app said by a callable still is."""
        self._restart()
        self._gauges = {name: level for name, level in self._gauges.items() if callable(level)}
        self._queue = self._queue if callable(self._queue) else None
        self._counts = {}
        self.asleep = True

    @property
    def incarnation(self) -> str:
        """Names this life of the process: new after every fork."""
        return self.life.incarnation

    def sleep(self, wake: Callable[[], object]) -> None:
        """Call ``wake`` at the first event; a forked child does so again."""
        self.wake = wake
        self.asleep = True

    def awaken(self) -> None:
        """The first event after ``sleep`` or a fork: whoever counts asks ``asleep`` first."""
        self.asleep = False
        if self.wake is not None:
            self.wake()

    # --- the hot path ---

    def begin(self) -> Life:
        """A request began; call ``end`` of the life that is returned, or of the recorder, once."""
        if self.asleep:
            self.awaken()
        life = self.life
        life.begin()
        return life

    def end(self, ns: int, status: int, failed: bool = False) -> None:
        """A request ended after ``ns``; ``status`` 0 = it never answered; ``failed`` = by an exception."""
        self.life.end(max(ns, 0), status, failed)

    # --- what the app says ---

    def gauge(self, name: str, value: Level) -> None:
        """Set the level ``name``, or give a callable that is asked at every push."""
        if self.asleep:
            self.awaken()
        with self._lock:
            if self._may(name, self._gauges, self._counts) and (callable(value) or _finite(value)):
                self._gauges[name] = value
            else:
                self.dropped += 1

    def count(self, name: str, by: int = 1) -> None:
        """Add ``by`` (0 or more) to the events counted as ``name``."""
        if self.asleep:
            self.awaken()
        with self._lock:
            if self._may(name, self._counts, self._gauges) and by >= 0:
                self._counts[name] = min(self._counts.get(name, 0) + by, MAX_COUNT)
            else:
                self.dropped += 1

    def queue(self, length: Level) -> None:
        """Set the length of the app's own queue, or give a callable that is asked at every push."""
        with self._lock:
            if callable(length) or _finite(length):
                self._queue = length
            else:
                self.dropped += 1

    def _may(self, name: object, mine: Mapping[str, object], other: Mapping[str, object]) -> bool:
        known = isinstance(name, str) and name in mine
        return known or (good_name(name) and name not in other and len(mine) + len(other) < MAX_SERIES)

    # --- what the sender takes ---

    def take(self) -> Counts:
        """The counts now; the interval and the maximum in flight begin anew."""
        return self._read(begin_anew=True)

    def look(self) -> Counts:
        """The counts now, for another reader than the sender: nothing begins anew."""
        return self._read(begin_anew=False)

    def _read(self, begin_anew: bool) -> Counts:
        gauges, queue = self._levels()
        with self._lock:
            life = self.life
            start, end = self._taken, (monotonic_ns() - life.born) / 1e6
            peak = life.top() if begin_anew else life.peak
            if begin_anew:
                self._taken = end
            counts = dict(self._counts)
        rows, failed, began = life.copy()
        ended = tuple(
            Ended(name, bad, Histogram(row))
            for bad, table in ((False, rows), (True, failed))
            for name, row in zip(CLASSES, table, strict=True)
            if any(row)
        )
        return _counts_of(life.incarnation, (start, end), began, peak, ended)._replace(
            queue=queue, gauges=gauges, counts=counts
        )

    def _levels(self) -> tuple[dict[str, float], int | None]:
        """Asks the app's callables, outside the lock: they may record themselves, or be slow."""
        with self._lock:
            gauges, queue = dict(self._gauges), self._queue
        asked = {name: self._ask(level) for name, level in gauges.items()}
        length = None if queue is None else self._ask(queue)
        levels = {name: x for name, x in asked.items() if x is not None}
        return levels, None if length is None else min(max(int(length), 0), MAX_COUNT)

    def _ask(self, level: Level) -> float | None:
        try:
            value = level() if callable(level) else level
            if _finite(value):
                return value
        except Exception:  # noqa: BLE001 - the app's own callable: whatever it raises must not stop the push
            pass
        self.dropped += 1
        return None


def _counts_of(
    incarnation: str, interval: tuple[float, float], began: int, peak: int, ended: tuple[Ended, ...]
) -> Counts:
    status: dict[str, int] = {}
    latency = Histogram()
    for one in ended:
        status[one.status] = status.get(one.status, 0) + one.latency.total
        latency.merge(one.latency)
    in_flight = began - latency.total
    return Counts(
        incarnation=incarnation,
        start=interval[0],
        end=interval[1],
        requests=began,
        errors=sum(one.latency.total for one in ended if one.failed or one.status == "5xx"),
        status=status,
        latency=latency,
        in_flight=in_flight,
        in_flight_max=max(peak, in_flight),
        queue=None,
        gauges={},
        counts={},
        ended=ended,
    )


def _finite(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300 and isfinite(value)


_recorders: WeakSet[Recorder] = WeakSet()


def _after_fork() -> None:
    for recorder in list(_recorders):
        recorder._forked()


os.register_at_fork(after_in_child=_after_fork)
