"""Processes that left their task, and ports that were lost to somebody else."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Container

from . import ports, proc
from .state import tail
from .task import Task

ZYGOTE_MARK = "FLEETFOOT_ZYGOTE"  # in the environment of a zygote, and by that of what it forked


def end_forks(state: str, known: Container[int]) -> None:
    """Kill the zygotes of a plane that died, and what they forked that is not on record: ``known`` process groups."""
    for pid in list(proc.tree(os.getppid())):
        marks = proc.environment(pid)
        if marks.get("FLEETFOOT_STATE") != state or ZYGOTE_MARK not in marks:
            continue
        if (found := proc.stat(pid)) is not None and found.pgid not in known:
            proc.kill(pid, found.start, signal.SIGKILL)


def lost_port(task: Task) -> bool:
    """Did a task that ended at once end because somebody else has its port?"""
    return "address already in use" in tail(task.log).lower() or ports.listening(task.record.port)


def end_strays(state: str, of: Callable[[str], bool]) -> None:
    """Kill processes that daemonised out of a task: by now children of the keeper, this plane's parent, and marked
    with the task's name. ``of``: whether that name is meant."""
    for pid in proc.children(os.getppid()):
        marks = proc.environment(pid)
        task = marks.get("FLEETFOOT_TASK", "")
        if not task or not state or marks.get("FLEETFOOT_STATE") != state:
            continue
        if of(task):
            for one in list(proc.tree(pid)):
                if (start := proc.start_time(one)) is not None:
                    proc.kill(one, start, signal.SIGKILL)
