"""What every balancer promises, on real sockets. Where they may differ, docs/haproxy.md says how."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fleetfoot.fleet.balancer import BalancerSettings
from fleetfoot.fleet.balancers import KINDS, AnyBalancer, make_balancer
from fleetfoot.fleet.haproxy import program
from tests.balancers import (
    GET,
    OK,
    Message,
    Upstream,
    World,
    listening,
    play,
    says,
    until,
    wait_for_gate,
)
from tests.support import free_port, short_tmp

pytestmark = pytest.mark.network

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
MEGABYTES_30 = 30 * 1024 * 1024


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "haproxy" and (why := program.unusable({"kind": "haproxy"})):
        pytest.skip(why)
    return str(request.param)


class Fleet(World):
    """The same world for every kind; ``told`` waits until the balancer acts on what it was told."""

    async def told(self) -> None:
        balancer: Any = self.balancer
        await until(lambda: getattr(balancer, "settled", True), "the balancer to be told")

    async def task(self, name: str, *args: Any, **options: Any) -> Upstream:
        task = await super().task(name, *args, **options)
        await self.told()
        return task

    async def counted(self, **counts: int) -> None:
        """Wait until the statistics say so."""
        await until(lambda: all(self.stat(name) == count for name, count in counts.items()), f"{counts}")


@contextlib.asynccontextmanager
async def fleet(
    kind: str, *, objective_ms: int = 60_000, concurrency: int | None = None, checked: bool = True, **settings: Any
) -> AsyncIterator[Fleet]:
    """A balancer with these settings. At the end every request offered must have had exactly one end (``checked``)."""
    pressure: list[str] = []
    with short_tmp() as state:
        balancer = make_balancer(
            kind, "test", BalancerSettings(**settings), objective_ms, concurrency, pressure.append, state
        )
        sock = listening()
        port = sock.getsockname()[1]
        await balancer.serve(sock)
        here = Fleet(balancer, port)  # type: ignore[arg-type]
        here.pressure = pressure
        try:
            yield here
            for client in here.clients:
                client.close()
            if checked:
                await until(lambda: here.stat("offered") == here.ends(), f"every request to end: {balancer.snapshot()}")
                await here.counted(in_flight=0, queue=0)
        finally:
            for task in here.tasks.values():
                task.gate.set()
            await balancer.close(1000)
            for task in here.tasks.values():
                task.kill()


def balancer_of(here: Fleet) -> AnyBalancer:
    return here.balancer


# Tasks that fail.


def test_a_task_that_fails_fast_is_ejected_and_comes_back_when_it_has_recovered(kind: str) -> None:
    async def works(_t: Upstream, _m: Message, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.005)  # sleep: the work of a task
        writer.write(OK)

    async def scenario() -> None:
        async with fleet(kind) as here:
            bad = await here.task("bad", says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"))
            for name in ("good", "better", "best"):
                await here.task(name, works)

            async def press(over: Callable[[], bool]) -> None:
                while not over():
                    await here.ask()

            await asyncio.gather(*(press(lambda: here.of_task("bad", "ejected_ms") > 0) for _ in range(4)))
            await here.told()
            await until(lambda: here.stat("in_flight") == 0)
            assert here.stat("ejected") == here.of_task("bad", "ejections") == 1
            before = len(bad.seen)
            assert {(await here.ask()).status for _ in range(40)} == {200}
            assert len(bad.seen) == before
            bad.answer = works
            await asyncio.gather(*(press(lambda: len(bad.seen) > before + 10) for _ in range(4)))
            assert here.stat("ejected") == 0

    play(scenario())


def test_what_all_tasks_fail_at_ejects_none(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            for name in ("one", "two", "three"):
                await here.task(name, says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"))
            assert {(await here.ask()).status for _ in range(100)} == {500}
            await until(lambda: here.stat("completed") == 100)
            assert here.stat("ejected") == 0

    play(scenario())


# Requests and answers.


@pytest.mark.parametrize("body", [b"", b"hi", b"x" * 100_000], ids=["empty", "small", "large"])
def test_a_request_reaches_the_task_and_its_answer_the_client(kind: str, body: bytes) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            task = await here.task("t1", says(b"HTTP/1.1 201 Created\r\nX-One: 1\r\nContent-Length: 3\r\n\r\nyes"))
            head = b"PUT /path?q=1 HTTP/1.1\r\nHost: a.example\r\nX-Two: 2\r\nContent-Length: %d\r\n\r\n" % len(body)
            answer = await here.ask(head + body, to="PUT")
            assert (answer.status, answer.headers["x-one"], answer.body) == (201, "1", b"yes")
            (seen,) = task.seen
            assert seen.first == "PUT /path?q=1 HTTP/1.1"
            assert (seen.headers["host"], seen.headers["x-two"], seen.body) == ("a.example", "2", body)

    play(scenario())


def test_the_task_is_told_who_asks(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            task = await here.task("t1")
            await here.ask()
            seen = task.seen[0].headers
            assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("127.0.0.1", "http")

    play(scenario())


def test_head_has_a_length_and_no_body_and_the_connection_goes_on(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            await here.task("t1", says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"))
            client = await here.connect()
            for _ in range(3):
                client.send(HEAD)
                answer = await client.receive(to="HEAD")
                assert (answer.status, answer.headers["content-length"]) == (200, "2")

    play(scenario())


def test_one_connection_carries_many_requests_also_sent_ahead(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            await here.task("t1")
            client = await here.connect()
            client.send(GET * 5)
            assert [(await client.receive()).status for _ in range(5)] == [200] * 5

    play(scenario())


def test_30_megabytes_pass_both_ways(kind: str) -> None:
    block = b"0123456789abcdef" * 4096

    async def sizes(
        task: Upstream, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        got = hashlib.sha256()
        left = int(request.headers["content-length"])
        while left:
            part = await reader.read(min(left, 65536))
            got.update(part)
            left -= len(part)
        writer.write(b"HTTP/1.1 200 OK\r\nX-Sum: %s\r\nContent-Length: %d\r\n\r\n" % (got.hexdigest().encode(), total))
        for _ in range(total // len(block)):
            writer.write(block)
            await writer.drain()

    total = MEGABYTES_30

    async def scenario() -> None:
        async with fleet(kind) as here:
            await here.task("t1", sizes, reads_body=False)
            client = await here.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % total)
            for _ in range(total // len(block)):
                client.send(block)
                await client.writer.drain()
            answer = await client.receive()
            want = hashlib.sha256(block * (total // len(block))).hexdigest()
            assert (answer.headers["x-sum"], hashlib.sha256(answer.body).hexdigest()) == (want, want)

    play(scenario())


def test_chunks_pass_both_ways(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
            task = await here.task("t1", says(chunked))
            client = await here.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n")
            client.send(b"0\r\n\r\n")
            assert (await client.receive()).body == b"abcdefg"
            assert task.seen[0].body == b"hi!"

    play(scenario())


def accept_of(key: str) -> str:
    return base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()


async def echo(_t: Upstream, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    writer.write(f"{head}Sec-WebSocket-Accept: {accept_of(request.headers['sec-websocket-key'])}\r\n\r\n".encode())
    while part := await reader.read(65536):
        writer.write(part)
        await writer.drain()
    writer.close()


UPGRADE = (
    b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"
)


def test_a_websocket_passes_both_ways_and_is_a_tunnel_not_a_request_in_flight(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, objective_ms=1, request_timeout_ms=300) as here:
            await here.task("t1", echo)
            client = await here.connect()
            client.send(UPGRADE)
            assert (await client.receive()).status == 101
            await here.counted(tunnels=1, in_flight=0)
            for _ in range(3):
                client.send(b"\x81\x85masked")
                assert await client.reader.readexactly(8) == b"\x81\x85masked"
                await asyncio.sleep(0.2)  # sleep: longer than the request timeout in all, which is not for tunnels
            assert here.counts("bad", "open_over", "timed_out") == [0, 0, 0]
            client.close()
            await here.counted(tunnels=0, completed=1)
            assert here.stat("latency") == {} or here.stat("bad") == 0

    play(scenario())


def test_an_event_stream_arrives_as_it_is_made(kind: str) -> None:
    async def events(task: Upstream, _m: Message, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await writer.drain()
        await task.gate.wait()
        writer.write(b"data: 2\n\n")
        writer.close()

    async def scenario() -> None:
        async with fleet(kind) as here:
            task = await here.task("t1", events)
            client = await here.connect()
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n")
            assert b"text/event-stream" in (await client.reader.readuntil(b"\r\n\r\n")).lower()
            assert b"data: 1\n\n" in await client.reader.readuntil(b"data: 1\n\n")
            await here.counted(tunnels=1, in_flight=0)
            task.gate.set()
            assert b"data: 2\n\n" in await client.rest()

    play(scenario())


# Whom it routes to.


def test_a_task_gets_no_traffic_before_it_is_ready_and_what_waits_goes_to_it_then(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            task = await here.task("t1", ready=False)
            asked = await here.hold(3)
            await here.counted(queue=3, in_flight=0)
            assert task.seen == []
            here.balancer.ready("t1")
            assert [(await one).status for one in asked] == [200] * 3

    play(scenario())


def test_an_unready_task_gets_nothing_while_half_are_ready(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            one, two = await here.task("t1"), await here.task("t2")
            here.balancer.unready("t1")
            await here.told()
            for _ in range(6):
                await here.ask()
            assert (len(one.seen), len(two.seen)) == (0, 6)
            here.balancer.ready("t1")
            await here.told()
            assert not here.balancer.warming("t1")
            await asyncio.gather(*(here.ask() for _ in range(12)))
            assert one.seen

    play(scenario())


@pytest.mark.parametrize(("tasks", "unready"), [(1, 1), (3, 2), (4, 4)], ids=["one-of-one", "two-of-three", "all"])
def test_with_more_than_half_unready_it_fails_open(kind: str, tasks: int, unready: int) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            upstreams = [await here.task(f"t{number}") for number in range(tasks)]
            draining, starting = await here.task("draining"), await here.task("starting", ready=False)
            assert await here.balancer.drain("draining", 20) == 0
            for number in range(unready):
                here.balancer.unready(f"t{number}")
            await here.told()
            assert here.stat("failing_open")
            for _ in range(tasks * 4):
                assert (await here.ask()).status == 200
            assert all(task.seen for task in upstreams)
            assert draining.seen == starting.seen == []

    play(scenario())


def test_a_task_that_joins_others_warms_and_gets_less_until_its_ramp_is_over(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            old = await here.task("old", wait_for_gate)
            assert not here.balancer.warming("old")
            new = await here.task("new", wait_for_gate, ready=False)
            here.balancer.ready("new", 3_600_000)
            await here.told()
            assert here.balancer.warming("new")
            asked = await here.hold(22)
            await until(lambda: len(old.seen) + len(new.seen) == 22)
            assert 1 <= len(new.seen) <= 8
            old.gate.set()
            new.gate.set()
            await asyncio.gather(*asked)

    play(scenario())


def test_a_ramp_ends_by_time_without_any_traffic(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            await here.task("old")
            await here.task("new", ready=False)
            here.balancer.ready("new", 200)
            assert here.balancer.warming("new")
            await until(lambda: not here.balancer.warming("new"))

    play(scenario())


def test_the_task_with_the_fewest_open_requests_is_asked_and_is_the_idlest(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            busy = await here.task("busy", wait_for_gate)
            asked = await here.hold(3)
            await until(lambda: len(busy.seen) == 3)
            idle = await here.task("idle")
            for _ in range(4):
                await here.ask()
            assert (len(busy.seen), len(idle.seen)) == (3, 4)
            await until(lambda: here.of_task("busy", "in_flight") == 3)
            assert balancer_of(here).idlest(["idle", "busy"]) == "idle"
            assert balancer_of(here).idlest(["busy", "idle"]) == "idle"
            with pytest.raises(ValueError, match="no tasks"):
                balancer_of(here).idlest([])
            busy.gate.set()
            await asyncio.gather(*asked)

    play(scenario())


def test_adding_a_known_task_is_refused_and_unknown_ones_are_let_go(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            await here.task("t1")
            with pytest.raises(ValueError, match="t1 is already known"):
                here.balancer.add("t1", 1, "a", "r")
            with pytest.raises(KeyError):
                here.balancer.ready("nobody")
            here.balancer.unready("nobody")
            here.balancer.remove("nobody")
            assert await here.balancer.drain("nobody", 10) == 0
            assert not here.balancer.warming("nobody")

    play(scenario())


def test_tasks_made_known_before_it_serves_are_used(kind: str, short_path: Path) -> None:
    async def scenario() -> None:
        balancer = make_balancer(kind, "test", BalancerSettings(), 1000, None, lambda _: None, short_path)
        task = Upstream("t1")
        await task.start()
        balancer.add("t1", task.port, "a", "r1")
        balancer.ready("t1", ramp_ms=0)
        sock = listening()
        here = Fleet(balancer, sock.getsockname()[1])  # type: ignore[arg-type]
        await balancer.serve(sock)
        assert (await here.ask()).status == 200
        await balancer.close(1000)
        task.kill()

    play(scenario())


# Leaving and dying.


def test_draining_waits_for_open_requests_and_sends_no_new_ones(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            old = await here.task("old", wait_for_gate)
            asked = await here.hold(3)
            await until(lambda: len(old.seen) == 3)
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
            asked = await here.hold(2)
            await until(lambda: len(task.seen) == 2)
            assert await here.balancer.drain("t1", 300) == 2
            task.gate.set()
            await asyncio.gather(*asked)

    play(scenario())


def test_a_removed_task_loses_no_request_that_may_be_sent_again(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            dying = await here.task("dying", wait_for_gate)
            asked = await here.hold(10)
            await until(lambda: len(dying.seen) == 10)
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
            (asked,) = await here.hold(1, POST)
            await until(lambda: dying.seen)
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
            going = False
            answered = sum(await asyncio.gather(*asking))
            await here.counted(completed=answered, offered=answered, errors=0, bad=0)

    play(scenario())


@pytest.fixture
def two_processes() -> Iterator[Callable[[], tuple[int, int]]]:
    """Starts a real task: (pid, port)."""
    children: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[int, int]:
        port = free_port()
        env = {"PATH": os.environ["PATH"], "PORT": str(port), "TINY_SECONDS": "0.001"}
        app = Path(__file__).parents[1] / "apps" / "tiny.py"
        children.append(subprocess.Popen([sys.executable, str(app)], env=env))
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


# The queue and its limits.


def test_beyond_the_concurrency_limit_requests_wait_and_beyond_the_queue_they_get_503(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, concurrency=2, queue=3, retry_after=7) as here:
            task = await here.task("t1", wait_for_gate)
            asked = [asyncio.create_task(here.ask()) for _ in range(5)]
            await here.counted(in_flight=2, queue=3)
            refused = await here.ask()
            assert (refused.status, refused.headers["retry-after"]) == (503, "7")
            assert len(task.seen) == 2
            task.gate.set()
            assert [(await one).status for one in asked] == [200] * 5
            await here.counted(shed=1, bad=1, completed=5, errors=0)

    play(scenario())


def test_without_a_ready_task_the_queue_has_its_limit_too(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, queue=2) as here:
            asked = [asyncio.create_task(here.ask()) for _ in range(2)]
            await here.counted(queue=2)
            assert (await here.ask()).status == 503
            await here.task("t1")
            assert [(await one).status for one in asked] == [200] * 2
            await here.counted(shed=1)

    play(scenario())


@pytest.mark.parametrize("serving", [True, False], ids=["all-full", "none-ready"])
def test_who_waits_too_long_gets_503_and_counts_as_timed_out(kind: str, serving: bool) -> None:
    async def scenario() -> None:
        async with fleet(kind, concurrency=1, queue_timeout_ms=200, retry_after=7) as here:
            task = await here.task("t1", wait_for_gate, ready=serving)
            first = await here.hold(int(serving))
            await until(lambda: len(task.seen) == int(serving))
            late = await here.ask()
            assert (late.status, late.headers["retry-after"]) == (503, "7")
            task.gate.set()
            await asyncio.gather(*first)
            await here.counted(timed_out=1, bad=1, shed=0, errors=0)

    play(scenario())


def test_a_task_that_is_silent_too_long_costs_504_and_counts_as_timed_out(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, request_timeout_ms=200) as here:
            task = await here.task("t1", wait_for_gate)
            assert (await here.ask()).status == 504
            assert len(task.seen) == 1
            await here.counted(timed_out=1, bad=1, broken=0)

    play(scenario())


def test_a_standing_queue_and_a_surge_wake_the_loop(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, concurrency=1) as here:
            task = await here.task("t1", wait_for_gate)
            asked = [asyncio.create_task(here.ask()) for _ in range(3)]
            await until(lambda: "queue" in here.pressure)
            assert "arrivals" not in here.pressure  # nothing is known of what a task carries
            task.gate.set()
            await asyncio.gather(*asked)
            balancer_of(here).capacity_hint(1.0)
            client = await here.connect()

            async def ask_on() -> None:
                while "arrivals" not in here.pressure:
                    client.send(GET)
                    await client.receive()

            await asyncio.wait_for(ask_on(), 20)

    play(scenario())


# What is refused.


def test_a_head_that_does_not_come_is_answered_408(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, header_timeout_ms=200) as here:
            client = await here.connect()
            client.send(b"GET / HTTP/1.1\r\nHo")
            assert (await client.receive()).status == 408
            assert here.stat("offered") == 0

    play(scenario())


@pytest.mark.parametrize(
    ("settings", "raw", "statuses"),
    [
        pytest.param(
            {"max_header": 20_000},
            b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
            (400, 431),
            id="large-head",
        ),
        pytest.param(
            {"max_header": 2000},
            b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 4000 + b"\r\n\r\n",
            (431,),
            id="less-large-head",
        ),
        pytest.param(
            {"max_body": 10},
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
            (413,),
            id="large-body",
        ),
        pytest.param({}, b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", (405,), id="connect"),
        pytest.param({}, b"GET / HTTP/1.1\r\n\r\n", (400,), id="no-host"),
        pytest.param({}, b"nonsense\r\n\r\n", (400,), id="no-http"),
    ],
)
def test_what_is_not_for_a_task_is_refused_and_is_no_demand(
    kind: str, settings: dict[str, int], raw: bytes, statuses: tuple[int, ...]
) -> None:
    async def scenario() -> None:
        async with fleet(kind, checked=False, **settings) as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(raw)
            assert (await client.receive()).status in statuses
            await until(lambda: here.stat("refused") == 1)
            assert task.seen == []
            assert here.counts("offered", "bad", "errors") == [0, 0, 0]

    play(scenario())


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            % (5 + len(SMUGGLED))
            + SMUGGLED,
            id="te-and-cl",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
            id="two-cl",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\nContent-Length: 4\r\n\r\n" + SMUGGLED,
            id="unknown-te",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
            b"0\r\n\r\n" + SMUGGLED,
            id="two-te",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + SMUGGLED,
            id="bad-chunk",
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 34\r\n\r\n" + SMUGGLED, id="space-before-colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +34\r\n\r\n" + SMUGGLED, id="signed-cl"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\rContent-Length: 34\r\n\r\n" + SMUGGLED, id="bare-cr"),
    ],
)
def test_a_smuggled_request_never_reaches_a_task(kind: str, raw: bytes) -> None:
    """Refused, or made one plain request after which the connection ends."""

    async def scenario() -> None:
        async with fleet(kind, checked=False) as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(raw)
            client.writer.write_eof()
            await client.rest()
            await here.ask(b"GET /fence HTTP/1.1\r\nHost: a\r\n\r\n")
            assert [one.first for one in task.seen if "smuggled" in one.first] == []
            for one in task.seen:
                assert not {"content-length", "transfer-encoding"} <= set(one.headers)

    play(scenario())


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", id="a version that is none"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0", id="the beginning of HTTP/2"),
        pytest.param(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunks in HTTP/1.0"),
    ],
)
def test_only_http_1_is_spoken_and_by_its_rules(kind: str, raw: bytes) -> None:
    async def scenario() -> None:
        async with fleet(kind, checked=False) as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(raw)
            client.writer.write_eof()
            assert (await client.rest()).split()[1] in (b"400", b"505")
            assert task.seen == []

    play(scenario())


# The statistics.


def test_the_statistics_agree_with_what_was_sent(kind: str) -> None:
    async def by_path(task: Upstream, request: Message, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if "/slow" in request.first:
            await asyncio.sleep(0.3)  # sleep: the slow answer itself
        writer.write(OK.replace(b"200 OK", b"500 No") if "/bad" in request.first else OK)

    async def scenario() -> None:
        async with fleet(kind, objective_ms=200) as here:
            await here.task("t1", by_path)
            for path, times in ((b"/", 20), (b"/bad", 3), (b"/slow", 2)):
                for _ in range(times):
                    await here.ask(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path)
            await here.counted(offered=25, completed=25, errors=3, bad=5, broken=0, shed=0, timed_out=0, refused=0)
            assert sum(here.stat("latency").values()) == 22  # a quick 500 must not look fast
            assert (here.of_task("t1", "served"), here.of_task("t1", "errors")) == (25, 3)
            assert here.of_task("t1", "p95_ms") > 0

    play(scenario())


def test_a_client_that_leaves_is_counted_as_gone_and_is_no_failure(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            task = await here.task("t1", wait_for_gate)
            client = await here.connect()
            client.send(GET)
            await until(lambda: task.seen)
            client.close()
            await here.counted(offered=1, client_gone=1, broken=0, errors=0, bad=0)

    play(scenario())


def test_open_requests_show_before_they_end(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, objective_ms=100) as here:
            task = await here.task("t1", wait_for_gate)
            asked = await here.hold(3)
            await here.counted(in_flight=3, open_over=3)
            await until(lambda: here.stat("oldest_ms") > 300)
            task.gate.set()
            await asyncio.gather(*asked)
            await here.counted(in_flight=0, open_over=0, oldest_ms=0, bad=3)

    play(scenario())


def test_the_snapshot_has_the_same_keys_for_all(short_path: Path) -> None:
    async def scenario() -> None:
        keys = []
        for one in KINDS:
            balancer = make_balancer(one, "test", BalancerSettings(), 1000, None, lambda _: None, short_path)
            balancer.add("t1", 1, "a", "r1")
            found = balancer.snapshot()
            keys.append((set(found), {key for task in found["tasks"].values() for key in task}))
        assert keys[0] == keys[1]

    play(scenario())


# The end.


def test_closing_finishes_what_is_open_and_accepts_no_more(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            task = await here.task("t1", wait_for_gate)
            asked = await here.hold(2)
            await until(lambda: len(task.seen) == 2)
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
            (asked,) = await here.hold(1)
            await until(lambda: task.seen)
            await asyncio.wait_for(balancer_of(here).close(100), 20)
            with pytest.raises((OSError, asyncio.IncompleteReadError)):
                await asked

    play(scenario())
