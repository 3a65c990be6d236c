"""Starts with real commands: whatever a command does, the reason is told and the next start is braked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.balancers import play, until
from tests.crews import python
from tests.fleets import UPSTREAM, crew, service

pytestmark = pytest.mark.network
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


def test_without_a_path_an_accepted_connection_makes_ready(short_path: Path) -> None:
    async def scenario() -> None:
        settings = service(command=python(LISTEN_SILENTLY), health=health(20_000, path=None))
        async with crew(short_path, settings) as run:
            await run.serving(1)

    play(scenario())
