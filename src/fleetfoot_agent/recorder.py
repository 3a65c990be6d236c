"""What one process of a task counts: requests, errors, latencies, in-flight, queue, gauges.

One short lock guards all counts, so totals are exact under any number of threads and a snapshot is
consistent (requests = ended + in flight). It is re-entrant: a signal handler or a finaliser that
records while its own thread holds it must not hang the app. After a fork the child begins again at
zero as a new incarnation and wakes its sender at its first event.

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

from fleetfoot_agent.histogram import LAST, SIZE, Histogram

MAX_SERIES = 64  # gauges and counts together
MAX_COUNT = 2**53  # what every reader of JSON keeps exactly
TAKEN = frozenset({"requests", "errors", "latency", "in_flight", "in_flight_max", "queue"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)
_CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")

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


def good_name(name: object) -> bool:
    """Whether ``name`` may name a gauge or a count: a letter, letters, digits or ``_``, not one of ours."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None and name not in TAKEN


class Recorder:
    """Counts for one process; see the module. ``begin`` and ``end`` are the hot path."""

    def __init__(self) -> None:
        self.wake: Callable[[], object] | None = None  # must not raise; called at the first event of a forked child
        self.dropped = 0  # gauges, counts and queue lengths that could not be kept
        self._queue: Level | None = None
        self._gauges: dict[str, Level] = {}
        self._counts: dict[str, int] = {}
        self._restart()
        _recorders.add(self)

    def _restart(self) -> None:
        self._lock = threading.RLock()
        self.incarnation = os.urandom(8).hex()
        self._born = monotonic_ns()
        self._taken = 0.0
        self._requests = self._errors = self._in_flight = self._peak = 0
        self._status = [0] * len(_CLASSES)
        self._latency = [0] * SIZE
        self._asleep = False

    def _forked(self) -> None:
        """In the child: nothing counted so far is ours; what the app said by a callable still is."""
        self._restart()
        self._gauges = {name: level for name, level in self._gauges.items() if callable(level)}
        self._queue = self._queue if callable(self._queue) else None
        self._counts = {}
        self._asleep = True

    def sleep(self, wake: Callable[[], object]) -> None:
        """Call ``wake`` at the first event; a forked child does so again."""
        self.wake = wake
        self._asleep = True

    def _awake(self) -> None:
        self._asleep = False
        if self.wake is not None:
            self.wake()

    # --- the hot path ---

    def begin(self) -> None:
        """A request began."""
        if self._asleep:
            self._awake()
        with self._lock:
            self._requests += 1
            self._in_flight = now = self._in_flight + 1
            if now > self._peak:
                self._peak = now

    def end(self, ns: int, status: int, failed: bool = False) -> None:
        """A request ended after ``ns``; ``status`` 0 = it never answered; ``failed`` = by an exception."""
        unit = ns >> 10 if ns > 0 else 0
        bits = unit.bit_length()
        index = unit if bits < 5 else ((bits - 4) << 4) + (unit >> (bits - 5))
        with self._lock:
            self._in_flight -= 1
            self._latency[index if index < LAST else LAST] += 1  # noqa: FURB136 - min() costs a call more
            self._status[status // 100 if 100 <= status < 600 else 0] += 1
            if failed or status >= 500:
                self._errors += 1

    # --- what the app says ---

    def gauge(self, name: str, value: Level) -> None:
        """Set the level ``name``, or give a callable that is asked at every push."""
        if self._asleep:
            self._awake()
        with self._lock:
            if self._may(name, self._gauges, self._counts) and (callable(value) or _finite(value)):
                self._gauges[name] = value
            else:
                self.dropped += 1

    def count(self, name: str, by: int = 1) -> None:
        """Add ``by`` (0 or more) to the events counted as ``name``."""
        if self._asleep:
            self._awake()
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
        gauges, queue = self._levels()
        with self._lock:
            start, end = self._taken, (monotonic_ns() - self._born) / 1e6
            peak, self._peak, self._taken = self._peak, self._in_flight, end
            return Counts(
                incarnation=self.incarnation,
                start=start,
                end=end,
                requests=self._requests,
                errors=self._errors,
                status={name: n for name, n in zip(_CLASSES, self._status, strict=True) if n},
                latency=Histogram(self._latency),
                in_flight=self._in_flight,
                in_flight_max=peak,
                queue=queue,
                gauges=gauges,
                counts=dict(self._counts),
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


def _finite(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300 and isfinite(value)


_recorders: WeakSet[Recorder] = WeakSet()


def _after_fork() -> None:
    for recorder in list(_recorders):
        recorder._forked()


os.register_at_fork(after_in_child=_after_fork)
