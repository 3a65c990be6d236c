"""The supervisor with real tasks: the count comes right, whoever dies, and stops end what they stop."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from fleetfoot.fleet import proc
from fleetfoot.fleet.supervisor import Refused
from tests.balancers import play, until
from tests.crews import python
from tests.fleets import UPSTREAM, crew, service
from tests.support import processes_of

pytestmark = pytest.mark.network


def test_tasks_come_and_go_with_the_desired_count_and_zones_stay_even(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(zones=["a", "b"])) as run:
            await run.serving(1)
            run.supervisor.scale(5, "o1")
            await run.serving(5)
            zones = sorted(task["zone"] for task in run.told["tasks"])
            assert zones in (["a", "a", "a", "b", "b"], ["a", "a", "b", "b", "b"])
            run.supervisor.scale(2, "o2")
            await until(lambda: len(run.told["tasks"]) == 2, "two tasks")
            assert sorted(task["zone"] for task in run.told["tasks"]) == ["a", "b"]
            assert run.told["exits"][-1][4] == "exited with code 0"
            run.supervisor.scale(0)
            await until(lambda: not run.told["tasks"], "no task")

    play(scenario())


def test_an_order_is_absolute_and_giving_it_twice_changes_nothing(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path) as run:
            for _ in range(3):
                run.supervisor.scale(3, "o1")
            await run.serving(3)
            assert len(run.told["starts"]) == 3

    play(scenario())


@pytest.mark.parametrize("count", [-1, 21])
def test_an_order_beyond_the_bounds_is_refused_and_changes_nothing(short_path: Path, count: int) -> None:
    async def scenario() -> None:
        async with crew(short_path) as run:
            with pytest.raises(Refused, match="maximum 20"):
                run.supervisor.scale(count)
            assert run.told["desired"] == 1

    play(scenario())


def test_a_scale_in_takes_starting_tasks_first_and_lets_open_requests_finish(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path) as run:
            await run.serving(1)
            (serving,) = run.pids()
            open_one = asyncio.create_task(run.get("/sleep/400"))
            await until(lambda: run.told["in_flight"] == 1)
            run.supervisor.scale(3)
            run.supervisor.scale(1)
            await until(lambda: run.told["draining"] == 0, "the starting tasks to go")
            assert run.pids() == {serving}
            run.supervisor.scale(0)
            status, body = await open_one
            assert (status, body.split()[1]) == (200, str(serving))
            await until(lambda: not run.told["tasks"], "the drained task to go")
            assert run.told["errors"] == 0

    play(scenario())


def test_a_killed_task_is_replaced_at_once_and_its_end_is_named(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(initial=2)) as run:
            await run.serving(2)
            before = run.pids()
            victim = min(before)
            os.kill(victim, signal.SIGKILL)
            await until(lambda: victim not in run.pids())
            await run.serving(2)
            ((_, _, _, code, name, was_ready),) = run.told["exits"]
            assert (code, name, was_ready) == (137, "killed or out of memory", True)
            assert len(run.pids() & before) == 1

    play(scenario())


def test_tasks_killed_from_outside_as_soon_as_they_serve_are_replaced_at_once_every_time(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(initial=1)) as run:
            for _ in range(4):
                await run.serving(1)
                (victim,) = run.pids()
                os.kill(victim, signal.SIGKILL)
                await until(lambda victim=victim: victim not in run.pids())  # type: ignore[misc]
                assert (run.told["failures"], run.told["next_start_ms"]) == (0, 0)
            await run.serving(1)

    play(scenario())


def test_a_task_that_ends_itself_soon_after_it_served_is_braked_from_the_second_time_on(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(initial=1)) as run:
            for failures in (1, 2):
                await run.serving(1)
                (victim,) = run.pids()
                os.kill(victim, signal.SIGSEGV)
                await until(lambda victim=victim: victim not in run.pids())  # type: ignore[misc]
                assert run.told["failures"] == failures
            assert run.told["next_start_ms"] > 0

    play(scenario())


def test_a_task_that_ignores_sigterm_is_killed_after_the_stop_timeout(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(env={"TERM_MS": "3600000"}, stop_timeout_ms=300)) as run:
            await run.serving(1)
            (pid,) = run.pids()
            run.supervisor.scale(0)
            await until(lambda: not run.told["tasks"], "the end")
            assert proc.stat(pid) is None
            assert run.told["exits"][-1][3:5] == [137, "killed after the stop timeout"]

    play(scenario())


def test_helpers_of_a_task_end_with_it(short_path: Path) -> None:
    """A crash takes the whole process group along; so does a stop."""

    async def scenario() -> None:
        async with crew(short_path, service(command=f"sleep 3600 & sleep 3600 & exec {UPSTREAM}")) as run:
            await run.serving(1)
            (pid,) = run.pids()
            assert len(processes_of(short_path)) == 3
            os.kill(pid, signal.SIGKILL)
            await until(lambda: run.pids() and pid not in run.pids())
            await until(lambda: len(processes_of(short_path)) == 3, "the helpers of the dead task to go")
        await until(lambda: not processes_of(short_path), "all to go")

    play(scenario())


def test_the_wait_for_a_child_of_the_shell_lasts_until_it_has_stopped(short_path: Path) -> None:
    """The shell of a compound command dies of SIGTERM at once; the server below it may finish."""

    async def scenario() -> None:
        done = short_path / "done"
        code = f"import subprocess, sys; subprocess.run(sys.argv[1:]); open({str(done)!r}, 'w').close()"
        command = f"true && {python(code)} {UPSTREAM}"
        shielded = f"trap 'exit 0' TERM; ( trap '' TERM; {command[8:]} ) & wait"
        async with crew(short_path, service(command=shielded, env={"TERM_MS": "200"})) as run:
            await run.serving(1)
            run.supervisor.scale(0)
            await until(lambda: not run.told["tasks"] and not processes_of(short_path), "the end")
            assert done.exists()

    play(scenario())


def test_a_service_without_tasks_starts_some_when_it_is_asked_to(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(min=0, initial=0)) as run:
            assert not run.told["tasks"]
            waiting = asyncio.create_task(run.get())
            await until(lambda: run.told["queue"] == 1, "the request to queue")
            run.supervisor.scale(1)
            assert (await waiting)[0] == 200

    play(scenario())


def test_stopping_ends_all_tasks_at_the_same_time_and_leaves_no_record(short_path: Path) -> None:
    """Each ends when all four have been told to: one after the other, the stop timeout would kill them."""
    told = f"{short_path}/told-"
    wait = f"touch {told}$FLEETFOOT_TASK; until [ $(ls {told}* | wc -l) = 4 ]; do sleep 0.05; done"

    async def scenario() -> None:
        async with crew(
            short_path, service(initial=4, command=f"trap '{wait}; exit 0' TERM; {UPSTREAM} & wait")
        ) as run:
            await run.serving(4)
        assert [row[4] for row in run.told["exits"]] == ["exited with code 0"] * 4
        assert not list((short_path / "state" / "tasks").iterdir())
        assert not processes_of(short_path)

    play(scenario())
