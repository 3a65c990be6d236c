"""What status tells of a decision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fleetfoot.core.policies import Slo
from fleetfoot.core.words import tell
from fleetfoot.run.status import status
from tests.controllers import Bench, played


def test_a_lasting_hold_is_told_with_the_numbers_of_now_since_it_began(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
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

    played(tmp_path, scenario)


def test_what_was_learnt_is_told_by_the_service_and_by_each_policy_that_learns(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.tick(10)
        service = bench.live.loop.services["orders"]
        assert status(bench.live)["services"]["orders"]["learnt"]["policies"] == {}
        service.settings = replace(service.settings, policies=(Slo(),))
        for _ in range(75):
            await bench.tick(10)
        learnt = status(bench.live)["services"]["orders"]["learnt"]
        assert set(learnt) == {"throughput", "startup_p50", "startup_p95", "policies"}
        assert learnt["policies"]["slo"]["quick"] > 0
        assert learnt["policies"]["slo"]["forecast"] == "level"
        assert learnt["policies"]["slo"]["surges"] == []

    played(tmp_path, scenario)


def test_an_order_is_told_as_it_was_decided(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.surge()
        told = next(d for d in reversed(bench.told) if d.service == "orders")
        assert status(bench.live)["services"]["orders"]["words"]["en"] == tell(told)

    played(tmp_path, scenario)
