"""A data plane in memory, in the form of the admin socket's answers, for tests of what reads and orders it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fleetfoot_agent.histogram import Histogram


class FakePlane:
    """Counters are set by the test; ``scale`` makes tasks at once. ``fail`` and ``slow`` (ms) are its bad days."""

    def __init__(self, *services: str, desired: int = 2, maximum: int = 20) -> None:
        self.incarnation = "a1"
        self.fail = ""
        self.slow = 0
        self.maximum = maximum
        self.mono: float | None = None  # None: the real clock
        self.scaled: list[tuple[str, int, str]] = []
        self.hints: dict[str, float] = {}
        self.paused: dict[str, bool] = {}
        self.calls = 0
        self.wakes: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.latency = {name: Histogram() for name in services}
        self.raw: dict[str, dict[str, Any]] = {name: self._fresh(desired) for name in services}

    def _fresh(self, desired: int) -> dict[str, Any]:
        zero = (
            "warming",
            "starting",
            "draining",
            "warm",
            "failed",
            "offered",
            "completed",
            "errors",
            "shed",
            "timed_out",
        )
        return {
            "desired": desired,
            "serving": desired,
            **dict.fromkeys(zero, 0),
            "revision": "r1",
            "deploying": False,
            "zones": {"a": desired},
            "bad": 0,
            "in_flight": 0,
            "queue": 0,
            "oldest_ms": 0,
            "open_over": 0,
            "starts": [],
            "exits": [],
            "tasks": [],
        }

    def serve(self, name: str, requests: int, ms: float = 20.0, bad: int = 0) -> None:
        """Let requests arrive and end."""
        raw = self.raw[name]
        raw["offered"] += requests
        raw["completed"] += requests
        raw["bad"] += bad
        for _ in range(requests):
            self.latency[name].record_ms(ms)

    def restart(self) -> None:
        """A new incarnation: every counter at zero, the tasks are adopted."""
        self.incarnation += "x"
        for name, raw in self.raw.items():
            fresh = self._fresh(raw["desired"])
            raw.update({key: fresh[key] for key in fresh if key not in ("desired", "serving")})
            self.latency[name] = Histogram()

    async def _bad_day(self) -> None:
        self.calls += 1
        if self.slow:
            await asyncio.sleep(self.slow / 1000)  # sleep: how slow the fake is
        if self.fail:
            raise ConnectionError(self.fail)

    async def stats(self) -> Mapping[str, Any]:
        await self._bad_day()
        mono = time.monotonic_ns() / 1e6 if self.mono is None else self.mono
        services = {name: {**raw, "latency": self.latency[name].to_json()} for name, raw in self.raw.items()}
        return {"mono": mono, "wall": 0, "incarnation": self.incarnation, "services": services}

    async def scale(self, service: str, desired: int, order: str) -> object:
        await self._bad_day()
        if service not in self.raw:
            raise ValueError(f"no service {service!r}")
        if not 0 <= desired <= self.maximum:
            raise ValueError(f"{desired} is above the maximum {self.maximum}")
        self.scaled.append((service, desired, order))
        self.raw[service].update(desired=desired, serving=desired, zones={"a": desired})
        return {}

    async def warm(self, service: str, count: int) -> object:
        await self._bad_day()
        if not 0 <= count <= self.maximum:
            raise ValueError(f"{count} is above the maximum {self.maximum}")
        self.raw[service].update(warm=count, warm_target=count)
        return {}

    async def hint(self, service: str, throughput: float) -> object:
        self.hints[service] = throughput
        return {}

    async def zone(self, service: str, zone: str, lost: bool, *, dry: bool = False) -> Mapping[str, Any]:
        await self._bad_day()
        if zone == "nowhere":
            raise RuntimeError(f"{service}: there is no zone {zone!r}")
        marks = set(self.raw[service].get("lost", ()))
        if not dry:
            self.raw[service]["lost"] = sorted(marks | {zone} if lost else marks - {zone})
        return {"lost": self.raw[service].get("lost", [])}

    async def update(
        self, service: str, settings: Mapping[str, Any], *, force: bool = False, dry: bool = False
    ) -> Mapping[str, Any]:
        await self._bad_day()
        if not dry:
            self.raw[service]["update"] = {"number": 1, "state": "in progress", "from": "r1", **settings}
        return {"begun": True, "update": self.raw[service].get("update", {})}

    async def pause(self, service: str, paused: bool) -> object:
        await self._bad_day()
        self.paused[service] = paused
        return {}

    async def watch(self) -> AsyncIterator[Mapping[str, Any]]:
        while True:
            yield await self.wakes.get()

    async def close(self) -> None:
        pass
