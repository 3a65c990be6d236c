"""Clients that drip are cut; whoever waits for the task, or has a stream, is not."""

from __future__ import annotations

import asyncio

import pytest

from tests.balancers import OK, Answer, Client, Message, Upstream, World, play, read_head, until, world

pytestmark = pytest.mark.network

UPLOAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
BLOCK = b"x" * 65_536
STRETCHES = 5  # a client that is not cut must live for so many


async def drip(client: Client, piece: bytes, answer: asyncio.Task[Message]) -> int:
    """Send a piece every few ms until the answer is there: how many were sent."""
    sent = 0
    while not answer.done():
        client.send(piece)
        sent += 1
        await asyncio.wait([answer], timeout=0.02)
    return sent


@pytest.mark.parametrize(
    "framing", [b"Transfer-Encoding: chunked", b"Content-Length: 1000000"], ids=["chunks", "length"]
)
def test_a_body_that_drips_gets_408_and_is_the_clients_fault(framing: bytes) -> None:
    async def scenario() -> None:
        async with world(min_rate=10_000, body_pace_ms=200) as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n")
            answer = asyncio.create_task(client.receive())
            piece = b"1\r\nx\r\n" if framing.startswith(b"T") else b"x"
            assert await drip(client, piece, answer) > 1
            assert (await answer).status == 408
            await until(lambda: task.closed == task.opened)
            assert here.counts("client_gone", "timed_out", "bad") == [1, 0, 0]
            assert here.of_task("t1", "errors") == 0

    play(scenario())


def test_many_small_chunks_that_make_the_rate_are_not_cut() -> None:
    async def scenario() -> None:
        async with world(min_rate=100, body_pace_ms=100) as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(UPLOAD)
            for _ in range(100):
                client.send(b"64\r\n" + b"x" * 100 + b"\r\n")
                await asyncio.sleep(0.01)  # sleep: the body must last for several stretches
            client.send(b"0\r\n\r\n")
            assert (await client.receive()).status == 200
            assert len(task.seen[0].body) == 10_000

    play(scenario())


def test_without_a_least_rate_only_silence_is_limited() -> None:
    async def scenario() -> None:
        async with world(min_rate=0, body_pace_ms=20) as here:
            await here.task("t1")
            client = await here.connect()
            client.send(UPLOAD)
            for _ in range(10):
                client.send(b"1\r\nx\r\n")
                await asyncio.sleep(0.02)  # sleep: the body must last for several stretches
            client.send(b"0\r\n\r\n")
            assert (await client.receive()).status == 200

    play(scenario())


async def _live(here: World, stretch_ms: int) -> None:
    """Let the sweep look often enough to have cut whom it would."""
    until_then = asyncio.get_running_loop().time() + STRETCHES * stretch_ms / 1000
    await until(lambda: asyncio.get_running_loop().time() > until_then)
    assert here.stat("client_gone") == 0


def test_a_body_that_the_task_does_not_read_is_not_the_clients_fault() -> None:
    async def read_at_the_gate(
        task: Upstream, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await task.gate.wait()
        writer.close()

    async def scenario() -> None:
        async with world(min_rate=10**9, body_pace_ms=100) as here:
            task = await here.task("t1", read_at_the_gate, reads_body=False)
            client = await here.connect()
            client.send(UPLOAD)
            (front,) = await until(lambda: list(here.balancer._exchange.fronts))
            pressing = asyncio.create_task(_press(client))
            await until(lambda: front.read_paused, "the balancer to stop reading")
            await _live(here, 100)
            pressing.cancel()
            await asyncio.wait([pressing])
            client.close()
            task.gate.set()
            await until(lambda: here.ends() == 1)

    play(scenario())


async def _press(client: Client) -> None:
    while True:
        client.send(b"10000\r\n" + BLOCK + b"\r\n")
        await client.writer.drain()


def test_a_client_that_waits_for_100_continue_is_not_slow() -> None:
    async def permit_late(
        task: Upstream, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await task.gate.wait()
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await reader.readexactly(5)
        writer.write(OK)

    async def scenario() -> None:
        async with world(min_rate=500, body_pace_ms=50) as here:
            task = await here.task("t1", permit_late, reads_body=False)
            client = await here.asking(
                task, b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
            )
            await _live(here, 50)
            task.gate.set()
            assert (await client.receive()).status == 100
            client.send(b"hello")
            assert (await client.receive()).status == 200

    play(scenario())


def endless(head: bytes) -> Answer:
    async def send(task: Upstream, _m: Message, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing() and not task.gate.is_set():
            writer.write(b"10000\r\n" + BLOCK + b"\r\n")
            await writer.drain()

    return send


OK_HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("reads", [0, 1000], ids=["nothing", "a-little"])
def test_a_client_that_hardly_reads_its_answer_is_cut(reads: int) -> None:
    async def scenario() -> None:
        async with world(min_rate=100_000_000, idle_timeout_ms=300) as here:
            task = await here.task("t1", endless(OK_HEAD))
            client = await here.connect()
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            while not here.stat("client_gone"):
                await client.reader.read(reads)
                await asyncio.sleep(0.005)  # sleep: a slow reader
            await until(lambda: task.closed == task.opened)
            assert here.counts("timed_out", "broken", "bad") == [0, 0, 0]

    play(scenario())


def test_a_slow_reader_that_makes_the_rate_is_not_cut_and_an_event_stream_never() -> None:
    async def scenario(head: bytes, rate: int) -> None:
        async with world(min_rate=rate, idle_timeout_ms=300, request_timeout_ms=300) as here:
            task = await here.task("t1", endless(head))
            client = await here.connect()
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await read_head(client.reader)
            (front,) = list(here.balancer._exchange.fronts)
            await until(lambda: front.write_paused, "the answer to wait for its reader")
            ends = asyncio.get_running_loop().time() + STRETCHES * 0.3
            while asyncio.get_running_loop().time() < ends:
                await client.reader.readexactly(100_000)
                await asyncio.sleep(0.005)  # sleep: a slow reader
            assert not front.transport.is_closing()
            assert here.counts("client_gone", "timed_out") == [0, 0]
            task.gate.set()
            task.kill()

    play(scenario(OK_HEAD, 1000))
    play(scenario(OK_HEAD + b"Content-Type: text/event-stream\r\n", 10**12))
