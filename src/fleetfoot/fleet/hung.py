"""Hung tasks of one service: whose liveness check fails, and who of them may be replaced now."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from . import choose
from .task import Task

log = logging.getLogger("fleetfoot.fleet")
_OVER_SHARE = 0.05  # of a second's requests


class HungTasks:
    """What the bounded replacement must remember from second to second."""

    def __init__(self, service: str) -> None:
        self.dependency_suspected = False
        self._service = service
        self._before = (0, 0)  # offered, bad at the last tick
        self._over = False

    def see_load(self, snapshot: Mapping[str, Any]) -> None:
        """Is the fleet over its objective? Call once a second."""
        offered, bad = int(snapshot["offered"]), int(snapshot["bad"])
        arrived, late = offered - self._before[0], bad - self._before[1]
        self._before = (offered, bad)
        self._over = late > _OVER_SHARE * arrived

    def replace(self, active: Sequence[Task], snapshot: Mapping[str, Any], under_way: int) -> list[Task]:
        """Whom to replace now, ``under_way`` replacements not yet being ready."""
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
        return [task for task in active if task.id in verdict.now]


def served(snapshot: Mapping[str, Any], task: str) -> int:
    """Requests a task has finished, by the balancer's count."""
    return int(snapshot["tasks"].get(task, {}).get("served", 0))
