"""Tells the targets how many tasks to keep warm: when that changed, and again while they could not be told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from fleetfoot.edge.base import Target

log = logging.getLogger("fleetfoot.pools")


class Pools:
    """The warm pools of all services. Nothing waits for them."""

    def __init__(self, targets: Mapping[str, Target], deadline: int) -> None:
        """``targets`` by service; ``deadline``: ms one attempt may take."""
        self._targets = targets
        self._deadline = deadline
        self._wanted: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._errors: dict[str, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def want(self, service: str, count: int) -> bool:
        """Keep ``count`` tasks warm; said every tick. Whether that is another count than the last time."""
        changed = self._wanted.get(service) != count
        self._wanted[service] = count
        under_way = self._tasks.get(service)
        if self._told.get(service) != count and (under_way is None or under_way.done()):
            self._tasks[service] = asyncio.create_task(self._tell(service, count))
        return changed

    async def _tell(self, service: str, count: int) -> None:
        error = await self._targets[service].keep_warm(service, count, self._deadline)
        if not error:
            self._told[service] = count
        elif error != self._errors.get(service):
            log.warning("%s: the target cannot be told to keep %d tasks warm: %s", service, count, error)
        self._errors[service] = error

    async def close(self) -> None:
        """What is under way is given up: the next controller says it again."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
