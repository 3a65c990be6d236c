"""Ending what a dead keeper, or one told to hurry, leaves behind. Standard library only: the keeper imports this.

Nothing is ended by its pid alone: a process is ours when its pid and start time are on record, or when
it was started with the random name of that keeper's life in its environment.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from . import proc
from .clock import mono_ms
from .state import Store, read_json

_GRACE_MS = 5000  # for what a dead keeper left, before it is killed
RUN_MARK = "FLEETFOOT_RUN"  # in the environment of every process below a keeper: the name of its life


def recorded(store: Store) -> dict[int, int]:
    """pid -> start time of the tasks on record that live."""
    return {one.pid: one.start for one in store.load_tasks() if proc.alive(one.pid, one.start)}


def marked(run: str) -> dict[int, int]:
    """pid -> start time of every process started below a keeper's life."""
    pids = proc.marked(RUN_MARK, run) if run else []
    return {pid: start for pid in pids if (start := proc.start_time(pid)) is not None}


def left(run: str) -> dict[int, int]:
    """pid -> start time of every living descendant of ours, and of whatever bears the name of a keeper's life."""
    below = [pid for pid in proc.tree(os.getpid()) if pid != os.getpid()]
    found = {pid: start for pid in below if (start := proc.start_time(pid)) is not None} | marked(run)
    return {pid: start for pid, start in found.items() if proc.alive(pid, start)}


def clean_up(store: Store) -> int:
    """End what a dead keeper left, its plane first, and take it off the record. How many were ended."""
    raw = read_json(store.keeper)
    if raw.get("boot") not in (None, proc.boot_id()):
        ours: dict[int, int] = {}  # none of them can have outlived the machine
    else:
        for pid, start in raw.get("children", {}).values():
            proc.kill(pid, start, signal.SIGKILL)
        ours = recorded(store) | marked(str(raw.get("run", "")))
        end(lambda: {pid: start for pid, start in ours.items() if proc.alive(pid, start)}, _GRACE_MS)
    forget(store)
    return len(ours)


def forget(store: Store) -> None:
    """Take everything off the record."""
    for path in (*store.tasks.glob("*.json"), *store.tasks.glob(".*.json.*"), store.socket, store.keeper):
        path.unlink(missing_ok=True)


def end(left: Callable[[], dict[int, int]], grace_ms: int, pause: Callable[[float], object] = time.sleep) -> None:
    """SIGTERM to what ``left`` finds, SIGKILL to what it still finds after ``grace_ms``; returns when it
    finds nothing, or after 2 s more. ``pause`` is called between two looks."""
    for number, wait_ms in ((signal.SIGTERM, grace_ms), (signal.SIGKILL, 2000)):
        if number == signal.SIGTERM and not grace_ms:
            continue
        deadline = mono_ms() + wait_ms
        told: set[tuple[int, int]] = set()
        while found := left():
            for pid, start in found.items():
                if (pid, start) not in told:
                    told.add((pid, start))
                    proc.kill(pid, start, number)
                    proc.kill(pid, start, signal.SIGCONT)  # a stopped process would not hear it
            if mono_ms() >= deadline:
                break
            pause(0.02)
