"""Zones, lifetime and rolling updates with real tasks: a successor serves before its predecessor goes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import threading
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fleetfoot.fleet.supervisor import Refused
from tests.balancers import play, until
from tests.fleets import ROOT, Crew, crew, keeper, service
from tests.support import processes_of, wait_until

pytestmark = pytest.mark.network

CHECKS = {"readiness": {"interval_ms": 100, "unhealthy": 2}, "grace_ms": 3000}


def quick(**more: Any) -> Any:
    """A service whose tasks are not warming for long, and whose updates prove themselves soon."""
    return service(**{"ramp_ms": 0, "bake_ms": 150, "revision": "v1", "env": {"COLOUR": "green"}, **more})


def zones(run: Crew) -> dict[str, int]:
    return dict(Counter(task["zone"] for task in run.told["tasks"]))


def revisions(run: Crew) -> set[str]:
    return {task["revision"] for task in run.told["tasks"]}


@contextlib.asynccontextmanager
async def watched(run: Crew, least: int) -> AsyncIterator[list[int]]:
    """Requests all the while: each is answered well, and never do fewer than ``least`` tasks serve."""
    answers: list[int] = []
    over = asyncio.Event()

    async def ask() -> None:
        while not over.is_set():
            answers.append((await run.get())[0])
            assert run.told["serving"] + run.told["warming"] >= least

    asking = [asyncio.create_task(ask()) for _ in range(3)]
    try:
        yield answers
    finally:
        over.set()
        await asyncio.gather(*asking)
    assert set(answers) == {200}


async def ticking(run: Crew, condition: Any, what: str) -> None:
    """Let the supervisor's seconds pass quickly until a condition holds."""

    def ticked() -> Any:
        run.supervisor.tick()
        return condition()

    await until(ticked, what)


async def settled(run: Crew, state: str) -> None:
    """The update came to this end and one version is left."""
    await ticking(
        run, lambda: run.told["update"].get("state") == state and not run.told["deploying"], f"the update {state}"
    )
    await ticking(run, lambda: not run.told["draining"], "the last to go")


# zones


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
        wait_until(lambda: run.told()["zones"] == {"b": 2}, 20, what="all in zone b")
        plane = run.plane_pid()
        os.kill(plane, signal.SIGKILL)
        wait_until(lambda: run.told() and run.plane_pid() != plane, 20, what="the next plane")
        assert run.told()["lost"] == ["a"]
        run.plane.scale("orders", 4)
        run.serving(4)
        wait_until(lambda: run.told()["zones"] == {"b": 4}, 20, what="all in zone b")


# lifetime


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


# updates


def test_an_update_replaces_every_task_and_loses_no_request(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=4)) as run:
            await run.serving(4)
            most = 0

            def over() -> bool:
                nonlocal most
                most = max(most, len(run.told["tasks"]) - run.told["draining"])
                return bool(run.told["update"]["state"] == "completed" and not run.told["deploying"])

            async with watched(run, 4):
                run.supervisor.update({"env": {"COLOUR": "blue"}, "revision": "v2"})
                assert run.told["deploying"]
                assert run.told["revision"] == "v1"
                await ticking(run, over, "the end of the update")
            assert most == 5
            await until(lambda: revisions(run) == {"v2"}, "the last old one to go")
            assert run.told["revision"] == "v2"
            assert (await run.get("/env/COLOUR"))[1] == "blue"

    play(scenario())


@pytest.mark.parametrize(
    ("command", "why"),
    [
        pytest.param("echo no such colour; exit 3", "exited with code 3", id="exits"),
        pytest.param("sleep 3600", "never listened on $PORT", id="never-listens"),
    ],
)
def test_a_version_that_cannot_start_is_rolled_back_and_says_why(short_path: Path, command: str, why: str) -> None:
    async def scenario() -> None:
        settings = quick(initial=3, breaker=2, health={**CHECKS, "grace_ms": 300})
        async with crew(short_path, settings) as run:
            await run.serving(3)
            before = run.pids()
            async with watched(run, 3):
                run.supervisor.update({"command": command, "revision": "v2"})
                await settled(run, "rolled back")
            told = run.told
            assert (told["update"]["why"], told["update"]["failed"]) == (why, 2)
            assert told["update"]["log"] == ("no such colour" if "echo" in command else "")
            assert run.pids() == before
            assert told["failures"] == 0
            run.supervisor.scale(4)
            await run.serving(4)
            assert revisions(run) == {"v1"}

    play(scenario())


