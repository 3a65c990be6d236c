"""What the balancer cuts short: too much, too slow, nonsense from either side."""

from __future__ import annotations

import asyncio
import contextlib
import random

import pytest

from tests.balancers import CHUNKED, GET, OK, POST, Message, Upstream, play, says, until, wait_for_gate, world

pytestmark = pytest.mark.network


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 3000 + b"\r\n\r\n", id="one-header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(500)) + b"\r\n", id="many"),
        pytest.param(b"GET /" + b"x" * 3000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", id="a-long-target"),
    ],
)
def test_a_head_over_the_limit_gets_431(raw: bytes) -> None:
    async def scenario() -> None:
        async with world(max_header=2000) as here:
            task = await here.task("t1")
            assert (await here.ask(raw)).status == 431
            assert task.seen == []
            assert (await here.ask(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 1000 + b"\r\n\r\n")).status == 200

    play(scenario())


@pytest.mark.parametrize("pieces", [1500, 4000], ids=["in-small-pieces", "in-one"])
def test_a_header_that_never_ends_is_cut_off_at_the_limit(pieces: int) -> None:
    async def scenario() -> None:
        async with world(max_header=2000) as here:
            client = await here.connect()
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
            await until(lambda: here.stat("connections"))
            client.send(b"x" * pieces)
            await asyncio.sleep(0)
            client.send(b"x" * pieces)
            assert (await client.receive()).status == 431

    play(scenario())


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(POST + b"Content-Length: 1001\r\n\r\n", id="by-its-length"),
        pytest.param(CHUNKED + b"3e8\r\n" + b"x" * 1000 + b"\r\n1\r\nx\r\n0\r\n\r\n", id="by-its-chunks"),
    ],
)
def test_a_body_over_the_limit_gets_413(raw: bytes) -> None:
    async def scenario() -> None:
        async with world(max_body=1000) as here:
            task = await here.task("t1")
            assert (await here.ask(raw)).status == 413
            assert task.seen == []
            assert (await here.ask(POST + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000)).status == 200
            assert (await here.ask(CHUNKED + b"3e8\r\n" + b"x" * 1000 + b"\r\n0\r\n\r\n")).status == 200

    play(scenario())


def test_a_head_that_does_not_come_in_time_gets_408_even_when_it_drips() -> None:
    async def scenario() -> None:
        async with world(header_timeout_ms=150) as here:
            client = await here.connect()
            client.send(b"GET / HTTP/1.1\r\n")
            answer = asyncio.create_task(client.receive())
            dripped = 0
            while not answer.done():
                client.send(b"X-%d: y\r\n" % dripped)
                dripped += 1
                await asyncio.wait([answer], timeout=0.02)
            assert (await answer).status == 408
            assert dripped > 1

    play(scenario())


def test_an_idle_connection_is_closed_in_silence() -> None:
    async def scenario() -> None:
        async with world(idle_timeout_ms=100) as here:
            await here.task("t1")
            fresh, used = await here.connect(), await here.connect()
            used.send(GET)
            assert (await used.receive()).status == 200
            assert await fresh.rest() == b""
            assert await used.rest() == b""
            assert here.stat("refused") == 0

    play(scenario())


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        pytest.param(b"", b"\r\n", id="blank-lines"),
        pytest.param(b"GET", b" ", id="spaces-before-the-target"),
        pytest.param(GET, b"\r\n", id="blank-lines-after-a-request"),
    ],
)
def test_bytes_that_are_part_of_no_request_do_not_keep_a_connection_open(first: bytes, piece: bytes) -> None:
    async def scenario() -> None:
        async with world(idle_timeout_ms=150) as here:
            await here.task("t1")
            client = await here.connect()
            client.send(first)
            rest = asyncio.create_task(client.rest())
            dripped = 0
            while not rest.done():
                client.send(piece)
                dripped += 1
                await asyncio.wait([rest], timeout=0.02)
            assert (await rest).count(b"HTTP/1.1 ") == here.stat("completed") == int(first == GET)
            assert dripped > 1

    play(scenario())


