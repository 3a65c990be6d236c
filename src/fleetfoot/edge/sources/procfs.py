"""Processor time of tasks on this machine, from ``/proc``: a task's own process and its descendants."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_ms(pid: int, proc: Path = Path("/proc")) -> float | None:
    """Processor ms used so far by ``pid`` and all below it; None when the process is gone."""
    own = _own_ms(pid, proc)
    if own is None:
        return None
    total, todo, seen = own, _children(pid, proc), {pid}
    while todo:
        child = todo.pop()
        if child not in seen:
            seen.add(child)
            total += _own_ms(child, proc) or 0.0
            todo.extend(_children(child, proc))
    return total


def _own_ms(pid: int, proc: Path) -> float | None:
    try:
        text = (proc / str(pid) / "stat").read_text()
        fields = text[text.rindex(")") + 2 :].split()
        return sum(int(fields[i]) for i in (11, 12, 13, 14)) * 1000 / _TICKS
    except (OSError, ValueError, IndexError):
        return None


def _children(pid: int, proc: Path) -> list[int]:
    try:
        return [int(word) for word in (proc / str(pid) / "task" / str(pid) / "children").read_text().split()]
    except (OSError, ValueError):
        return []


class CpuMeter:
    """The mean share of their allowed cores that tasks used since the reading before."""

    def __init__(self, cores: float, proc: Path = Path("/proc")) -> None:
        """``cores``: what one task may use (``task.cpu``), above 0."""
        self._cores = cores
        self._proc = proc
        self._before: dict[int, float] = {}
        self._mono = 0.0

    def share(self, pids: Iterable[int], mono: float) -> tuple[float, int, int]:
        """(mean share, tasks measured, span in ms); span 0 on the first reading. ``mono``: monotonic ms."""
        used = {pid: ms for pid in pids if (ms := cpu_ms(pid, self._proc)) is not None}
        span = mono - self._mono
        both = [pid for pid in used if pid in self._before]
        first = not self._before
        spent = sum(max(used[pid] - self._before[pid], 0.0) for pid in both)
        self._before, self._mono = used, mono
        if first or span <= 0:
            return 0.0, 0, 0
        return (spent / span / len(both) / self._cores if both else 0.0), len(both), int(span)
