"""When the next step is: once a tick, earlier when the data plane asks, at most five a second."""

from __future__ import annotations

import asyncio

from fleetfoot.run.clock import Now
from fleetfoot.run.settings import LiveSettings


class Pulse:
    """Ticks lie on a grid from the start on; ticks missed are skipped, not made up for."""

    def __init__(self, now: Now, settings: LiveSettings) -> None:
        self._now = now
        self._settings = settings
        self._woken = asyncio.Event()
        self._grid = now()
        self._last = self._grid - settings.tick

    def wake(self) -> None:
        """Ask for an early step."""
        self._woken.set()

    async def next(self) -> bool:
        """Wait for the time to ask for readings: ``lead`` before a tick, or now for an early step (True)."""
        tick = self._tick()
        early = await self._wait_or_woken(tick)
        if early:
            soonest = max(self._last + self._settings.early, self._now())
            early = soonest <= tick - self._settings.early  # else the tick comes first
            await asyncio.sleep(max((soonest if early else tick) - self._now(), 0) / 1000)
        if not early:
            self._grid += self._settings.tick
        self._woken.clear()
        self._last = self._now()
        return early

    def _tick(self) -> int:
        """When to ask for the readings of the next tick; ticks already past are skipped."""
        behind = self._now() - self._grid
        if behind >= 0:
            self._grid += (behind // self._settings.tick + 1) * self._settings.tick
        return self._grid - self._settings.lead

    async def _wait_or_woken(self, until: int) -> bool:
        left = until - self._now()
        if left <= 0:
            return False
        try:
            async with asyncio.timeout(left / 1000):
                await self._woken.wait()
        except TimeoutError:
            return False
        return True
