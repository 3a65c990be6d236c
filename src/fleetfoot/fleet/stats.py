"""The ``stats`` reply: the balancer's counts merged with the tasks' states, and what the tasks use of the machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from . import proc
from .clock import mono_ms
from .rollout import Rollout
from .supervisor import Supervisor
from .task import Task

_NO_COUNTS = {"in_flight": 0, "served": 0, "errors": 0, "p95_ms": 0.0}
_STATES = ("serving", "warming", "starting", "draining", "warm", "failed")


def service(supervisor: Supervisor) -> dict[str, Any]:
    """One service of the reply."""
    snapshot = supervisor.balancer.snapshot()
    now = mono_ms()
    tasks = [(task, supervisor.state(task)) for task in supervisor.tasks.values()]
    states = Counter(state for _, state in tasks)
    warm = [task for task in supervisor.tasks.values() if task.record.warm]
    measured = [task for task, state in tasks if state in ("serving", "warming")]
    ledger = supervisor.ledger
    return {
        **{key: value for key, value in snapshot.items() if key != "tasks"},
        "desired": ledger.desired,
        "order": ledger.order,
        **{state: states[state] for state in _STATES},
        "starting": states["starting"] + supervisor.forking,
        "revision": _revision(supervisor, tasks),
        "deploying": supervisor.deploying,
        "update": _update(supervisor.rollout),
        "lost": sorted(supervisor.ledger.lost),
        "paused": supervisor.ledger.paused,
        "zones": dict(Counter(task.record.zone for task, state in tasks if state == "serving")),
        "cpu": sum(task.cpu_share for task in measured) / len(measured) if measured else 0.0,
        "memory": sum(task.rss for task, _ in tasks),
        "preparing": states["preparing"],
        "warm_target": supervisor.warm_target,
        "warm_memory": sum(task.rss for task in warm),
        "dependency_suspected": supervisor.hung.dependency_suspected,
        "failures": ledger.brake.failures,
        "next_start_ms": ledger.brake.wait(now),
        "last_failure": supervisor.last_failure,
        "starts": list(ledger.starts),
        "exits": list(ledger.exits),
        "tasks": [_task(task, state, supervisor.leaving(task), snapshot["tasks"], now) for task, state in tasks],
    }


def _update(rollout: Rollout) -> dict[str, Any]:
    """How the last update stands; empty when there was none."""
    if not rollout.told:
        return {}
    slow = rollout.pace.why if rollout.next is not None else ""
    return {**rollout.told, "baked_ms": rollout.baked, "slow": slow}


def _revision(supervisor: Supervisor, tasks: Iterable[tuple[Task, str]]) -> str:
    """The version most serving tasks are of: what is learnt of the service is learnt of that one."""
    count = Counter(task.record.revision for task, state in tasks if state in ("serving", "warming"))
    good = supervisor.rollout.good.revision
    return max(count, key=lambda one: (count[one], one == good), default=supervisor.settings.revision)


def _task(task: Task, state: str, leaving: str, counts: Any, now: int) -> dict[str, Any]:
    record = task.record
    return {
        "id": record.id,
        "pid": record.pid,
        "port": record.port,
        "state": state,
        "zone": record.zone,
        "revision": record.revision,
        "age_ms": now - record.spawned,
        "ready_ms": record.ready - record.spawned if record.ready is not None else None,
        "promoted_ms": now - task.promoted if task.promoted is not None else None,
        "woken_ms": _woken_ms(task),
        "cpu": round(task.cpu_share, 4),
        "memory": task.rss,
        "why": task.why or (task.readiness.last if state == "failed" else leaving),
        **_NO_COUNTS,
        **counts.get(record.id, {}),
    }


def _woken_ms(task: Task) -> int | None:
    """Ms from its promotion until the balancer might send it requests."""
    return task.routed - task.promoted if task.promoted is not None and task.routed is not None else None


class Usage:
    """CPU and memory of tasks over the last second, their descendants included."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[int, int]] = {}  # pid -> (ticks, at ms)

    @staticmethod
    def read(pids: Iterable[int]) -> Mapping[int, tuple[int, int]]:
        """pid -> (ticks, bytes). Reads /proc, some tenths of a millisecond a task: call it in a thread."""
        return {pid: proc.usage(pid) for pid in pids}

    def apply(self, tasks: Iterable[Task], read: Mapping[int, tuple[int, int]], now: int) -> None:
        """Give each task its share of a core since the reading before, and its bytes."""
        before, self._before = self._before, {}
        for task in tasks:
            if task.record.pid not in read:
                continue
            ticks, task.rss = read[task.record.pid]
            old, at = before.get(task.record.pid, (ticks, now))  # the first reading is only a baseline
            self._before[task.record.pid] = (ticks, now)
            span = now - at
            task.cpu_share = max(0, ticks - old) * 1000 / proc.TICKS / span if span > 0 else 0.0