def test_a_version_whose_tasks_die_while_they_prove_themselves_is_rolled_back(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=2, breaker=1, bake_ms=60_000)) as run:
            await run.serving(2)
            run.supervisor.update({"env": {}, "revision": "v2"})
            await ticking(run, lambda: run.told["serving"] == 3, "both versions")
            assert revisions(run) == {"v1", "v2"}
            os.kill(next(task["pid"] for task in run.told["tasks"] if task["revision"] == "v2"), signal.SIGKILL)
            await settled(run, "rolled back")
            assert run.told["update"]["why"].endswith("killed or out of memory")
            assert revisions(run) == {"v1"}

    play(scenario())


def test_a_version_that_answers_much_worse_than_the_old_one_is_rolled_back(short_path: Path) -> None:
    """Its checks are well, and it is asked beside the old one, which does as well as before."""

    async def scenario() -> None:
        checks = {"readiness": {"path": "/healthz", "interval_ms": 100}, "grace_ms": 20_000}
        async with crew(short_path, quick(initial=2, breaker=100, bake_ms=60_000, health=checks)) as run:
            await run.serving(2)
            run.supervisor.update({"env": {"STATUS": "500"}, "revision": "v2"})

            async def ask() -> None:
                while run.told["update"]["state"] == "in progress":
                    await run.get()

            asking = asyncio.create_task(ask())
            await settled(run, "rolled back")
            await asking
            assert "of its answers were errors, of the old version's 0%" in run.told["update"]["why"]
            assert {(await run.get())[0] for _ in range(8)} == {200}

    play(scenario())


def test_a_version_that_is_much_slower_than_the_old_one_waits_and_says_so(short_path: Path) -> None:
    """Beyond the objective while the old one beside it is not: it does not bake, and no more old tasks go."""

    async def scenario() -> None:
        checks = {"readiness": {"path": "/healthz", "interval_ms": 100}, "grace_ms": 20_000}
        slow = quick(initial=2, objective_ms=100, bake_ms=60_000, health=checks)
        async with crew(short_path, slow) as run:
            await run.serving(2)
            run.supervisor.update({"env": {"SLOW_MS": "250"}, "revision": "v2"})

            async def ask() -> None:
                while not run.told["update"]["slow"]:
                    await run.get()

            asking = [asyncio.create_task(ask()) for _ in range(6)]
            await ticking(run, lambda: run.told["update"]["slow"], "its pace to be told")
            await asyncio.gather(*asking)
            baked = run.told["update"]["baked_ms"]
            run.supervisor.tick()
            assert "of the old version's" in run.told["update"]["slow"]
            assert (run.told["update"]["state"], run.told["update"]["baked_ms"]) == ("in progress", baked)
            assert revisions(run) == {"v1", "v2"}

    play(scenario())


def test_scale_orders_are_followed_in_the_middle_of_an_update(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=2)) as run:
            await run.serving(2)
            async with watched(run, 2):
                run.supervisor.update({"env": {}, "revision": "v2"})
                run.supervisor.scale(6)
                await settled(run, "completed")
            assert run.told["serving"] == 6
            run.supervisor.update({"env": {"COLOUR": "red"}, "revision": "v3"})
            run.supervisor.scale(1)
            await settled(run, "completed")
            assert [task["revision"] for task in run.told["tasks"]] == ["v3"]

    play(scenario())


def test_the_good_version_asked_for_again_takes_an_update_back(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=2, bake_ms=60_000)) as run:
            await run.serving(2)
            run.supervisor.update({"env": {}, "revision": "v2"})
            await ticking(run, lambda: "v2" in revisions(run), "the new version")
            run.supervisor.update({"env": {"COLOUR": "green"}, "revision": "v1"})
            await settled(run, "rolled back")
            assert revisions(run) == {"v1"}

    play(scenario())


def test_the_same_version_again_changes_no_task_unless_it_is_forced(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=1)) as run:
            await run.serving(1)
            before = run.pids()
            assert not run.supervisor.update({"revision": "v1", "drain_ms": 1234})
            assert run.supervisor.settings.drain_ms == 1234
            assert run.pids() == before
            assert run.supervisor.update({"revision": "v1"}, force=True)
            await settled(run, "completed")
            assert revisions(run) == {"v1.1"}

    play(scenario())


def test_what_an_update_cannot_change_is_refused_by_name(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick()) as run:
            with pytest.raises(Refused, match="listen cannot be changed by an update"):
                run.supervisor.update({"listen": "127.0.0.1:1", "revision": "v2"})
            with pytest.raises(Refused, match="command is missing"):
                run.supervisor.update({"command": "", "revision": "v2"})
            assert not run.told["update"]

    play(scenario())


def test_the_warm_pool_serves_its_own_version_only(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=2, warm=2)) as run:
            await until(lambda: run.told["warm"] == 2, "the pool")
            run.supervisor.update({"env": {}, "revision": "v2"})
            await settled(run, "completed")
            await ticking(run, lambda: run.told["warm"] == 2 and revisions(run) == {"v2"}, "a pool of the new version")
            run.supervisor.update({"command": "exit 1", "revision": "v3"})
            await settled(run, "rolled back")
            run.supervisor.scale(4)
            assert revisions(run) == {"v2"}
            await run.serving(4)

    play(scenario())


