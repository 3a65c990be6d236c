"""The controller while something is wrong: the journal, the clock, the data plane, one service, a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fleetfoot.core.model import Action, State
from fleetfoot.edge.base import OperatorAction
from fleetfoot.run.changes import Refused
from fleetfoot.run.readers import Readers
from fleetfoot.run.status import status
from tests.controllers import HOUR_NS, Bench, played
from tests.looptime import eventually


def test_growth_goes_on_and_scale_in_waits_while_the_journal_cannot_be_written(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "journal.db").mkdir()  # nothing can be written there

    async def scenario(bench: Bench) -> None:
        await bench.surge()
        told = status(bench.live)["journal"]
        assert not told["durable"]
        assert told["error"]
        count = bench.plane.raw["orders"]["desired"]
        with pytest.raises(Refused, match="journal"):
            await bench.live.operate(OperatorAction("orders", "scale", "ana", 0, 0, count=3))
        for _ in range(400):
            await bench.tick(1)
        assert bench.plane.raw["orders"]["desired"] == count
        (state / "journal.db").rmdir()
        await eventually(lambda: bench.live.journal.health().durable)
        for _ in range(90):  # a cooldown may run since the last attempt
            await bench.tick(1)
        assert bench.plane.raw["orders"]["desired"] < count

    played(state, scenario)


def test_the_wall_clock_stepping_back_an_hour_changes_no_decision(tmp_path: Path) -> None:
    def shape(step_back: bool) -> list[tuple[Action, int, tuple[str, ...]]]:
        decisions: list[tuple[Action, int, tuple[str, ...]]] = []

        async def scenario(bench: Bench) -> None:
            for second in range(60):
                if step_back and second == 12:
                    bench.machine.wall -= HOUR_NS
                made = await bench.tick(8 if second < 10 else 100, ms=30 if second < 10 else 2500)
                decision = made["orders"]
                decisions.append((decision.action, decision.desired, tuple(r.code for r in decision.reasons)))

        folder = tmp_path / str(step_back)
        folder.mkdir()
        played(folder, scenario)
        return decisions

    assert shape(step_back=True) == shape(step_back=False)


def test_a_restarted_controller_goes_on_in_time_repeats_no_order_and_shrinks_nothing_at_first(tmp_path: Path) -> None:
    async def first(bench: Bench) -> None:
        await bench.surge()
        for _ in range(5):
            await bench.tick(100)

    before = played(tmp_path, first)
    orders = list(before.plane.scaled)
    machine = before.machine
    machine.wall -= HOUR_NS  # and the clock was set back meanwhile

    async def second(bench: Bench) -> None:
        assert bench.live.clock.now() > (before.live.loop.counts.last or 0)
        for _ in range(55):
            await bench.tick(0)

    after = played(tmp_path, second, plane=before.plane, machine=machine)
    assert after.plane.scaled == orders
    learnt = after.live.loop.services["orders"].memory.learnt
    assert learnt.keys() == before.live.loop.services["orders"].memory.learnt.keys()


def test_what_breaks_in_one_service_costs_no_other_one_anything(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.tick(8)
        bench.live.loop.services["mail"].memory.slices["rate"] = {"count": 99, "changes": "nonsense"}
        await bench.surge()
        assert bench.plane.raw["orders"]["desired"] > 1
        assert bench.live.loop.counts.failed >= 1
        assert set(await bench.tick(100)) == {"orders"}

    played(tmp_path, scenario)


def test_a_loop_that_ends_is_told_so_that_another_controller_can_take_over(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        ended = asyncio.Event()
        bench.live.loop.readers = None  # type: ignore[assignment]
        await bench.live.start(ended.set)
        async with asyncio.timeout(5):
            await ended.wait()
        bench.live.loop.readers = Readers([], lambda: 0, 1)

    played(tmp_path, scenario)


def test_a_dead_data_plane_is_shown_as_stale_holds_the_count_and_comes_back(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.surge()
        count = bench.plane.raw["orders"]["desired"]
        bench.plane.fail = "gone"
        for _ in range(120):
            made = await bench.tick(0)
        assert made["orders"].action is Action.HOLD
        seen = bench.live.loop.services["orders"].seen
        assert seen is not None
        assert seen.fleet.state is State.STALE
        assert "gone" in status(bench.live)["services"]["orders"]["sources"][0]["error"]
        bench.plane.fail = ""
        await bench.tick(100)
        assert bench.live.loop.services["orders"].seen is not None
        assert bench.plane.raw["orders"]["desired"] == count

    played(tmp_path, scenario)


def test_nothing_is_decided_for_a_service_whose_tasks_were_never_seen(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        bench.plane.fail = "not up yet"
        assert await bench.tick(0) == {}
        assert bench.plane.scaled == []
        bench.plane.fail = ""
        assert set(await bench.tick(0)) == {"orders", "mail"}

    played(tmp_path, scenario)


def test_a_gap_is_a_fact_in_the_observation_and_not_a_catch_up(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.tick(5)
        await bench.tick(5, span=60_000)
        seen = bench.live.loop.services["orders"].seen
        assert seen is not None
        assert seen.gap == 60_000
        assert bench.live.loop.counts.steps == 2

    played(tmp_path, scenario)
