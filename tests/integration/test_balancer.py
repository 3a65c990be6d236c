"""Ordinary traffic through the balancer: who gets a request, what reaches the task, what comes back."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from fleetfoot.fleet.balancer import Balancer, BalancerSettings
from tests.balancers import GET, Message, Upstream, listening, play, says, until, wait_for_gate, world

pytestmark = pytest.mark.network


async def name_itself(
    task: Upstream, _request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(task.name), task.name.encode()))


def test_a_request_reaches_the_task_and_its_answer_comes_back() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            response = await here.ask(b"GET /a?b=c HTTP/1.1\r\nHost: shop\r\nCookie: k=v\r\n\r\n")
            assert (response.status, response.body) == (200, b"ok")
            (seen,) = task.seen
            assert seen.first == "GET /a?b=c HTTP/1.1"
            assert seen.headers["host"] == "shop"
            assert seen.headers["cookie"] == "k=v"
            assert seen.headers["x-forwarded-for"] == "127.0.0.1"
            assert seen.headers["x-forwarded-proto"] == "http"
            assert (here.stat("offered"), here.stat("completed"), here.stat("bad")) == (1, 1, 0)
            assert sum(here.stat("latency").values()) == 1

    play(scenario())


def test_the_balancer_also_runs_on_the_loop_of_the_standard_library() -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("t1")
            assert (await here.ask()).body == b"ok"

    asyncio.run(scenario())


def test_connections_are_kept_on_both_sides() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            client = await here.connect()
            for _ in range(5):
                client.send(GET)
                response = await client.receive()
                assert "connection" not in response.headers
            assert task.opened == 1
            assert here.stat("connections") == 1

    play(scenario())


def test_pipelined_requests_are_answered_in_order() -> None:
    async def scenario() -> None:
        async with world() as here:

            async def echo_path(
                _task: Upstream, request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
            ) -> None:
                path = request.first.split()[1].encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))

            await here.task("t1", echo_path)
            await here.task("t2", echo_path)
            client = await here.connect()
            client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(100)))
            assert [(await client.receive()).body for _ in range(100)] == [b"/%d" % n for n in range(100)]
            assert here.stat("offered") == 100

    play(scenario())


def test_pipelined_requests_with_bodies_keep_their_own_bodies() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            client = await here.connect()
            one = b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
            two = b"POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
            client.send(one + two + GET)
            for _ in range(3):
                assert (await client.receive()).status == 200
            assert [seen.body for seen in task.seen] == [b"one", b"two", b""]

    play(scenario())


def test_sequential_requests_go_round_all_tasks() -> None:
    async def scenario() -> None:
        async with world() as here:
            for name in ("t1", "t2", "t3"):
                await here.task(name, name_itself)
            served = Counter([(await here.ask()).body for _ in range(30)])
            assert served == {b"t1": 10, b"t2": 10, b"t3": 10}

    play(scenario())


def test_a_new_task_joins_the_round_and_does_not_take_every_tie() -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("t1", name_itself)
            await here.task("t2", name_itself)
            for _ in range(20):
                await here.ask()
            await here.task("t3", name_itself)
            served = Counter([(await here.ask()).body for _ in range(30)])
            assert served == {b"t1": 10, b"t2": 10, b"t3": 10}

    play(scenario())


def test_the_task_with_the_fewest_open_requests_gets_the_next() -> None:
    async def scenario() -> None:
        async with world() as here:
            slow = await here.task("slow", wait_for_gate)
            quick = await here.task("quick")
            stuck = await here.connect()
            stuck.send(GET)
            await until(lambda: here.stat("in_flight") == 1)
            if not slow.seen:  # the first tie went to the quick one
                stuck.send(GET)
            await until(lambda: len(slow.seen) == 1)
            before = len(quick.seen)
            for _ in range(10):
                await here.ask()
            assert len(quick.seen) - before == 10
            assert here.balancer.idlest(["slow", "quick"]) == "quick"
            assert here.balancer.idlest(["quick", "slow"]) == "quick"
            slow.gate.set()
            await stuck.receive()

    play(scenario())


def test_a_500_of_the_task_is_passed_on_and_counts_as_error_and_bad() -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("t1", says(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"))
            assert (await here.ask()).status == 500
            assert [here.stat(name) for name in ("completed", "errors", "broken", "bad")] == [1, 1, 0, 1]
            assert here.of_task("t1", "errors") == 1
            assert here.stat("latency") == {}  # bad, but not fast

    play(scenario())


def test_a_late_answer_is_bad_once_and_seen_while_it_is_open() -> None:
    async def scenario() -> None:
        async with world(objective_ms=50) as here:
            task = await here.task("t1", wait_for_gate)
            client = await here.connect()
            client.send(GET)
            await until(lambda: here.stat("open_over") == 1)
            assert here.stat("oldest_ms") >= 50
            assert here.stat("bad") == 0
            task.gate.set()
            await client.receive()
            assert [here.stat(name) for name in ("completed", "bad", "open_over", "oldest_ms")] == [1, 1, 0, 0]

    play(scenario())


def test_closing_finishes_what_is_open_and_accepts_nothing_new() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", wait_for_gate)
            busy, idle = await here.connect(), await here.connect()
            busy.send(GET)
            await until(lambda: task.seen and here.stat("connections") == 2)
            closing = asyncio.create_task(here.balancer.close(20_000))
            assert await idle.rest() == b""
            with pytest.raises(ConnectionError):
                await here.connect()
            task.gate.set()
            response = await busy.receive()
            assert (response.body, response.headers["connection"]) == (b"ok", "close")
            await closing

    play(scenario())


def test_closing_stops_waiting_at_its_deadline() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", wait_for_gate)
            client = await here.asking(task)
            await here.balancer.close(50)
            assert await client.rest() == b""
            await until(lambda: here.stat("client_gone") == 1)

    play(scenario())


def test_two_balancers_in_one_loop_do_not_mix() -> None:
    async def scenario() -> None:
        async with world() as one, world() as two:
            await one.task("t1", says(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"))
            await two.task("t1", says(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"))
            assert (await one.ask()).body == b"one"
            assert (await two.ask()).body == b"two"
            assert (one.stat("offered"), two.stat("offered")) == (1, 1)

    play(scenario())


def test_a_balancer_that_never_served_closes() -> None:
    async def scenario() -> None:
        balancer = Balancer("x", BalancerSettings(), 1000, None, lambda _: None)
        await balancer.close(100)
        sock = listening()
        balancer = Balancer("x", BalancerSettings(), 1000, None, lambda _: None)
        await balancer.serve(sock)
        await balancer.close(100)

    play(scenario())
