"""Outlier ejection: a task that answers 5xx, breaks connections or is silent while its peers do well gets no traffic.

Rules for whoever edits this file:
1. Nothing here runs for a good answer: the counts are cumulative ones of the task, looked at once a tick.
2. A task is compared with its peers, never with a fixed share: when what they all depend on is down, none is one.
3. At most ``QUOTA`` of the tasks is out, but one of two may be, and the last one never.
4. A task comes back half-open: one request more than it still has, until ``PROBES`` are answered well; a bad one puts
   it out again, for longer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import sqrt
from typing import Protocol

WINDOW_MS = 10_000.0
SLOTS = 10  # the window slides by a tenth of it
MINIMUM = 5  # faults in the window before anything is said of a task
SIGMAS = 3.0  # of chance between a task and its peers
MARGIN = 0.1  # and so much more of its requests must fail than of theirs
QUOTA = 0.3
BASE_MS = 5_000.0  # the first time out; doubled each time it follows soon on the one before
LONGEST_MS = 300_000.0
PROBES = 3
SLOW = 3.0  # times the median p95 of the peers: told, not acted on
SLOW_EVIDENCE = 20  # responses behind each p95


class Conduct:
    """How one task behaves. ``until``: ms at which it may be probed again; 0.0: not ejected."""

    __slots__ = ("ejections", "level", "marks", "probes_from", "probing", "returned", "until")

    def __init__(self) -> None:
        self.until = 0.0
        self.probing = False
        self.probes_from = (0, 0.0)  # good answers when probing began, and when, ms
        self.ejections = 0
        self.level = 0  # ejections in a row, each soon after the other
        self.returned = 0.0  # ms
        self.marks: deque[tuple[int, int]] = deque(maxlen=SLOTS)  # (ended, faults) at the beginning of each slot

    def span_ms(self) -> float:
        """How long the next ejection lasts."""
        return min(BASE_MS * 2.0**self.level, LONGEST_MS)


class Watched(Protocol):
    """A task of either balancer. ``ended``: requests whose end it brought about; ``faults``: those that ended ill."""

    conduct: Conduct
    in_flight: int
    limit: int  # requests at once; set while it is probed

    @property
    def ended(self) -> int: ...
    @property
    def faults(self) -> int: ...


def quota(tasks: int) -> int:
    """How many of so many tasks may be out."""
    return max(int(tasks * QUOTA), 1) if tasks > 1 else 0


def bounds(faults: int, ended: int) -> tuple[float, float]:
    """Between what the true share of faults lies, but for chance (Wilson's interval); (0, 1) of nothing."""
    if ended <= 0:
        return 0.0, 1.0
    square = SIGMAS * SIGMAS
    middle = faults + square / 2
    reach = SIGMAS * sqrt(faults * (ended - faults) / ended + square / 4)
    return (middle - reach) / (ended + square), (middle + reach) / (ended + square)


class Outliers:
    """Watches the tasks that are routed to, ejected ones included. Times in ms."""

    __slots__ = ("_turn_at",)

    def __init__(self) -> None:
        self._turn_at = 0.0

    def check(self, tasks: Sequence[Watched], now: float) -> bool:
        """Once a tick: eject, begin probing, readmit; whether anything changed."""
        if now >= self._turn_at:
            self._turn_at = now + WINDOW_MS / SLOTS
            for task in tasks:
                task.conduct.marks.append((task.ended, task.faults))
        changed = False
        for task in tasks:
            conduct = task.conduct
            if conduct.until:
                if now >= conduct.until:
                    _probe(task, now)
                    changed = True
            elif conduct.probing:
                if task.ended - task.faults >= conduct.probes_from[0] + PROBES:
                    admit(task, now)
                    changed = True
            elif task.faults >= MINIMUM and _is_outlier(task, tasks) and has_room(tasks):
                eject(task, now)
                changed = True
        return changed


def has_room(tasks: Sequence[Watched]) -> bool:
    """Whether one more of them may go out."""
    return sum(task.conduct.until > 0 for task in tasks) < quota(len(tasks))


def eject(task: Watched, now: float) -> None:
    """Put it out; longer when it came back only lately."""
    conduct = task.conduct
    if conduct.level and not conduct.probing and now - conduct.returned > conduct.span_ms() + WINDOW_MS:
        conduct.level = 0
    conduct.until = now + conduct.span_ms()
    conduct.level = min(conduct.level + 1, 16)
    conduct.ejections += 1
    conduct.probing = False


def release_surplus(tasks: Sequence[Watched], now: float) -> None:
    """Peers went away and too large a share is out: those that would return first are probed now."""
    out = sorted((task for task in tasks if task.conduct.until), key=lambda task: task.conduct.until)
    for task in out[: len(out) - quota(len(tasks))]:
        _probe(task, now)


def is_slow(p95_ms: float, others: Sequence[float]) -> bool:
    """Whether a p95 stands out from those of its peers."""
    if not others:
        return False
    return p95_ms > SLOW * sorted(others)[len(others) // 2]


def _probe(task: Watched, now: float) -> None:
    conduct = task.conduct
    conduct.until = 0.0
    conduct.probing = True
    conduct.probes_from = (task.ended - task.faults, now)
    task.limit = task.in_flight + 1


def admit(task: Watched, now: float) -> None:
    """It takes requests like any other; what it did before is forgotten, not how often it was out."""
    conduct = task.conduct
    conduct.probing = False
    conduct.returned = now
    conduct.marks.clear()
    conduct.marks.append((task.ended, task.faults))


def _is_outlier(task: Watched, tasks: Sequence[Watched]) -> bool:
    faults, ended = _lately(task)
    if faults < MINIMUM:
        return False
    others_faults = others_ended = 0
    for other in tasks:
        if other is not task and not other.conduct.until:
            its_faults, its_ended = _lately(other)
            others_faults += its_faults
            others_ended += its_ended
    return bounds(faults, ended)[0] > bounds(others_faults, others_ended)[1] + MARGIN


def _lately(task: Watched) -> tuple[int, int]:
    ended, faults = task.conduct.marks[0] if task.conduct.marks else (0, 0)
    return task.faults - faults, task.ended - ended
