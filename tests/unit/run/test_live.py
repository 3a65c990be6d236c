"""The controller's inside, whole, against a data plane in memory: what is read, decided, ordered and kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path

import pytest

from fleetfoot.core.compile import compile_service
from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, Decision, State
from fleetfoot.edge.base import OperatorAction
from fleetfoot.edge.journal.read import Reader
from fleetfoot.edge.journal.sqlite import SqliteJournal
from fleetfoot.run.changes import Refused
from fleetfoot.run.readers import Readers
from fleetfoot.run.status import status
from fleetfoot.run.wire import build
from fleetfoot.spec import loads
from tests.controllers import HOUR_NS, SETTINGS, SPEC, Bench
from tests.looptime import eventually
from tests.planes import FakePlane


def run(state: Path, scenario: Callable[[Bench], Coroutine[None, None, None]]) -> Bench:
    async def go() -> Bench:
        bench = Bench(state)
        try:
            await scenario(bench)
        finally:
            await bench.live.stop()
        return bench

    return asyncio.run(go())


def test_a_surge_is_ordered_recorded_and_told(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.surge()

    bench = run(tmp_path, scenario)
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

    bench = run(tmp_path, scenario)
    with Reader(tmp_path / "journal.db") as reader:
        observations = list(reader.observations("orders", 0, 2**60))
        kept = reader.decisions("orders", 0, 2**60)
    memory, settings = Memory(), compile_service(bench.live.spec.services["orders"])
    again = {seen.now: step(settings, memory, seen) for seen in observations}
    assert kept
    assert [again[decision.now] for decision in kept] == kept


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

    run(state, scenario)


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
        run(folder, scenario)
        return decisions

    assert shape(step_back=True) == shape(step_back=False)


def test_a_restarted_controller_goes_on_in_time_repeats_no_order_and_shrinks_nothing_at_first(tmp_path: Path) -> None:
    async def first(bench: Bench) -> None:
        await bench.surge()
        for _ in range(5):
            await bench.tick(100)

    before = run(tmp_path, first)
    orders = list(before.plane.scaled)
    machine = before.machine
    machine.wall -= HOUR_NS  # and the clock was set back meanwhile

    async def second() -> Bench:
        bench = Bench(tmp_path, before.plane, machine)
        assert bench.live.clock.now() > (before.live.loop.counts.last or 0)
        for _ in range(55):
            await bench.tick(0)
        await bench.live.stop()
        return bench

    after = asyncio.run(second())
    assert after.plane.scaled == orders
    learnt = after.live.loop.services["orders"].memory.learnt
    assert learnt.keys() == before.live.loop.services["orders"].memory.learnt.keys()


def test_what_people_ordered_survives_a_restart_until_it_ends(tmp_path: Path) -> None:
    async def first(bench: Bench) -> None:
        await bench.tick(5)
        now = bench.live.clock.now()
        await bench.live.operate(OperatorAction("orders", "scale", "ana", now, now, count=5, until=now + 30_000))
        await bench.tick(5)
        assert bench.plane.raw["orders"]["desired"] == 5

    before = run(tmp_path, first)

    async def second() -> None:
        bench = Bench(tmp_path, before.plane, before.machine)
        made = await bench.tick(5)
        assert made["orders"].reasons[0].code == "operator_scale"
        assert bench.live.loop.operators.at("orders", bench.live.clock.now()).who == "ana"
        for _ in range(31):
            made = await bench.tick(5)
        assert made["orders"].reasons[0].code != "operator_scale"
        await bench.live.stop()

    asyncio.run(second())
    with Reader(tmp_path / "journal.db") as reader:
        assert reader.orders("orders")[0].who == "ana"
        assert reader.actions("orders")[0].kind == "scale"


def test_what_breaks_in_one_service_costs_no_other_one_anything(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.tick(8)
        bench.live.loop.services["mail"].memory.slices["rate"] = {"count": 99, "changes": "nonsense"}
        await bench.surge()
        assert bench.plane.raw["orders"]["desired"] > 1
        assert bench.live.loop.counts.failed >= 1
        assert set(await bench.tick(100)) == {"orders"}

    run(tmp_path, scenario)


def test_an_order_by_a_person_that_was_refused_is_not_obeyed_by_a_later_start(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.tick(5)
        journal = bench.live.journal
        assert isinstance(journal, SqliteJournal)
        journal.path.rename(tmp_path / "aside")
        journal.path.mkdir()  # it fails from now on, and nobody knows yet
        assert journal.health().durable
        with pytest.raises(Refused, match="journal"):
            await bench.live.operate(OperatorAction("orders", "scale", "ana", 0, 0, count=3))
        journal.path.rmdir()
        (tmp_path / "aside").rename(journal.path)
        await eventually(lambda: journal.health().durable)
        assert journal.past().actions == ()

    run(tmp_path, scenario)


def test_a_loop_that_ends_is_told_so_that_another_controller_can_take_over(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        ended = asyncio.Event()
        bench.live.loop.readers = None  # type: ignore[assignment]
        await bench.live.start(ended.set)
        async with asyncio.timeout(5):
            await ended.wait()
        bench.live.loop.readers = Readers([], lambda: 0, 1)

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (OperatorAction("nobody", "pause", "ana", 0, 0), "no service 'nobody'"),
        (OperatorAction("orders", "scale", "ana", 0, 0, count=13), "outside 1 to 12"),
        (OperatorAction("orders", "scale", "ana", 0, 0, count=0), "outside 1 to 12"),
    ],
    ids=["unknown", "above", "below"],
)
def test_people_are_told_why_their_order_is_refused(tmp_path: Path, action: OperatorAction, why: str) -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(Refused, match=why):
            await bench.live.operate(action)
        assert bench.live.journal.past().actions == ()

    run(tmp_path, scenario)


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

    run(tmp_path, scenario)


def test_nothing_is_decided_for_a_service_whose_tasks_were_never_seen(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        bench.plane.fail = "not up yet"
        assert await bench.tick(0) == {}
        assert bench.plane.scaled == []
        bench.plane.fail = ""
        assert set(await bench.tick(0)) == {"orders", "mail"}

    run(tmp_path, scenario)


def test_a_gap_is_a_fact_in_the_observation_and_not_a_catch_up(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.tick(5)
        await bench.tick(5, span=60_000)
        seen = bench.live.loop.services["orders"].seen
        assert seen is not None
        assert seen.gap == 60_000
        assert bench.live.loop.counts.steps == 2

    run(tmp_path, scenario)


def test_the_running_controller_ticks_wakes_hints_and_stops(tmp_path: Path) -> None:
    async def go() -> None:
        plane = FakePlane("orders", "mail", desired=1)
        told: list[Decision] = []
        live = build(
            loads(SPEC, "f"), tmp_path, plane, plane, told.append, settings=replace(SETTINGS, tick=60, lead=5, early=10)
        )
        await live.start()
        await eventually(lambda: live.loop.counts.steps >= 3)
        plane.wakes.put_nowait({"wake": "orders", "why": "queue"})
        await eventually(lambda: live.loop.counts.early >= 2)
        async with asyncio.timeout(5):
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

    run(tmp_path, scenario)


def test_an_observation_brings_the_offsets_of_the_zones_the_file_names(tmp_path: Path) -> None:
    """What is decided by the wall clock is replayed from the journal alone."""
    line = "    policies: [default, schedule: {day: {when: daily, zone: Asia/Seoul, min: 3}}]\n  mail:"
    spec = SPEC.replace("  mail:", line, 1)

    async def go() -> list[Decision]:
        bench = Bench(tmp_path, spec=spec)
        try:
            return [(await bench.tick(8))["orders"] for _ in range(3)]
        finally:
            await bench.live.stop()

    decided = asyncio.run(go())
    assert decided[0].desired == 3
    with Reader(tmp_path / "journal.db") as reader:
        observations = list(reader.observations("orders", 0, 2**60))
    assert {seen.offsets["Asia/Seoul"] for seen in observations} == {(32_400_000, 0, 0)}
    settings, memory = compile_service(loads(spec).services["orders"]), Memory()
    assert [step(settings, memory, seen) for seen in observations] == decided


@pytest.mark.parametrize(
    ("when", "count", "taken"),
    [("daily", 20, True), ("daily", 21, False), ("daily", 2, False), ("2031-01-01 to 2031-01-02", 13, False)],
    ids=["within the window's max", "above it", "below its min", "no window is open"],
)
def test_a_person_may_order_what_a_schedule_allows_at_that_time(
    tmp_path: Path, when: str, count: int, taken: bool
) -> None:
    line = f"    policies: [default, schedule: {{sale: {{when: {when}, min: 3, max: 20}}}}]\n  mail:"

    async def go() -> None:
        bench = Bench(tmp_path, spec=SPEC.replace("  mail:", line, 1))
        try:
            action = OperatorAction("orders", "scale", "ana", 0, 0, count=count)
            if taken:
                await bench.live.operate(action)
            else:
                with pytest.raises(Refused, match=f"{count} is outside"):
                    await bench.live.operate(action)
            told = status(bench.live)["services"]["orders"]
            assert (told["min"], told["max"]) == ((3, 20) if when == "daily" else (1, 12))
        finally:
            await bench.live.stop()

    asyncio.run(go())
