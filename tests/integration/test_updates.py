"""Rolling updates with real tasks: a successor serves before its predecessor goes, and a bad one is rolled back."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from pathlib import Path

import pytest

from fleetfoot.fleet.supervisor import Refused
from tests.balancers import play, until
from tests.crews import quick, revisions, settled, ticking, watched
from tests.fleets import ROOT, crew
from tests.support import processes_of

pytestmark = pytest.mark.network
#: Holds its port, so that nobody else's answer is taken for its own, and never listens on it.
HOLD = "import os, socket, time; s = socket.socket(); s.bind(('127.0.0.1', int(os.environ['PORT']))); time.sleep(3600)"
MUTE = shlex.join([sys.executable, "-c", HOLD])
CHECKS = {"readiness": {"interval_ms": 100, "unhealthy": 2}, "grace_ms": 20_000}


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
        pytest.param(MUTE, "never listened on $PORT", id="never-listens"),
    ],
)
def test_a_version_that_cannot_start_is_rolled_back_and_says_why(short_path: Path, command: str, why: str) -> None:
    async def scenario() -> None:
        settings = quick(initial=3, breaker=2, health=CHECKS)
        async with crew(short_path, settings) as run:
            await run.serving(3)
            before = run.pids()
            async with watched(run, 3):
                hasty = {**CHECKS, "grace_ms": 300}
                run.supervisor.update({"command": command, "revision": "v2", "health": hasty})
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
