"""Exit codes in words, and getting to know of an end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from fleetfoot.fleet import exits, proc
from fleetfoot.fleet.exits import Exits, OomWatch
from tests.balancers import play


@pytest.mark.parametrize(
    ("returncode", "words"),
    [
        pytest.param(0, "exited with code 0", id="zero"),
        pytest.param(3, "exited with code 3", id="three"),
        pytest.param(126, "not executable", id="126"),
        pytest.param(127, "command not found", id="127"),
        pytest.param(-signal.SIGKILL, "killed or out of memory", id="sigkill"),
        pytest.param(137, "killed or out of memory", id="137-of-a-shell"),
        pytest.param(-signal.SIGSEGV, "segmentation fault", id="sigsegv"),
        pytest.param(-signal.SIGTERM, "terminated", id="sigterm"),
        pytest.param(-signal.SIGHUP, "exited with code 129", id="another-signal"),
    ],
)
def test_an_exit_code_has_a_name(returncode: int, words: str) -> None:
    assert exits.name(exits.shell_code(returncode)) == words


def test_an_end_that_nobody_could_ask_about_is_unknown() -> None:
    assert exits.name(exits.UNKNOWN, oom=True) == "exit code unknown"


def test_137_is_out_of_memory_when_the_kernel_says_so_and_ours_when_we_sent_it() -> None:
    assert exits.name(137, oom=True) == "out of memory"
    assert exits.name(137, ours=True, oom=True) == "killed after the stop timeout"
    assert exits.name(143, oom=True) == "terminated"


def test_a_risen_count_of_memory_kills_is_evidence_for_two_to_three_seconds() -> None:
    count = [5]
    watch = OomWatch(lambda: count[0])
    assert not watch.rose()
    count[0] = 6
    assert watch.rose()
    for _ in range(2):
        watch.sample()
    assert watch.rose()
    watch.sample()
    assert not watch.rose()


def child(code: str) -> tuple[int, int]:
    """A child that nobody but the test waits for."""
    made = subprocess.Popen([sys.executable, "-c", code])
    made.returncode = 0
    return made.pid, proc.start_time(made.pid) or 0


def test_the_end_of_an_own_child_comes_with_its_code() -> None:
    async def scenario() -> None:
        pid, start = child("import os; os._exit(3)")
        assert await Exits().ended(pid, start) == 3
        assert proc.start_time(pid) != start  # reaped

    play(scenario())


def test_the_end_of_an_adopted_task_takes_its_code_from_the_keeper_before_or_after_it_is_seen() -> None:
    async def scenario() -> None:
        known = Exits(patience_ms=60_000)
        known.report(2**22 + 5, 77, 139)
        assert await known.ended(2**22 + 5, 77) == 139
        waiting = asyncio.ensure_future(known.ended(2**22 + 6, 78))
        await asyncio.sleep(0)
        known.report(2**22 + 6, 78, 3)
        assert await waiting == 3

    play(scenario())


def test_a_code_reported_for_the_same_pid_of_another_time_is_not_taken() -> None:
    async def scenario() -> None:
        known = Exits(patience_ms=1)
        known.report(2**22 + 5, 77, 139)
        assert await known.ended(2**22 + 5, 78) == exits.UNKNOWN

    play(scenario())


def test_a_process_that_runs_is_waited_for() -> None:
    async def scenario() -> None:
        pid, start = child("import sys; sys.stdin.read()")
        waiting = asyncio.ensure_future(Exits().ended(pid, start))
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        assert not done
        os.kill(pid, signal.SIGKILL)
        assert await waiting == 137

    reader, writer = os.pipe()
    saved = os.dup(0)
    os.dup2(reader, 0)
    try:
        play(scenario())
    finally:
        os.dup2(saved, 0)
        for fd in (reader, writer, saved):
            os.close(fd)
