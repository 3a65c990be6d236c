"""The counters of one life of a process: from its start, or from a fork, to its end.

Rules, for whoever edits this:
1. ``begin`` and ``end`` are the hot path: no lock, no allocation that stays. CPython with its GIL changes threads,
   runs signal handlers and finalisers only at calls and at jumps back, so each statement of the form ``x += 1``, and
   each run of them without a call, is one step. ``end`` therefore calls ``bit_length`` before it changes anything.
2. Where Python has no such lock, ``LockedLife`` is used; ``a_life`` knows which.
3. A request that ended is counted once, in ``rows`` or ``failed``. All totals are derived from these, so that the copy
   of a moment adds up however it was taken. ``ended`` serves the maximum only.
4. A request keeps the life it began in: one that was open over a fork ends in its parent's life, of which the child
   sends nothing.
"""

from __future__ import annotations

import os
import sys
import threading
from time import monotonic_ns

from fleetfoot_agent.histogram import LAST, SIZE

CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")


class Life:
    """See the module. Exact under threads as long as the GIL is there."""

    __slots__ = ("_by_status", "_failed_by_status", "began", "born", "ended", "failed", "incarnation", "peak", "rows")

    def __init__(self) -> None:
        self.incarnation = os.urandom(8).hex()
        self.born = monotonic_ns()
        self.began = 0  # requests
        self.ended = 0
        self.peak = 0  # the most that were open since it was last reset
        # by class of the status: buckets of the latency of requests that ended, and of those ended by an exception
        self.rows = [[0] * SIZE for _ in CLASSES]
        self.failed = [[0] * SIZE for _ in CLASSES]
        # the same by the status itself: an index costs less than a division
        self._by_status = [row for row in self.rows for _ in range(100)]
        self._failed_by_status = [row for row in self.failed for _ in range(100)]

    def begin(self) -> None:
        """A request began."""
        self.began = began = self.began + 1
        if began - self.ended > self.peak:
            self.peak = began - self.ended

    def end(self, ns: int, status: int, failed: bool = False) -> None:
        """A request ended after ``ns``, 0 or more; ``status`` 0 = it never answered; ``failed`` = by an exception."""
        index = ns >> 10
        bits = index.bit_length()
        if bits > 4:
            index = ((bits - 4) << 4) + (index >> (bits - 5))
        try:
            (self._failed_by_status if failed else self._by_status)[status][index] += 1
        except (IndexError, TypeError):
            self._end_oddly(min(index, LAST), status, failed)
        self.ended += 1

    def _end_oddly(self, index: int, status: int, failed: bool) -> None:
        """After more than an hour, or with a status that does not exist: no class, and an error above 599."""
        known = type(status) is int and 0 <= status < 600
        row = (self.failed if failed or not known else self.rows)[status // 100 if known else 0]
        row[index] += 1

    def copy(self) -> tuple[list[list[int]], list[list[int]], int]:
        """``rows``, ``failed`` and ``began``. Read in this order: a request is never ended and not begun."""
        return [row.copy() for row in self.rows], [row.copy() for row in self.failed], self.began

    def top(self) -> int:
        """The most that were open at once since the last call; where threads meet it may be a few too high."""
        peak, self.peak = self.peak, self.began - self.ended
        return peak


class LockedLife(Life):
    """The same for a Python without a GIL."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()  # a finaliser that records while its own thread holds it must not hang

    def begin(self) -> None:
        with self._lock:
            super().begin()

    def end(self, ns: int, status: int, failed: bool = False) -> None:
        with self._lock:
            super().end(ns, status, failed)

    def copy(self) -> tuple[list[list[int]], list[list[int]], int]:
        with self._lock:
            return super().copy()

    def top(self) -> int:
        with self._lock:
            return super().top()


def a_life() -> Life:
    """A new life, of the kind this Python needs."""
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    return Life() if gil and sys.implementation.name == "cpython" else LockedLife()