def test_a_task_that_is_too_old_in_the_pool_is_replaced(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, quick(initial=1, warm=1, lifetime_ms=1)) as run:
            await until(lambda: run.told["warm"] == 1, "the pool")
            (warm,) = (task["pid"] for task in run.told["tasks"] if task["state"] == "warm")
            await ticking(run, lambda: warm not in run.pids(), "the old one to go")

    play(scenario())


def test_an_update_goes_on_when_the_plane_is_killed_in_its_middle(short_path: Path) -> None:
    with keeper(short_path, initial=3, ramp_ms=0, bake_ms=2500, revision="v1") as run:
        run.start()
        run.plane.call("update", service="orders", settings={"env": {"COLOUR": "blue"}, "revision": "v2"})
        wait_until(lambda: _revisions(run.told()) == {"v1", "v2"}, 20, what="both versions")
        plane = run.plane_pid()
        os.kill(plane, signal.SIGKILL)
        wait_until(lambda: run.told() and run.plane_pid() != plane, 20, what="the next plane")
        assert run.told()["update"]["state"] == "in progress"
        wait_until(lambda: run.told()["update"]["state"] == "completed", 30, what="the end of the update")
        wait_until(lambda: _revisions(run.told()) == {"v2"}, 20, what="the new version alone")
        plane = run.plane_pid()
        os.kill(plane, signal.SIGKILL)
        wait_until(lambda: run.told() and run.plane_pid() != plane, 20, what="the next plane")
        run.plane.scale("orders", 4)
        run.serving(4)
        assert _revisions(run.told()) == {"v2"}
        assert run.get("/env/COLOUR") == (200, "blue")
        assert run.end() == 0
        run.start()  # the same file: the version that was good
        assert _revisions(run.told()) == {"v2"}


def test_an_update_in_the_middle_of_which_all_was_killed_begins_with_the_good_version(short_path: Path) -> None:
    with keeper(short_path, ramp_ms=0, bake_ms=60_000, revision="v1") as run:
        run.start()
        run.plane.call("update", service="orders", settings={"env": {"COLOUR": "blue"}, "revision": "v2"})
        wait_until(lambda: _revisions(run.told()) == {"v1", "v2"}, 20, what="both versions")
        assert run.end(signal.SIGTERM) == 0
        run.start()
        assert _revisions(run.told()) == {"v1"}
        assert run.told()["update"]["state"] == "rolled back"


def test_a_new_app_gets_a_new_zygote_and_a_bad_one_is_rolled_back(short_path: Path) -> None:
    async def scenario() -> None:
        apps = str(ROOT / "tests" / "apps")
        async with crew(short_path, quick(command="", app="forked:asgi", directory=apps, breaker=2)) as run:
            await run.serving(1)
            first = (await run.get())[1].split()[2]  # the zygote
            run.supervisor.update({"app": "forked:wsgi", "revision": "v2"})
            await settled(run, "completed")
            second = (await run.get())[1].split()[2]
            assert first != second
            await until(lambda: int(first) not in processes_of(short_path), "the old zygote to end")
            run.supervisor.update({"app": "forked:nothing", "revision": "v3"})
            await settled(run, "rolled back")
            assert "forked:nothing cannot be imported" in run.told["update"]["why"]
            run.supervisor.scale(2)
            await run.serving(2)
            assert revisions(run) == {"v2"}

    play(scenario())


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")
def test_behind_haproxy_an_update_and_a_lost_zone_lose_no_request_either(short_path: Path) -> None:
    balancer = {"kind": "haproxy"}
    with keeper(short_path, initial=3, zones=["a", "b"], balancer=balancer, ramp_ms=0, bake_ms=500) as run:
        run.start()
        statuses: list[int] = []
        over = threading.Event()

        def keep_asking() -> None:
            while not over.is_set():
                statuses.append(run.get()[0])

        beside = threading.Thread(target=keep_asking)
        beside.start()
        try:
            run.plane.call("update", service="orders", settings={"env": {"COLOUR": "blue"}, "revision": "v2"})
            wait_until(lambda: run.told()["update"]["state"] == "completed", 30, what="the end of the update")
            run.plane.call("zone", service="orders", zone="a", lost=True)
            wait_until(lambda: run.told()["zones"] == {"b": 3}, 30, what="all in zone b")
            wait_until(lambda: len(run.told()["tasks"]) == 3, 30, what="the others to go")
        finally:
            over.set()
            beside.join()
        assert set(statuses) == {200}
        assert _revisions(run.told()) == {"v2"}


def _revisions(told: dict[str, Any]) -> set[str]:
    return {task["revision"] for task in told.get("tasks", ())}
