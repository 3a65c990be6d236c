"""The queue and the requests in flight, from the balancer to what the engine is given: one reading, one tick."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from pathlib import Path

import pytest

from fleetfoot.edge.sources.plane import PlaneFeed, PlaneSource
from fleetfoot.fleet.client import PlaneClient
from tests.fleets import Keeper, keeper
from tests.support import wait_until

pytestmark = pytest.mark.network


async def levels(run: Keeper) -> dict[str, float | None]:
    """What a controller that starts now gets by its first reading."""
    client = PlaneClient(run.state / "plane.sock")
    try:
        feed = PlaneFeed(client, lambda: int(time.monotonic() * 1000))
        reading = await PlaneSource(feed, "orders", 0.95, 1000, at_mono=int).read(0)
    finally:
        await client.close()
    return {name: reading.signals[name].value for name in ("queue", "in_flight")}


def test_one_reading_gives_the_engine_the_queue_and_what_is_in_flight(short_path: Path, kind: str) -> None:
    with keeper(short_path, balancer={"kind": kind}, concurrency=1, drain_ms=100, stop_timeout_ms=200) as run:
        run.start()

        def ask() -> None:
            with contextlib.suppress(OSError):  # nobody waits for the answers
                run.get("/sleep/9000")

        clients = [threading.Thread(target=ask) for _ in range(5)]
        for client in clients:
            client.start()
        try:
            wait_until(lambda: run.told()["queue"] == 3, what="three to wait")
            assert asyncio.run(levels(run)) == {"queue": 3, "in_flight": 2}
        finally:
            run.end()
            for client in clients:
                client.join()
