"""A controller in the test's process against a data plane in memory; the test makes its ticks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fleetfoot.core.model import Decision
from fleetfoot.run.clock import Clock
from fleetfoot.run.settings import LiveSettings
from fleetfoot.run.wire import Live, build
from fleetfoot.spec import loads
from tests.planes import FakePlane

SPEC = """
services:
  orders:
    run: serve --port $PORT
    capacity: {min: 1, max: 12}
    objective: {p95: 1s}
    task: {throughput: 20/s, startup: 1s}
  mail:
    run: serve --port $PORT
"""
SETTINGS = LiveSettings(
    read_deadline=60_000,
    order_pause=5,
    order_deadline=60_000,
    order_patience=2000,
    durable_within=20_000,
    closing=60_000,
)  # a slow machine or disk is no reason here
HOUR_NS = 3_600_000_000_000


class Machine:
    """A machine's clocks, moved by the test."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000_000_000_000
        self.mono = 50_000_000_000

    def clock(self, after: int) -> Clock:
        return Clock(lambda: self.wall, lambda: self.mono, after)

    def second(self, ms: int = 1000) -> None:
        self.wall += ms * 1_000_000
        self.mono += ms * 1_000_000


class Bench:
    """A controller whose ticks the test makes."""

    def __init__(
        self,
        state: Path,
        plane: FakePlane | None = None,
        machine: Machine | None = None,
        spec: str = SPEC,
        *,
        shadow: bool = False,
        hands: bool = False,
    ) -> None:
        self.machine = machine or Machine()
        self.plane = plane or FakePlane("orders", "mail", desired=1)
        self.told: list[Decision] = []
        self.live: Live = build(
            loads(spec, "fleetfoot.yaml"),
            state,
            self.plane,
            self.plane,
            self.told.append,
            clock=self.machine.clock,
            settings=SETTINGS,
            text=spec,
            shadow=shadow,
            hands=hands,
        )

    async def tick(self, requests: int = 0, ms: float = 30, span: int = 1000, bad: int = 0) -> dict[str, Decision]:
        """Let a second pass in which requests came, and make a step."""
        self.machine.second(span)
        self.plane.mono = self.machine.mono / 1e6
        self.plane.serve("orders", requests, ms, bad)
        await self.live.loop.readers.refresh(60_000)
        decisions = self.live.loop.step()
        tasks = [task for task in self.live.loop.orders._tasks.values() if not task.done()]
        await asyncio.gather(*tasks)
        self.live.loop.checkpoint()
        return decisions

    async def surge(self) -> None:
        """A quiet time, then ten times the traffic, until growth was ordered."""
        for _ in range(10):
            await self.tick(8)
        for _ in range(10):
            await self.tick(100, ms=2500, bad=60)
            if self.plane.scaled:
                return
        raise AssertionError("a tenfold surge made nothing grow")


def played(state: Path, scenario: Callable[[Bench], Awaitable[None]], **how: Any) -> Bench:
    """The controller of ``Bench(state, **how)`` after ``scenario``, stopped in order."""

    async def go() -> Bench:
        bench = Bench(state, **how)
        try:
            await scenario(bench)
        finally:
            await bench.live.stop()
        return bench

    return asyncio.run(go())
