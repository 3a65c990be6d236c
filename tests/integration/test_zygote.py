"""Tasks forked from a zygote: real forks of real apps, and what must not be forked."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from fleetfoot.fleet import proc
from fleetfoot.fleet.settings import ServiceSettings
from tests.balancers import play, until
from tests.fleets import ROOT, crew, keeper, service
from tests.support import processes_of, wait_until

pytestmark = pytest.mark.network
APPS = str(ROOT / "tests" / "apps")
CHECKS = {"readiness": {"interval_ms": 100, "unhealthy": 2}, "grace_ms": 20_000}


def forked(app: str = "forked:asgi", **more: Any) -> ServiceSettings:
    return service(**{"command": "", "app": app, "directory": APPS, "health": CHECKS, **more})


@pytest.mark.parametrize("app", ["forked:asgi", "forked:wsgi"])
def test_a_forked_task_serves_with_its_own_name_port_and_process_group(short_path: Path, app: str) -> None:
    async def scenario() -> None:
        async with crew(short_path, forked(app, initial=2)) as run:
            await run.serving(2)
            rows = {(await run.get())[1] for _ in range(12)}
            said = [row.split() for row in rows]
            told = {(task["id"], str(task["pid"]), str(task["port"])) for task in run.told["tasks"]}
            assert {(row[0], row[1], row[4]) for row in said} == told
            assert all(row[1] == row[3] for row in said)
            ((imported_by,),) = {tuple(row[2:3]) for row in said}
            assert int(imported_by) not in run.pids()
        assert not processes_of(short_path)

    play(scenario())


def test_a_forked_task_writes_to_its_own_log(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, forked()) as run:
            await run.serving(1)
            await run.get("/here")
            (task,) = run.told["tasks"]
            log = short_path / "state" / "logs" / "orders" / f"{task['id']}.log"
            await until(lambda: "asked for /here" in log.read_text(), "its log")

    play(scenario())


@pytest.mark.parametrize(
    ("path", "code", "name"),
    [
        pytest.param("/kill/9", 137, "killed or out of memory", id="killed"),
        pytest.param("/kill/11", 139, "segmentation fault", id="segfault"),
        pytest.param("/exit/3", 3, "exited with code 3", id="exits"),
    ],
)
def test_the_exit_code_of_a_forked_task_is_known(short_path: Path, path: str, code: int, name: str) -> None:
    async def scenario() -> None:
        async with crew(short_path, forked()) as run:
            await run.serving(1)
            before = run.pids()
            await run.get(path)
            await until(lambda: run.told["exits"], "the end")
            assert run.told["exits"][0][3:] == [code, name, True]
            await until(lambda: not run.pids() & before, "another task")
            await run.serving(1)

    play(scenario())


def test_a_scale_in_lets_a_forked_task_end_in_order(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, forked(initial=2)) as run:
            await run.serving(2)
            run.supervisor.scale(0)
            await until(lambda: not run.told["tasks"], "no task")
            ends = [row[4] for row in run.told["exits"]]
            assert len(ends) == 2
            assert set(ends) <= {"terminated", "exited with code 0"}

    play(scenario())


@pytest.mark.parametrize(
    ("bad", "app", "why"),
    [
        pytest.param("thread", "forked:asgi", "it started 1 thread at import (poller)", id="thread"),
        pytest.param("loop", "forked:asgi", "it made an event loop at import", id="loop"),
        pytest.param("socket", "forked:asgi", "it opened 1 connection at import", id="socket"),
        pytest.param("exit", "forked:asgi", "SystemExit: no licence", id="exits"),
        pytest.param("", "forked:nothing", 'Attribute "nothing" not found', id="no-such-attribute"),
        pytest.param("", "nowhere:app", 'Could not import module "nowhere"', id="no-such-module"),
        pytest.param("", "forked:neither", "is neither app(scope, receive, send) nor", id="no-app"),
    ],
)
def test_what_cannot_be_forked_is_refused_and_told(short_path: Path, bad: str, app: str, why: str) -> None:
    async def scenario() -> None:
        async with crew(short_path, forked(app, env={"BAD": bad})) as run:
            await until(lambda: run.told["last_failure"], "the refusal")
            assert why in run.told["last_failure"]["why"]
            assert run.told["next_start_ms"] > 0
            assert run.told["starting"] == 0

    play(scenario())


def test_an_import_that_never_ends_is_a_failed_start(short_path: Path) -> None:
    async def scenario() -> None:
        health = {"readiness": {"interval_ms": 100}, "grace_ms": 500}
        async with crew(short_path, forked(env={"BAD": "hang"}, health=health)) as run:
            await until(lambda: run.told["last_failure"], "the failure")
            assert "still being imported" in run.told["last_failure"]["why"]

    play(scenario())


def test_a_killed_zygote_is_started_again_and_its_tasks_serve_on(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, forked(initial=2)) as run:
            await run.serving(2)
            before = run.pids()
            (zygote,) = set(processes_of(short_path)) - before
            os.kill(zygote, signal.SIGKILL)
            await until(lambda: proc.stat(zygote) is None, "its end")
            run.supervisor.scale(3)
            await run.serving(3)
            assert before < run.pids()

    play(scenario())


def test_warm_tasks_may_be_forked_too(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, forked(warm=2)) as run:
            await until(lambda: run.told["warm"] == 2, "the pool")
            run.supervisor.scale(3)
            await run.serving(3)

    play(scenario())


def test_forked_tasks_outlive_a_killed_plane_and_end_with_the_fleet(short_path: Path) -> None:
    with keeper(short_path, command="", app="forked:asgi", directory=APPS) as run:
        run.start()
        before, plane = run.pids(), run.plane_pid()
        os.kill(plane, signal.SIGKILL)
        wait_until(lambda: run.told() and run.plane_pid() != plane and run.up() == 2, what="a new plane")
        assert run.pids() == before
        os.kill(min(before), signal.SIGSEGV)
        wait_until(lambda: run.told()["exits"], what="the end")
        assert run.told()["exits"][0][3:5] == [139, "segmentation fault"]
        run.serving(2)
        assert run.end() == 0
        wait_until(lambda: not processes_of(short_path), what="all to be gone")
