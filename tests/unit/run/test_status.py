"""What status tells of a decision."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fleetfoot.core.words import tell
from fleetfoot.run.status import status
from tests.controllers import Bench


def test_a_lasting_hold_is_told_with_the_numbers_of_now_since_it_began(tmp_path: Path) -> None:
    async def go() -> None:
        bench = Bench(tmp_path)
        for _ in range(75):
            await bench.tick(100)
        for _ in range(10):
            await bench.tick(10, ms=2500, bad=10)  # an incident: its hold counts down
        service = bench.live.loop.services["orders"]
        first = status(bench.live)["services"]["orders"]
        for _ in range(5):
            await bench.tick(10, ms=2500, bad=10)
        later = status(bench.live)["services"]["orders"]
        assert "held for" in later["words"]["en"]
        assert later["changed"] == first["changed"]
        assert later["words"]["en"] != first["words"]["en"]
        assert service.decision is not None
        assert later["words"]["en"] == tell(service.decision)
        await bench.live.stop()

    asyncio.run(go())


def test_an_order_is_told_as_it_was_decided(tmp_path: Path) -> None:
    async def go() -> None:
        bench = Bench(tmp_path)
        await bench.surge()
        told = next(d for d in reversed(bench.told) if d.service == "orders")
        assert status(bench.live)["services"]["orders"]["words"]["en"] == tell(told)
        await bench.live.stop()

    asyncio.run(go())
