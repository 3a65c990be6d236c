"""Ordinary traffic through the balancer: who gets a request, what reaches the task, what comes back."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from fleetfoot.fleet.balancer import Balancer, BalancerSettings
from tests.balancers import GET, OK, Message, Upstream, listening, play, says, until, wait_for_gate, world

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


def test_the_answer_to_head_has_its_length_and_no_body_and_the_connection_goes_on() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", says(b"HTTP/1.1 200 OK\r\nContent-Length: 4711\r\n\r\n"))
            client = await here.connect()
            for _ in range(3):
                client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
                response = await client.receive(to="HEAD")
                assert response.headers["content-length"] == "4711"
            assert task.opened == 1

    play(scenario())


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"], ids=["204", "304"])
def test_a_response_without_a_body_ends_at_its_head(status: bytes) -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", says(b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n"))
            client = await here.connect()
            for _ in range(2):
                client.send(GET)
                assert (await client.receive()).status == int(status[:3])
            assert task.opened == 1

    play(scenario())


def test_interim_responses_reach_the_client_before_the_final_one() -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("t1", says(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + OK))
            client = await here.connect()
            client.send(GET)
            assert (await client.receive()).status == 103
            assert (await client.receive()).body == b"ok"
            assert here.stat("completed") == 1

    play(scenario())


def test_a_client_that_expects_100_gets_the_tasks_word_before_it_sends_the_body() -> None:
    async def scenario() -> None:
        async def go_on(
            _task: Upstream, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.body = await reader.readexactly(5)
            writer.write(OK)

        async with world() as here:
            task = await here.task("t1", go_on, reads_body=False)
            client = await here.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            assert (await client.receive()).status == 100
            client.send(b"hello")
            assert (await client.receive()).status == 200
            assert task.seen[0].body == b"hello"
            assert task.seen[0].headers["expect"] == "100-continue"

    play(scenario())


def test_http_1_0_gets_a_whole_body_and_a_closed_connection() -> None:
    async def scenario() -> None:
        async with world() as here:
            chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
            task = await here.task("t1", says(chunks))
            client = await here.connect()
            client.send(b"GET / HTTP/1.0\r\n\r\n")
            raw = await client.rest()
            head, _, body = raw.partition(b"\r\n\r\n")
            assert body == b"onetwo"
            assert b"transfer-encoding" not in head.lower()
            assert task.seen[0].first == "GET / HTTP/1.1"
            assert task.seen[0].headers["host"] == f"127.0.0.1:{here.port}"
            assert (await here.ask()).body == b"onetwo"  # the same task connection, chunks again

    play(scenario())


def test_http_1_0_with_keep_alive_keeps_its_connection() -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("t1")
            client = await here.connect()
            for _ in range(2):
                client.send(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
                response = await client.receive()
                assert (response.headers["connection"], response.body) == ("keep-alive", b"ok")

    play(scenario())


def test_http_1_0_that_asks_with_head_gets_no_body_even_if_the_task_sends_one() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")  # answers HEAD like GET
            client = await here.connect()
            for _ in range(2):
                client.send(b"HEAD / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
                response = await client.receive(to="HEAD")
                assert (response.first, response.headers["content-length"]) == ("HTTP/1.1 200 OK", "2")
            assert task.opened == 2  # what else it may have said there nobody knows

    play(scenario())


@pytest.mark.parametrize("version", [b"1.0", b"2.0"])
def test_the_answer_says_our_version_whatever_the_task_says(version: bytes) -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("t1", says(OK.replace(b"1.1", version)))
            client = await here.connect()
            for _ in range(2):
                client.send(GET)
                response = await client.receive()
                assert (response.first, response.body) == ("HTTP/1.1 200 OK", b"ok")
                assert "connection" not in response.headers

    play(scenario())


def test_close_wins_where_http_1_0_also_says_keep_alive() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            client = await here.connect()
            both = b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n"
            client.send(both + GET)
            assert (await client.rest()).count(b"HTTP/1.1 200") == 1
            assert len(task.seen) == 1

    play(scenario())


def test_connection_close_of_the_client_is_kept() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET)
            raw = await client.rest()
            assert b"Connection: close" in raw
            assert raw.count(b"HTTP/1.1 200") == 1
            assert "connection" not in task.seen[0].headers

    play(scenario())


def test_a_task_that_closes_after_each_answer_does_not_close_the_clients_connection() -> None:
    async def scenario() -> None:
        async with world() as here:
            closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok"
            task = await here.task("t1", says(closing))
            client = await here.connect()
            for _ in range(3):
                client.send(GET)
                response = await client.receive()
                assert "connection" not in response.headers
                assert "keep-alive" not in response.headers
            assert task.opened == 3

    play(scenario())


def test_a_body_that_ends_with_the_connection_is_passed_on_so() -> None:
    async def scenario() -> None:
        async def answer_and_close(
            _task: Upstream, _request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it")
            writer.close()

        async with world() as here:
            await here.task("t1", answer_and_close)
            client = await here.connect()
            client.send(GET)
            raw = await client.rest()
            assert raw.endswith(b"\r\n\r\nall of it")
            assert b"Connection: close" in raw
            assert (here.stat("completed"), here.stat("errors")) == (1, 0)

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
            client = await here.connect()
            client.send(GET)
            await until(lambda: task.seen)
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
