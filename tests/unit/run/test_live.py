"""The controller's inside, whole, against a data plane in memory: what is read, decided, ordered and kept."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from fleetfoot.core.compile import compile_service
from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, Decision
from fleetfoot.edge.journal.read import Reader
from fleetfoot.run.status import status
from fleetfoot.run.wire import build
from fleetfoot.spec import loads
from tests.controllers import SETTINGS, SPEC, Bench, played
from tests.looptime import eventually
from tests.planes import FakePlane
from tests.support import PATIENCE


def test_a_surge_is_ordered_recorded_and_told(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.surge()

    bench = played(tmp_path, scenario)
    (service, count, order) = bench.plane.scaled[0]
    assert service == "orders"
    assert count > 5
    assert any(decision.action is Action.GROW for decision in bench.told)
    with Reader(tmp_path / "journal.db") as reader:
        (row,) = reader.orders("orders")[:1]
        assert (row.id, row.count, row.ok) == (order, count, True)
        assert row.recorded is not None
        assert reader.decisions("orders", 0, 2**60)
        observations = list(reader.observations("orders", 0, 2**60))
        assert len(observations) == bench.live.loop.counts.steps
        assert reader.spec_at(2**60) == SPEC


def test_replaying_the_journal_gives_the_same_decisions(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.surge()
        for _ in range(20):
            await bench.tick(100)

    bench = played(tmp_path, scenario)
    with Reader(tmp_path / "journal.db") as reader:
        observations = list(reader.observations("orders", 0, 2**60))
        kept = reader.decisions("orders", 0, 2**60)
    memory, settings = Memory(), compile_service(bench.live.spec.services["orders"])
    again = {seen.now: step(settings, memory, seen) for seen in observations}
    assert kept
    assert [again[decision.now] for decision in kept] == kept


def test_the_running_controller_ticks_wakes_hints_and_stops(tmp_path: Path) -> None:
    async def go() -> None:
        plane = FakePlane("orders", "mail", desired=1)
        told: list[Decision] = []
        live = build(
            loads(SPEC, "f"), tmp_path, plane, plane, told.append, settings=replace(SETTINGS, tick=60, lead=5, early=10)
        )
        await live.start()
        await eventually(lambda: live.loop.counts.steps >= 3)

        def woken() -> bool:
            """Again and again: a wake shortly before a tick is answered by the tick."""
            if plane.wakes.empty():
                plane.wakes.put_nowait({"wake": "orders", "why": "queue"})
            return live.loop.counts.early >= 2

        await eventually(woken)
        async with asyncio.timeout(PATIENCE):
            await live.stop()
        assert live.loop.counts.failed == 0
        with Reader(tmp_path / "journal.db") as reader:
            assert reader.checkpoint("orders", 2**60) is not None

    asyncio.run(go())


def test_status_can_be_sent_as_json(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.surge()
        await bench.tick(100)
        told = json.loads(json.dumps(status(bench.live)))
        orders = told["services"]["orders"]
        assert orders["fleet"]["desired"] > 1
        assert orders["signals"]["requests"]["state"] == "fresh"
        assert orders["changed"]["service"] == "orders"
        assert set(orders["words"]) == {"en", "ko", "ja"}
        assert told["stages"]["command"]["orders"] >= 1

    played(tmp_path, scenario)


def test_an_observation_brings_the_offsets_of_the_zones_the_file_names(tmp_path: Path) -> None:
    """What is decided by the wall clock is replayed from the journal alone."""
    line = "    policies: [default, schedule: {day: {when: daily, zone: Asia/Seoul, min: 3}}]\n  mail:"
    spec = SPEC.replace("  mail:", line, 1)

    decided: list[Decision] = []

    async def scenario(bench: Bench) -> None:
        decided.extend([(await bench.tick(8))["orders"] for _ in range(3)])

    played(tmp_path, scenario, spec=spec)
    assert decided[0].desired == 3
    with Reader(tmp_path / "journal.db") as reader:
        observations = list(reader.observations("orders", 0, 2**60))
    assert {seen.offsets["Asia/Seoul"] for seen in observations} == {(32_400_000, 0, 0)}
    settings, memory = compile_service(loads(spec).services["orders"]), Memory()
    assert [step(settings, memory, seen) for seen in observations] == decided
