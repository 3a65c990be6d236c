"""One service on ECS as a source: its counts at every reading, its tasks while an order is open."""

from __future__ import annotations

import asyncio

from fleetfoot.core.model import Fleet, Start
from fleetfoot.edge.aws import tasks
from fleetfoot.edge.aws.errors import AwsError
from fleetfoot.edge.aws.services import EcsName, Services, fleet_of
from fleetfoot.edge.base import Reading

DETAIL_MS = 2000  # between two looks at the tasks
AFTER_MS = 2 * tasks.SETTLED_MS  # so long after the last open order they are looked at still
SPARE = 0.5  # of the bucket: with less left, counts go before detail


class EcsSource:
    """No signals: those come from the tasks' pushes. A fleet, and how its tasks start and stop."""

    name = "ecs"

    def __init__(self, services: Services, service: str, on_ecs: EcsName) -> None:
        self.service = service
        self.period = services.period
        self._services, self._name = services, on_ecs
        self._tasks = tasks.Tasks()
        self._starts: list[Start] = []  # not yet passed on
        self._open_at: int | None = None
        self._asked = 0
        self._detail: asyncio.Task[None] | None = None
        self._error = ""

    async def read(self, now: int) -> Reading:
        seen = await self._services.shared(self._name)
        starts, self._starts = tuple(self._starts), []
        fleet = fleet_of(seen, starts)
        if self._is_open(fleet, now) and now - self._asked >= DETAIL_MS:
            self._look(now)
        notes = self._tasks.notes()
        if self._error:
            notes["tasks"] = self._error
        return Reading({}, fleet, self._tasks.seen if self._recent(now) else (), notes)

    def _is_open(self, fleet: Fleet, now: int) -> bool:
        if fleet.starting or fleet.draining or fleet.deploying:
            self._open_at = now
        return self._recent(now)

    def _recent(self, now: int) -> bool:
        return self._open_at is not None and now - self._open_at <= AFTER_MS

    def _look(self, now: int) -> None:
        """Beside the reading, which waits for nothing it can do without."""
        under_way = self._detail is not None and not self._detail.done()
        if not under_way and self._services.aws.spare("DescribeTasks") >= SPARE:
            self._asked = now
            self._detail = asyncio.create_task(self._learn(), name=f"tasks of {self.service}")

    async def _learn(self) -> None:
        try:
            found, answer = await tasks.ask(self._services.aws, self._name, self._tasks.over)
        except AwsError as failure:
            self._error = str(failure)
            return
        self._error = ""
        self._starts += self._tasks.see(found, answer)

    async def close(self) -> None:
        if self._detail is not None:
            self._detail.cancel()
            await asyncio.gather(self._detail, return_exceptions=True)
