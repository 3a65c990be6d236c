"""The supervisor with real tasks: whatever a command does, the count comes right or the reason is told."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from fleetfoot.fleet import proc
from fleetfoot.fleet.supervisor import Refused
from tests.balancers import play, until
from tests.fleets import UPSTREAM, Crew, crew, service
from tests.support import processes_of

pytestmark = pytest.mark.network


def python(code: str) -> str:
    return f"{sys.executable} -c {shlex.quote(code)}"


LISTEN_SILENTLY = """
import os, socket, time
s = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
time.sleep(3600)
"""
ANSWER_500 = """
import os, socket
s = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    c, _ = s.accept(); c.recv(4096); c.sendall(b"HTTP/1.1 500 No\\r\\n\\r\\n"); c.close()
"""


def health(grace_ms: int = 600, **readiness: Any) -> dict[str, Any]:
    return {"readiness": {"interval_ms": 100, "timeout_ms": 200, **readiness}, "grace_ms": grace_ms}


@pytest.mark.parametrize(
    ("command", "why"),
    [
        pytest.param("no-such-command-anywhere", "command not found", id="command-not-found"),
        pytest.param("/etc", "not executable", id="not-executable"),
        pytest.param(python("raise SystemExit(3)"), "exited with code 3", id="exits-at-once"),
        pytest.param("true", "exited with code 0", id="exits-at-once-and-well"),
        pytest.param(python("import os; os.kill(os.getpid(), 11)"), "segmentation fault", id="segfaults"),
        pytest.param(python("import os; os.kill(os.getpid(), 9)"), "killed or out of memory", id="is-killed"),
        pytest.param(python("import time; time.sleep(3600)"), "never listened on $PORT", id="never-listens"),
        pytest.param(python(LISTEN_SILENTLY), "readiness check timed out", id="hangs"),
        pytest.param(python(ANSWER_500), "readiness check answered 500", id="answers-500"),
    ],
)
def test_a_start_that_fails_says_why_and_is_braked(short_path: Path, command: str, why: str) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(command=command, initial=3, health=health())) as run:
            await until(lambda: len(run.told["starts"]) >= 3, "three failed starts")
            told = run.told
            assert {tuple(row[2:]) for row in told["starts"]} == {(0, False, why)}
            assert [row[0] for row in told["starts"]] == [1, 2, 3]
            assert told["last_failure"]["why"] == why
            assert told["failures"] == 1
            assert 0 < told["next_start_ms"] <= 1000
            assert told["serving"] == 0

    play(scenario())


def test_a_failed_start_shows_the_last_line_of_its_log(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(command=python("import no_such_module"))) as run:
            await until(lambda: run.told["last_failure"], "the failure")
            assert run.told["last_failure"]["log"] == "ModuleNotFoundError: No module named 'no_such_module'"

    play(scenario())


def test_a_folder_that_does_not_exist_is_a_failed_start_that_names_it(short_path: Path) -> None:
    async def scenario() -> None:
        async with crew(short_path, service(directory=str(short_path / "nowhere"))) as run:
            assert "nowhere" in run.told["starts"][0][4]
            assert run.told["next_start_ms"] > 0

    play(scenario())


def test_the_next_start_comes_after_the_brake_and_may_succeed(short_path: Path) -> None:
    marker = short_path / "fixed"
    command = f"test -e {marker} && exec {UPSTREAM}"

    async def scenario() -> None:
        async with crew(short_path, service(command=command)) as run:
            await until(lambda: run.told["starts"], "the failed start")
            marker.touch()
            await run.serving(1)
            assert [row[3] for row in run.told["starts"]] == [False, True]

    play(scenario())


def test_a_task_gets_its_port_name_zone_and_revision(short_path: Path) -> None:
    async def scenario() -> None:
        settings = service(env={"COLOUR": "green"}, revision="abc123", zones=["north"])
        async with crew(short_path, settings) as run:
            await run.serving(1)
            (task,) = run.told["tasks"]
            for name, value in {
                "PORT": str(task["port"]),
                "FLEETFOOT_TASK": task["id"],
                "FLEETFOOT_SERVICE": "orders",
                "FLEETFOOT_ZONE": "north",
                "FLEETFOOT_REVISION": "abc123",
                "COLOUR": "green",
            }.items():
                assert await run.get(f"/env/{name}") == (200, value)

    play(scenario())


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


def test_a_port_lost_to_somebody_else_costs_no_failed_start(short_path: Path) -> None:
    taken = short_path / "taken"
    code = (
        "import os, pathlib, sys\n"
        f"p = pathlib.Path({str(taken)!r})\n"
        "if not p.exists():\n"
        "    p.touch(); sys.exit('OSError: [Errno 98] Address already in use')\n"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )

    async def scenario() -> None:
        command = f"{python(code)} {UPSTREAM.split(' ', 1)[1]}"
        async with crew(short_path, service(command=command)) as run:
            await run.serving(1)
            assert [row[3] for row in run.told["starts"]] == [True]
            assert run.told["failures"] == 0
            assert len(run.told["exits"]) == 1

    play(scenario())


def test_a_command_that_listens_elsewhere_fails_in_the_end(short_path: Path) -> None:
    code = "import sys; sys.exit('OSError: [Errno 98] Address already in use')"

    async def scenario() -> None:
        async with crew(short_path, service(command=python(code))) as run:
            await until(lambda: run.told["starts"], "a failed start")
            assert run.told["starts"][0][3:] == [False, "exited with code 1"]
            assert len(run.told["exits"]) == 6

    play(scenario())


def sickly(folder: Path, tasks: int, **more: Any) -> Any:
    liveness = {"path": "/healthz", "interval_ms": 100, "timeout_ms": 2000, "unhealthy": 3}
    return service(
        initial=tasks,
        env={"SICK": str(folder / "sick")},
        health={"readiness": {"path": "/", "interval_ms": 100}, "liveness": liveness, "grace_ms": 20_000},
        **more,
    )


async def ticking(run: Crew, condition: Any, what: str) -> None:
    """Let the supervisor's seconds pass quickly until a condition holds."""

    def ticked() -> Any:
        run.supervisor.tick()
        return condition()

    await until(ticked, what)


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


def test_without_a_path_an_accepted_connection_makes_ready(short_path: Path) -> None:
    async def scenario() -> None:
        settings = service(command=python(LISTEN_SILENTLY), health=health(20_000, path=None))
        async with crew(short_path, settings) as run:
            await run.serving(1)

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
    async def scenario() -> None:
        async with crew(short_path, service(initial=4, env={"TERM_MS": "300"})) as run:
            await run.serving(4)
            loop = asyncio.get_running_loop()
            began = loop.time()
        assert loop.time() - began < 4 * 0.3 + 5
        assert not list((short_path / "state" / "tasks").iterdir())
        assert not processes_of(short_path)

    play(scenario())
