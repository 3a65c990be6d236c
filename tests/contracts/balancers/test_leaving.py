"""What every balancer promises, on real sockets: tasks that leave or die, and its own end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.balancers import GET, play, until, wait_for_gate
from tests.kinds import balancer_of, fleet
from tests.support import PATIENCE, free_port
from tests.ups import APP

pytestmark = pytest.mark.network

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


def test_draining_waits_for_open_requests_and_sends_no_new_ones(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            old = await here.task("old", wait_for_gate)
            asked = await here.held_by(old, 3)
            new = await here.task("new")
            draining = asyncio.create_task(here.balancer.drain("old", 60_000))
            await asyncio.sleep(0)
            await here.told()
            for _ in range(5):
                await here.ask()
            assert not draining.done()
            assert (len(old.seen), len(new.seen)) == (3, 5)
            old.gate.set()
            assert await draining == 0
            assert [(await one).status for one in asked] == [200] * 3
            here.balancer.remove("old")
            await here.counted(errors=0, completed=8)

    play(scenario())


def test_draining_ends_at_its_deadline_and_says_what_is_open(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            task = await here.task("t1", wait_for_gate)
            asked = await here.held_by(task, 2)
            assert await here.balancer.drain("t1", 300) == 2
            task.gate.set()
            await asyncio.gather(*asked)

    play(scenario())


def test_a_removed_task_loses_no_request_that_may_be_sent_again(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            dying = await here.task("dying", wait_for_gate)
            asked = await here.held_by(dying, 10)
            other = await here.task("other")
            here.balancer.remove("dying")
            assert [(await one).status for one in asked] == [200] * 10
            assert len(other.seen) == 10
            await here.counted(broken=0, bad=0, completed=10)

    play(scenario())


def test_a_request_with_a_body_is_not_sent_twice_when_its_task_is_removed(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            dying = await here.task("dying", wait_for_gate)
            (asked,) = await here.held_by(dying, 1, POST)
            other = await here.task("other")
            here.balancer.remove("dying")
            assert (await asked).status in (502, 503)
            assert other.seen == []
            await here.counted(broken=1, errors=1, bad=1)

    play(scenario())


@pytest.mark.parametrize("raw", [GET, POST], ids=["get", "post"])
def test_a_task_that_refuses_connections_costs_no_request(kind: str, raw: bytes) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            await here.task("t1")
            here.balancer.add("nobody", free_port(), "a", "r1")
            here.balancer.ready("nobody", 0)
            await here.told()
            assert [one.status for one in await asyncio.gather(*(here.ask(raw) for _ in range(10)))] == [200] * 10

    play(scenario())


def test_a_fleet_that_changes_all_the_time_under_load_fails_no_request(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            await here.task("t0")
            going = True

            async def ask_on() -> int:
                client, answered = await here.connect(), 0
                while going:
                    client.send(GET)
                    assert (await client.receive()).status == 200
                    answered += 1
                return answered

            asking = [asyncio.create_task(ask_on()) for _ in range(8)]
            for number in range(1, 20):
                await here.task(f"t{number}")
                assert await here.balancer.drain(f"t{number - 1}", 10_000) == 0
                here.balancer.remove(f"t{number - 1}")
                here.tasks[f"t{number - 1}"].kill()
                seen = here.tasks[f"t{number}"].seen
                await until(lambda seen=seen: len(seen) > 20)  # type: ignore[misc]
            going = False
            answered = sum(await asyncio.gather(*asking))
            await here.counted(completed=answered, offered=answered, errors=0, broken=0, shed=0, bad=0)

    play(scenario())


@pytest.fixture
def two_processes() -> Iterator[Callable[[], tuple[int, int]]]:
    """Starts a real task: (pid, port)."""
    children: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[int, int]:
        port = free_port()
        env = {"PATH": os.environ["PATH"], "PORT": str(port), "TINY_SECONDS": "0.001"}
        children.append(subprocess.Popen([sys.executable, str(APP)], env=env))
        return children[-1].pid, port

    yield start
    for child in children:
        child.kill()
        child.wait()


def test_kill_9_of_one_of_two_tasks_under_load_fails_no_request_that_may_be_sent_again(
    kind: str, two_processes: Callable[[], tuple[int, int]]
) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            pids = []
            for name in ("t1", "t2"):
                pid, port = two_processes()
                pids.append(pid)
                await until(partial(listens, port))
                here.balancer.add(name, port, "a", "r1")
                here.balancer.ready(name, 0)
            await here.told()
            answered = 0

            async def ask_on() -> None:
                nonlocal answered
                client = await here.connect()
                while answered < 600:
                    client.send(GET)
                    assert (await client.receive()).status == 200
                    answered += 1

            asking = [asyncio.create_task(ask_on()) for _ in range(8)]
            await until(lambda: answered > 200)
            os.kill(pids[1], signal.SIGKILL)  # nobody tells the balancer
            await asyncio.gather(*asking)
            await here.counted(completed=answered, broken=0)

    play(scenario())


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_closing_finishes_what_is_open_and_accepts_no_more(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            task = await here.task("t1", wait_for_gate)
            asked = await here.held_by(task, 2)
            closing = asyncio.create_task(balancer_of(here).close(60_000))
            await asyncio.sleep(0.1)  # sleep: long enough for a close that does not wait to be seen
            assert not closing.done()
            task.gate.set()
            await closing
            assert [(await one).status for one in asked] == [200] * 2
            with pytest.raises(ConnectionRefusedError):
                await here.connect()

    play(scenario())


def test_closing_ends_at_its_deadline(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, checked=False) as here:
            task = await here.task("t1", wait_for_gate)
            (asked,) = await here.held_by(task, 1)
            await asyncio.wait_for(balancer_of(here).close(100), PATIENCE)
            with pytest.raises((OSError, asyncio.IncompleteReadError)):
                await asked

    play(scenario())
