"""Arrivals and completions of the last second, in slots of one tick."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

WINDOW_MS = 1000.0


class _Slot(NamedTuple):
    span: float  # ms
    arrivals: int
    completions: int
    task_ms: float  # ready tasks x span


class Rates:
    """Count with ``arrivals += 1`` and ``completions += 1``; ``turn`` closes a slot. Times in ms."""

    __slots__ = ("_slots", "_start", "arrivals", "completions", "per_task")

    def __init__(self, now: float) -> None:
        self.arrivals = 0
        self.completions = 0
        self.per_task = 0.0  # completions/s of one ready task over the last second
        self._start = now
        self._slots: deque[_Slot] = deque()

    def turn(self, now: float, ready: int) -> None:
        """Close the present slot; ``ready`` is the number of tasks that took requests in it."""
        span = now - self._start
        if span <= 0:
            return
        self._slots.append(_Slot(span, self.arrivals, self.completions, span * ready))
        self.arrivals = self.completions = 0
        self._start = now
        kept = sum(slot.span for slot in self._slots)
        while kept - self._slots[0].span >= WINDOW_MS:
            kept -= self._slots.popleft().span
        task_ms = sum(slot.task_ms for slot in self._slots)
        self.per_task = sum(slot.completions for slot in self._slots) / task_ms * 1000 if task_ms else 0.0

    def arrived(self, window: float) -> tuple[int, float]:
        """(arrivals, ms) of the newest whole slots that cover ``window`` ms; (0, 0.0) when there are too few."""
        count, covered = 0, 0.0
        for slot in reversed(self._slots):
            count += slot.arrivals
            covered += slot.span
            if covered >= window:
                return count, covered
        return 0, 0.0