def test_a_body_that_stops_coming_gets_408_and_counts_as_client_gone() -> None:
    async def scenario() -> None:
        async with world(idle_timeout_ms=100) as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(POST + b"Content-Length: 10\r\n\r\nhello")
            assert (await client.receive()).status == 408
            await until(lambda: task.closed == task.opened)
            assert [here.stat(name) for name in ("client_gone", "timed_out", "bad")] == [1, 0, 0]

    play(scenario())


def test_a_task_that_is_silent_too_long_gets_its_client_a_504() -> None:
    async def scenario() -> None:
        async with world(request_timeout_ms=100) as here:
            task = await here.task("t1", wait_for_gate)
            response = await here.ask()
            assert response.status == 504
            task.gate.set()
            await until(lambda: task.closed == task.opened)
            assert [here.stat(name) for name in ("timed_out", "bad", "errors")] == [1, 1, 0]
            assert here.of_task("t1", "errors") == 1
            assert sum(here.stat("latency").values()) == 1

    play(scenario())


def test_a_task_that_falls_silent_in_mid_response_gets_its_client_cut_off() -> None:
    async def scenario() -> None:
        async with world(request_timeout_ms=100) as here:
            await here.task("t1", says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"))
            client = await here.connect()
            client.send(GET)
            assert (await client.rest()).endswith(b"half")
            assert here.stat("timed_out") == 1

    play(scenario())


def test_a_task_that_keeps_talking_may_take_longer_than_the_request_timeout() -> None:
    async def scenario() -> None:
        async def slowly(
            _task: Upstream, _request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n")
            for _ in range(60):
                writer.write(b".")
                await asyncio.sleep(0.02)  # sleep: the behaviour of this task

        async with world(request_timeout_ms=1000) as here:
            await here.task("t1", slowly)
            assert (await here.ask()).body == b"." * 60

    play(scenario())


NONSENSE = {
    "no-http": b"hello\r\n\r\n",
    "two-answers": OK + OK,
    "more-than-it-said": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!",
    "length-and-chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a-status-that-does-not-exist": b"HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n",
    "an-upgrade-nobody-asked-for": b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
}


@pytest.mark.parametrize("raw", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_from_a_task_becomes_502_and_is_not_asked_for_twice(raw: bytes) -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", says(raw))
            other = await here.connect()
            other.send(GET)
            assert (await other.receive()).status == 502
            assert len(task.seen) == 1
            assert [here.stat(name) for name in ("broken", "errors", "bad", "completed")] == [1, 1, 1, 0]
            task.answer = says(OK)
            other.send(GET)
            assert (await other.receive()).status == 200

    play(scenario())


def test_whatever_bytes_come_the_balancer_serves_on_and_every_request_has_one_end() -> None:
    good = [
        GET * 3,
        POST + b"Content-Length: 5\r\n\r\nhello" + GET,
        CHUNKED + b"5\r\nhello\r\n0\r\n\r\n" + GET,
        b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + GET,
        b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\nHost: a\r\n\r\n",
    ]

    async def scenario() -> None:
        source = random.Random(7)
        async with world() as here:
            await here.task("t1")
            await here.task("t2", hesitate)
            for number in range(300):
                raw = bytearray(source.choice(good))
                for _ in range(source.randrange(4)):
                    raw[source.randrange(len(raw))] = source.choice(b"\r\n\0 :,0aG\xff")
                cut = source.randrange(len(raw))
                client = await here.connect()
                client.send(bytes(raw[:cut]))
                await asyncio.sleep(0)
                client.send(bytes(raw[cut:]))
                with contextlib.suppress(OSError):
                    client.writer.write_eof()
                if number % 3:
                    await client.rest()
                client.close()
            assert (await here.ask()).status == 200
            await until(lambda: not here.stat("in_flight") and here.stat("offered") == here.ends())
            assert here.stat("refused") > 50

    play(scenario())


async def hesitate(
    _task: Upstream, _request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Gives way a few times before it answers, so that clients leave in every state."""
    for _ in range(5):
        await asyncio.sleep(0)
    writer.write(OK)
