"""A target that keeps its tasks in memory: for tests, for trying things, and the contract suite."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fleetfoot.core.model import Fleet, Receipt, State
from fleetfoot.edge.targets.refusing import undoes


class MemoryTarget:
    """Tasks appear at once unless ``refuse`` (a text) or ``slow`` (ms before an answer) is set."""

    name = "memory"

    def __init__(self, counts: dict[str, int], now: Callable[[], int], maximum: int = 1000) -> None:
        self.counts = dict(counts)
        self.warm: dict[str, int] = {}
        self.maximum = maximum
        self.orders: list[tuple[str, int, str]] = []  # service, count, order id, as they were asked
        self.refuse = ""
        self.slow = 0
        self._now = now

    async def order(self, service: str, count: int, order_id: str, deadline_ms: int, before: int) -> Receipt:
        error = await self._carry_out(service, count, order_id, deadline_ms, before)
        return Receipt(order_id, service, count, not error, self._now(), error)

    async def keep_warm(self, service: str, count: int, deadline_ms: int) -> str:
        error = await self._silent(deadline_ms) or self._refused(service, count)
        if not error:
            self.warm[service] = count
        return error

    async def _carry_out(self, service: str, count: int, order_id: str, deadline_ms: int, before: int) -> str:
        if error := await self._silent(deadline_ms):
            return error
        self.orders.append((service, count, order_id))
        error = self._refused(service, count) or undoes(count, before, self.counts[service])
        if not error:
            self.counts[service] = count
        return error

    async def _silent(self, deadline_ms: int) -> str:
        await asyncio.sleep(min(self.slow, deadline_ms) / 1000)
        return f"no answer within {deadline_ms} ms" if self.slow >= deadline_ms else ""

    def _refused(self, service: str, count: int) -> str:
        if self.refuse:
            return self.refuse
        if service not in self.counts:
            return f"there is no service {service!r}"
        return "" if 0 <= count <= self.maximum else f"{count} tasks are outside 0..{self.maximum}"

    async def observe(self, service: str) -> Fleet:
        count = self.counts.get(service)
        if count is None:
            return Fleet(self._now(), 0, state=State.MISSING)
        return Fleet(self._now(), count, serving=count, warm=self.warm.get(service, 0))

    async def close(self) -> None:
        pass
