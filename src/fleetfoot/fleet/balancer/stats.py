"""The counts of one service, cumulative from the start of the balancer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from fleetfoot_agent.histogram import Histogram

from .outliers import SLOW_EVIDENCE, Conduct, is_slow

RECENT_MS = 10_000.0


class Counters:
    """Every request offered ends in exactly one of completed, broken, shed, timed_out and client_gone."""

    __slots__ = (
        "bad", "broken", "client_gone", "completed", "errors", "latency", "offered", "refused", "replayed",
        "served_warming", "shed", "timed_out",
    )  # fmt: skip

    def __init__(self) -> None:
        self.offered = 0  # heads complete, before shedding
        self.completed = 0  # responses of tasks that ended, 5xx too
        self.broken = 0  # refused or broken connections and nonsense from tasks, after the replay
        self.errors = 0  # 5xx of tasks + broken
        self.shed = 0  # 503: queue full, or past the objective with `shed: objective`
        self.timed_out = 0  # 503 after the queue timeout, 504 after the request timeout
        self.client_gone = 0  # the client closed, or broke off or spoilt its own body
        self.bad = 0  # late, broken, 5xx, shed or timed out: each request once
        self.served_warming = 0
        self.replayed = 0
        self.refused = 0  # 4xx of our own, most of them before a request was complete enough to be offered
        self.latency = Histogram()

    def to_json(self) -> dict[str, object]:
        """The cumulative part of a snapshot."""
        return {
            "offered": self.offered,
            "completed": self.completed,
            "broken": self.broken,
            "errors": self.errors,
            "shed": self.shed,
            "timed_out": self.timed_out,
            "client_gone": self.client_gone,
            "bad": self.bad,
            "served_warming": self.served_warming,
            "replayed": self.replayed,
            "refused": self.refused,
            "latency": self.latency.to_json(),
        }


class Measured(Protocol):
    """A task of either balancer."""

    name: str
    tunnels: int
    served: int
    errors: int
    conduct: Conduct
    recent: Histogram  # of the service time of at most RECENT_MS
    older: Histogram

    @property
    def requests(self) -> int: ...


def age(tasks: Iterable[Measured]) -> None:
    """What was recent is older now. Call it every ``RECENT_MS``."""
    for task in tasks:
        task.older, task.recent = task.recent, Histogram()


def idlest(among: Iterable[str], load: Callable[[str], int]) -> str:
    """The name with the least load, ties to the last given. ValueError when empty."""
    names = list(among)
    if not names:
        raise ValueError("idlest of no tasks")
    return min(reversed(names), key=load)


def tasks_to_json(tasks: Iterable[Measured], now: float) -> dict[str, dict[str, object]]:
    """Each task's share of a snapshot; ``p95_ms`` is its service time over the last 10 to 20 s, ``slow`` that it
    stands out from its peers', ``ejected_ms`` how long it gets no requests yet."""
    times = {task: _times(task) for task in tasks}
    p95s = {task: lately.quantile_ms(0.95) for task, lately in times.items()}
    telling = {task: p95 for task, p95 in p95s.items() if times[task].total >= SLOW_EVIDENCE}
    return {
        task.name: {
            **_task_to_json(task, p95, now),
            "slow": task in telling and is_slow(p95, [its for other, its in telling.items() if other is not task]),
        }
        for task, p95 in p95s.items()
    }


def _times(task: Measured) -> Histogram:
    both = task.recent.copy()
    both.merge(task.older)
    return both


def _task_to_json(task: Measured, p95_ms: float, now: float) -> dict[str, object]:
    conduct = task.conduct
    return {
        "in_flight": task.requests,
        "tunnels": task.tunnels,
        "served": task.served,
        "errors": task.errors,
        "p95_ms": round(p95_ms, 1),
        "ejected_ms": max(int(conduct.until - now), 1) if conduct.until else 0,
        "probing": conduct.probing,
        "ejections": conduct.ejections,
    }
