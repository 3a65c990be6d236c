"""Tasks that hang or are not ready: who is replaced, who is passed by, and when nobody is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.balancers import play, until
from tests.crews import ticking
from tests.fleets import crew, service

pytestmark = pytest.mark.network


def sickly(folder: Path, tasks: int, **more: Any) -> Any:
    liveness = {"path": "/healthz", "interval_ms": 100, "timeout_ms": 2000, "unhealthy": 3}
    return service(
        initial=tasks,
        env={"SICK": str(folder / "sick")},
        health={"readiness": {"path": "/", "interval_ms": 100}, "liveness": liveness, "grace_ms": 20_000},
        **more,
    )


def test_a_hung_task_is_replaced_and_the_others_stay(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, sickly(short_path, 4)) as run:
            await run.serving(4)
            before = run.pids()
            victim = run.told["tasks"][1]
            (short_path / "sick").write_text(victim["id"])
            await ticking(run, lambda: victim["pid"] not in run.pids(), "the hung task to go")
            await run.serving(4)
            assert before - run.pids() == {victim["pid"]}
            assert run.told["last_failure"]["why"] == "liveness check answered 500"

    play(scenario())


def test_hung_tasks_are_replaced_one_after_the_other(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, sickly(short_path, 7)) as run:
            await run.serving(7)
            sick = {task["id"] for task in run.told["tasks"][:2]}
            (short_path / "sick").write_text(" ".join(sick))
            most = 0

            def settled() -> bool:
                nonlocal most
                told = run.told
                assert not told["dependency_suspected"]
                most = max(most, told["starting"])
                return not sick & {task["id"] for task in told["tasks"]}

            await ticking(run, settled, "both hung tasks to go")
            assert most == 1

    play(scenario())


def test_what_a_third_of_the_tasks_share_is_told_and_not_replaced(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, sickly(short_path, 4)) as run:
            await run.serving(4)
            before = run.pids()
            (short_path / "sick").write_text("all")
            await ticking(run, lambda: run.told["dependency_suspected"], "the suspicion")
            for _ in range(20):
                run.supervisor.tick()
            assert run.pids() == before
            assert run.told["draining"] == 0
            (short_path / "sick").unlink()
            await ticking(run, lambda: not run.told["dependency_suspected"], "the suspicion to go")
            assert run.pids() == before

    play(scenario())


def test_a_task_that_is_not_ready_gets_no_requests_and_gains_them_back(short_path: Path) -> None:
    async def scenario() -> None:
        settings = service(
            initial=3,
            env={"SICK": str(short_path / "sick")},
            health={"readiness": {"path": "/healthz", "interval_ms": 50, "unhealthy": 2}, "grace_ms": 20_000},
        )
        async with crew(short_path, settings) as run:
            await run.serving(3)
            victim = run.told["tasks"][0]
            (short_path / "sick").write_text(victim["id"])
            await until(lambda: run.told["failed"] == 1, "the unready task")
            assert run.told["tasks"][0]["why"] == "answered 500"
            answered = {(await run.get())[1].split()[0] for _ in range(12)}
            assert victim["id"] not in answered
            (short_path / "sick").unlink()
            await run.serving(3)
            assert {task["id"] for task in run.told["tasks"]} == answered | {victim["id"]}

    play(scenario())
