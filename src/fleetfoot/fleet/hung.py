"""Hung tasks of one service: whose liveness check fails, and who of them may be replaced now."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from . import choose
from .task import Task

log = logging.getLogger("fleetfoot.fleet")
_OVER_SHARE = 0.05  # of a second's requests
_CALM_MS = 10_000


class HungTasks:
    """What the bounded replacement must remember from second to second."""

    def __init__(self, service: str) -> None:
        self.dependency_suspected = False
        self._service = service
        self._before = (0, 0)  # offered, bad at the last tick
        self._over = False
        self._over_at: int | None = None  # ms
        self._suspected_at: int | None = None  # ms

    def see_load(self, snapshot: Mapping[str, Any], now: int) -> None:
        """Is the fleet over its objective? Call once a second."""
        offered, bad = int(snapshot["offered"]), int(snapshot["bad"])
        arrived, late = offered - self._before[0], bad - self._before[1]
        self._before = (offered, bad)
        self._over = late > _OVER_SHARE * arrived
        if self._over:
            self._over_at = now

    def calm(self, now: int) -> bool:
        """No second of the last ten was over the objective."""
        return self._over_at is None or now - self._over_at >= _CALM_MS

    def replace(self, active: Sequence[Task], snapshot: Mapping[str, Any], under_way: int, now: int) -> list[Task]:
        """Whom to replace now, ``under_way`` replacements not yet being ready. None soon after a suspicion:
        what came back together does not do so in the same moment."""
        hung = [choose.Hung(t.id, served(snapshot, t.id) > t.served_when_failing) for t in active if t.hung]
        doubted = sum(task.doubted for task in active)
        verdict = choose.replace(hung, doubted, len(active), under_way, self._over)
        if verdict.dependency_suspected and not self.dependency_suspected:
            log.warning(
                "%s: %d of %d tasks fail their liveness check together: what they share is suspected, none is replaced",
                self._service,
                doubted,
                len(active),
            )
        self.dependency_suspected = verdict.dependency_suspected
        if verdict.dependency_suspected:
            self._suspected_at = now
        if self._suspected_at is not None and now - self._suspected_at < _CALM_MS:
            return []
        return [task for task in active if task.id in verdict.now]


def served(snapshot: Mapping[str, Any], task: str) -> int:
    """Requests a task has finished, by the balancer's count."""
    return int(snapshot["tasks"].get(task, {}).get("served", 0))
