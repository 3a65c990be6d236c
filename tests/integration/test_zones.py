"""Zones and lifetime with real tasks: a successor serves before its predecessor goes."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from fleetfoot.fleet.supervisor import Refused
from tests.balancers import play, until
from tests.crews import quick, ticking, watched, zones
from tests.fleets import crew, keeper
from tests.support import wait_until

pytestmark = pytest.mark.network


def test_a_lost_zone_moves_to_the_others_before_its_tasks_go(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=4, zones=["a", "b"])) as run:
            await run.serving(4)
            async with watched(run, 4):
                run.supervisor.lose("b", lost=True)
                await until(lambda: zones(run) == {"a": 4}, "all in zone a")
            assert run.told["lost"] == ["b"]
            assert run.told["zones"] == {"a": 4}
            run.supervisor.scale(5)
            await run.serving(5)
            assert zones(run) == {"a": 5}

    play(scenario())


def test_dead_tasks_of_a_lost_zone_are_started_elsewhere(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=4, zones=["a", "b"])) as run:
            await run.serving(4)
            dead = [task["pid"] for task in run.told["tasks"] if task["zone"] == "b"]
            for pid in dead:
                os.kill(pid, signal.SIGKILL)
            run.supervisor.lose("b", lost=True)
            await until(lambda: zones(run) == {"a": 4} and run.told["serving"] == 4, "all in zone a")

    play(scenario())


def test_a_zone_that_is_back_gets_its_share_one_task_at_a_time(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=4, zones=["a", "b"])) as run:
            run.supervisor.lose("b", lost=True)
            await run.serving(4)
            assert zones(run) == {"a": 4}
            run.supervisor.lose("b", lost=False)
            most = 0

            def even() -> bool:
                nonlocal most
                most = max(most, run.told["starting"])
                return zones(run) == {"a": 2, "b": 2}

            async with watched(run, 4):
                await ticking(run, even, "even zones")
            assert most == 1

    play(scenario())


@pytest.mark.parametrize("trouble", ["starts fail", "over its objective", "a person paused it"])
def test_zones_are_not_evened_out_while(short_path: Path, trouble: str) -> None:
    async def scenario() -> None:
        settings = quick(initial=4, zones=["a", "b"], objective_ms=60 if "objective" in trouble else 10_000)
        async with crew(short_path, settings) as run:
            run.supervisor.lose("b", lost=True)
            await run.serving(4)
            if trouble == "starts fail":
                run.supervisor.ledger.brake.failures = 1
            elif trouble == "a person paused it":
                run.supervisor.pause(True)
            else:
                await asyncio.gather(*(run.get("/sleep/100") for _ in range(8)))
                run.supervisor.tick()
            run.supervisor.lose("b", lost=False)
            for _ in range(20):
                run.supervisor.tick()
            assert not any(task["why"] for task in run.told["tasks"])
            assert zones(run) == {"a": 4}

    play(scenario())


def test_the_last_zone_cannot_be_lost_and_an_unknown_one_is_refused(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(zones=["a", "b"])) as run:
            with pytest.raises(Refused, match="there is no zone 'c': there are a, b"):
                run.supervisor.lose("c", lost=True)
            run.supervisor.lose("a", lost=True)
            with pytest.raises(Refused, match="b is its last zone"):
                run.supervisor.lose("b", lost=True)
            assert run.told["lost"] == ["a"]

    play(scenario())


def test_warm_tasks_of_a_lost_zone_are_replaced(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=1, warm=2, zones=["a", "b"])) as run:
            await until(lambda: run.told["warm"] == 2, "the pool")
            run.supervisor.lose("b", lost=True)
            await until(lambda: run.told["warm"] == 2 and set(zones(run)) == {"a"}, "a pool elsewhere")

    play(scenario())


def test_a_lost_zone_stays_lost_for_the_next_plane(short_path: Path) -> None:
    with keeper(short_path, zones=["a", "b"], ramp_ms=0) as run:
        run.start()
        run.plane.call("zone", service="orders", zone="a", lost=True)
        wait_until(lambda: run.told()["zones"] == {"b": 2}, what="all in zone b")
        plane = run.plane_pid()
        os.kill(plane, signal.SIGKILL)
        wait_until(lambda: run.told() and run.plane_pid() != plane, what="the next plane")
        assert run.told()["lost"] == ["a"]
        run.plane.scale("orders", 4)
        run.serving(4)
        wait_until(lambda: run.told()["zones"] == {"b": 4}, what="all in zone b")


def test_tasks_are_replaced_before_they_are_too_old_one_after_the_other(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=3, lifetime_ms=1500)) as run:
            await run.serving(3)
            first, most = run.pids(), 0

            def renewed() -> bool:
                nonlocal most
                most = max(most, len(run.told["tasks"]) - run.told["draining"])
                return not first & run.pids()

            async with watched(run, 3):
                await ticking(run, renewed, "all to be replaced")
            assert most == 4

    play(scenario())


def test_no_task_is_too_old_while_a_person_holds_the_count(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=2, lifetime_ms=1)) as run:
            await run.serving(2)
            before = run.pids()
            run.supervisor.pause(True)
            for _ in range(20):
                run.supervisor.tick()
            assert run.pids() == before
            run.supervisor.pause(False)
            await ticking(run, lambda: not before & run.pids(), "the old ones to go")

    play(scenario())


def test_a_task_that_is_too_old_in_the_pool_is_replaced(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=1, warm=1, lifetime_ms=1)) as run:
            await until(lambda: run.told["warm"] == 1, "the pool")
            (warm,) = (task["pid"] for task in run.told["tasks"] if task["state"] == "warm")
            await ticking(run, lambda: warm not in run.pids(), "the old one to go")

    play(scenario())
