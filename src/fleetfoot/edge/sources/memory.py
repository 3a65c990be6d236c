"""A source that says what it was told: for tests, for trying things, and the contract suite."""

from __future__ import annotations

import asyncio

from fleetfoot.core.model import Fleet, Signal
from fleetfoot.edge.base import Reading, SourceError


class MemorySource:
    """Set ``values`` and ``fleet``; ``fail`` (a text) makes reads fail, ``slow`` (ms) makes them late."""

    name = "memory"

    def __init__(self, service: str, values: dict[str, float] | None = None, period: int = 1000) -> None:
        self.service = service
        self.period = period
        self.values = dict(values or {})
        self.fleet: Fleet | None = None
        self.fail = ""
        self.slow = 0
        self.reads = 0

    async def read(self, now: int) -> Reading:
        self.reads += 1
        if self.slow:
            await asyncio.sleep(self.slow / 1000)
        if self.fail:
            raise SourceError(self.fail)
        signals = {
            name: Signal(name, value, now, now, self.period, self.period) for name, value in sorted(self.values.items())
        }
        return Reading(signals, self.fleet._replace(at=now) if self.fleet else None)

    async def close(self) -> None:
        pass
