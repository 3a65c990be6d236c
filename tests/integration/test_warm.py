"""Warm tasks with real processes: stopped, promoted, refreshed, replaced, adopted, never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from fleetfoot.fleet import proc
from fleetfoot.fleet.client import PlaneError
from fleetfoot.fleet.supervisor import Refused
from tests.balancers import play, until
from tests.fleets import Crew, crew, keeper, service
from tests.support import processes_of, wait_until

pytestmark = pytest.mark.network


def stopped(pid: int) -> bool:
    found = proc.stat(pid)
    return found is not None and found.state == "T"


def warm_pids(told: dict[str, Any]) -> set[int]:
    return {task["pid"] for task in told["tasks"] if task["state"] == "warm"}


async def pool_of(run: Crew, count: int) -> set[int]:
    """The warm tasks, once they are ``count`` and stopped."""

    def full() -> bool:
        pids = warm_pids(run.told)
        return len(pids) == count and all(map(stopped, pids))

    await until(full, f"{count} stopped tasks")
    return warm_pids(run.told)


def test_warm_tasks_are_stopped_and_counted_beside_the_desired_ones(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(warm=2)) as run:
            warm = await pool_of(run, 2)
            await run.serving(1)
            told = run.told
            assert (told["desired"], told["serving"], told["warm"], told["starting"]) == (1, 1, 2, 0)
            answered = {int((await run.get())[1].split()[1]) for _ in range(8)}
            assert not answered & warm
        assert not processes_of(short_path)

    play(scenario())


def test_growth_takes_the_warm_tasks_first_and_the_pool_is_filled_again(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(warm=2)) as run:
            warm = await pool_of(run, 2)
            run.supervisor.scale(3)
            assert run.told["warm"] == 0
            await run.serving(3)
            serving = [task for task in run.told["tasks"] if task["state"] == "serving"]
            assert {task["pid"] for task in serving} > warm
            promoted = [task for task in serving if task["promoted_ms"] is not None]
            assert {task["pid"] for task in promoted} == warm
            assert all(task["woken_ms"] <= task["promoted_ms"] < task["age_ms"] for task in promoted)
            assert {int((await run.get())[1].split()[1]) for _ in range(12)} > warm
            assert not await pool_of(run, 2) & warm

    play(scenario())


def test_a_warm_task_serves_although_starts_are_braked(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(warm=1)) as run:
            warm = await pool_of(run, 1)
            run.supervisor.ledger.brake.until = 1 << 60
            run.supervisor.scale(2)
            await run.serving(2)
            assert warm < run.pids()

    play(scenario())


def test_a_page_warms_every_task_before_its_first_request(short_path: Path) -> None:
    """The page here is one that takes its time; the task is not ready before it has answered."""

    async def scenario() -> None:
        async with crew(short_path, service(warm=1, warm_up="/sleep/300")) as run:
            await pool_of(run, 1)
            assert min(task["ready_ms"] for task in run.told["tasks"]) >= 300

    play(scenario())


def test_a_command_warms_every_task_with_its_environment(short_path: Path) -> None:
    async def scenario() -> None:
        hook = f"touch {short_path}/$FLEETFOOT_TASK-$PORT"
        async with crew(short_path, service(warm=1, warm_up=f"true && {hook}")) as run:
            await pool_of(run, 1)
            primed = {f"{task['id']}-{task['port']}" for task in run.told["tasks"]}
            assert primed == {path.name for path in short_path.glob("orders-*")}  # noqa: ASYNC240 - a test

    play(scenario())


@pytest.mark.parametrize("hook", ["exit 3", "sleep 3600", "/hang"])
def test_a_task_whose_warm_up_fails_is_used_cold(short_path: Path, hook: str) -> None:
    async def scenario() -> None:
        settings = service(warm_up=hook, health={"readiness": {"interval_ms": 100}, "grace_ms": 1500})
        async with crew(short_path, settings) as run:
            await run.serving(1)
            await until(lambda: len(processes_of(short_path)) == 1, "only the task")

    play(scenario())


def test_a_stopped_task_is_woken_now_and_then_and_stays_the_same(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(warm=1, warm_refresh_ms=100, warm_awake_ms=50)) as run:
            (pid,) = await pool_of(run, 1)
            for _ in range(2):
                await until(lambda: not stopped(pid), "it to wake")
                await until(lambda: stopped(pid), "it to be stopped again")
            assert warm_pids(run.told) == {pid}

    play(scenario())


def test_a_task_that_went_stale_while_it_was_stopped_is_replaced(short_path: Path) -> None:
    async def scenario() -> None:
        checks = {"readiness": {"path": "/healthz", "interval_ms": 100, "unhealthy": 2}, "grace_ms": 20_000}
        settings = service(
            warm=1, warm_refresh_ms=200, warm_awake_ms=50, env={"SICK": f"{short_path}/sick"}, health=checks
        )
        async with crew(short_path, settings) as run:
            (pid,) = await pool_of(run, 1)
            (victim,) = [task["id"] for task in run.told["tasks"] if task["pid"] == pid]
            (short_path / "sick").write_text(victim)
            await until(lambda: pid not in run.pids(), "the stale one to go")
            await pool_of(run, 1)
            assert run.told["serving"] == 1

    play(scenario())


def test_a_promoted_task_that_does_not_answer_is_replaced(short_path: Path) -> None:
    async def scenario() -> None:
        checks = {"readiness": {"path": "/healthz", "interval_ms": 100, "unhealthy": 2}, "grace_ms": 20_000}
        async with crew(short_path, service(warm=1, env={"SICK": f"{short_path}/sick"}, health=checks)) as run:
            (pid,) = await pool_of(run, 1)
            (victim,) = [task["id"] for task in run.told["tasks"] if task["pid"] == pid]
            (short_path / "sick").write_text(victim)
            run.supervisor.scale(2)
            await run.serving(2)
            await until(lambda: pid not in run.pids(), "the sick one to go")
            assert run.told["errors"] == 0

    play(scenario())


def test_a_killed_warm_task_is_replaced_and_costs_no_serving_one(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(warm=1)) as run:
            (pid,) = await pool_of(run, 1)
            os.kill(pid, signal.SIGKILL)
            await until(lambda: pid not in run.pids(), "its end")
            await pool_of(run, 1)
            assert run.told["serving"] == 1

    play(scenario())


def test_a_scale_in_leaves_the_warm_tasks_alone(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(initial=3, warm=1)) as run:
            warm = await pool_of(run, 1)
            run.supervisor.scale(0)
            await until(lambda: len(run.told["tasks"]) == 1, "the others to go")
            assert warm_pids(run.told) == warm
            waiting = asyncio.create_task(run.get())
            await until(lambda: run.told["queue"] == 1, "the request to queue")
            run.supervisor.scale(1)
            assert int((await waiting)[1].split()[1]) in warm

    play(scenario())


def test_the_pool_follows_the_size_that_is_ordered_and_serving_tasks_stay(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(warm=1)) as run:
            first = await pool_of(run, 1)
            run.supervisor.keep_warm(3)
            grown = await pool_of(run, 3)
            assert grown > first
            run.supervisor.keep_warm(1)
            await until(lambda: len(run.pids()) == 2, "the surplus to go")
            assert await pool_of(run, 1) == first  # the oldest stays
            run.supervisor.keep_warm(0)
            await until(lambda: len(run.pids()) == 1, "the last to go")
            assert (run.told["serving"], run.told["warm"], run.told["warm_target"]) == (1, 0, 0)
            for wrong in (-1, 21):
                with pytest.raises(Refused, match="0 and 20"):
                    run.supervisor.keep_warm(wrong)

    play(scenario())


def test_warm_tasks_outlive_a_killed_plane_and_end_with_the_fleet(short_path: Path) -> None:
    with keeper(short_path, warm=0) as run:
        run.start()
        run.plane.call("warm", service="orders", count=2)  # a size that was ordered outlives the plane too

        def full() -> bool:
            pids = warm_pids(run.told()) if run.told() else set()
            return len(pids) == 2 and all(map(stopped, pids))

        wait_until(full, what="the pool")
        with pytest.raises(PlaneError, match="whole number"):
            run.plane.call("warm", service="orders", count="2")
        before, plane = warm_pids(run.told()), run.plane_pid()
        os.kill(plane, signal.SIGKILL)
        wait_until(lambda: run.told() and run.plane_pid() != plane and full(), what="the pool, adopted")
        assert warm_pids(run.told()) == before
        assert run.told()["serving"] == 2
        wait_until(lambda: 0 < run.told()["warm_memory"] < run.told()["memory"], what="their memory")
        run.plane.scale("orders", 4, "o1")
        run.serving(4)
        assert run.pids() > before
        wait_until(full, what="the pool, filled again")
        assert run.end() == 0
        assert not processes_of(short_path)
