"""Processor time and memory of tasks on this machine, from ``/proc``: a task's own process and its descendants."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_ms(pid: int, proc: Path = Path("/proc")) -> float | None:
    """Processor ms used so far by ``pid`` and all below it; None when the process is gone."""
    own = _own_ms(pid, proc)
    return None if own is None else own + sum(_own_ms(child, proc) or 0.0 for child in _below(pid, proc))


def memory_bytes(pid: int, proc: Path = Path("/proc")) -> int | None:
    """Resident bytes of ``pid`` and all below it, shared pages counted in each; None when the process is gone."""
    own = _resident(pid, proc)
    return None if own is None else own + sum(_resident(child, proc) or 0 for child in _below(pid, proc))


def _below(pid: int, proc: Path) -> list[int]:
    found: list[int] = []
    todo, seen = _children(pid, proc), {pid}
    while todo:
        child = todo.pop()
        if child not in seen:
            seen.add(child)
            found.append(child)
            todo.extend(_children(child, proc))
    return found


def _resident(pid: int, proc: Path) -> int | None:
    try:
        return int((proc / str(pid) / "statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return None


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
