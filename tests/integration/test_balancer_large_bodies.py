"""Bodies that do not fit into memory: they arrive whole, and are held back when one side does not keep up."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from tests.balancers import GET, OK, Message, Upstream, play, until, wait_for_gate, world

pytestmark = pytest.mark.network


SIZE = 30_000_000


BLOCK = bytes(range(256)) * 256


def blocks(size: int) -> list[bytes]:
    whole, rest = divmod(size, len(BLOCK))
    return [BLOCK] * whole + [BLOCK[:rest]]


def digest_of(size: int) -> str:
    digest = hashlib.sha256()
    for block in blocks(size):
        digest.update(block)
    return digest.hexdigest()


@pytest.mark.parametrize("chunked", [False, True], ids=["with-a-length", "in-chunks"])
def test_an_upload_of_30_mb_arrives_whole(chunked: bool) -> None:
    async def digest(
        _task: Upstream, request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        text = hashlib.sha256(request.body).hexdigest().encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))

    async def scenario() -> None:
        async with world() as here:
            await here.task("t1", digest)
            client = await here.connect()
            framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SIZE
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n")
            for block in blocks(SIZE):
                client.send(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
                await client.writer.drain()
            if chunked:
                client.send(b"0\r\n\r\n")
            assert (await client.receive()).body.decode() == digest_of(SIZE)

    play(scenario())


@pytest.mark.parametrize("chunked", [False, True], ids=["with-a-length", "in-chunks"])
def test_a_download_of_30_mb_arrives_whole_and_the_connection_goes_on(chunked: bool) -> None:
    async def send_much(
        _task: Upstream, _request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SIZE
        writer.write(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        for block in blocks(SIZE):
            writer.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
            await writer.drain()
        if chunked:
            writer.write(b"0\r\n\r\n")

    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", send_much)
            client = await here.connect()
            for _ in range(2):
                client.send(GET)
                assert hashlib.sha256((await client.receive()).body).hexdigest() == digest_of(SIZE)
            assert task.opened == 1

    play(scenario())


def test_a_client_that_does_not_read_stops_the_task_and_costs_little_memory() -> None:
    produced = 0

    async def send_without_end(
        task: Upstream, _request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal produced
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not task.gate.is_set():
            writer.write(b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK))
            await writer.drain()
            produced += len(BLOCK)
        writer.write(b"0\r\n\r\n")

    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", send_without_end)
            client = await here.connect()
            client.send(GET)
            (front,) = await until(lambda: list(here.balancer._exchange.fronts))
            await until(lambda: front.write_paused, "the balancer to stop writing")
            back = front.current.back if front.current else None
            assert back is not None
            assert back.read_paused
            stood = await until(lambda: produced)
            for _ in range(50):
                await here.ask(b"GET / HTTP/1.0\r\nHost: a\r\nContent-Length: x\r\n\r\n")  # the loop turns
            assert front.transport.get_write_buffer_size() < 2_000_000
            assert produced - stood < 20_000_000  # what the kernel's buffers hold
            task.gate.set()
            response = await client.receive()  # it reads again: nothing was lost
            assert len(response.body) == produced

    play(scenario())


def test_a_task_that_does_not_read_stops_the_client_and_costs_little_memory() -> None:
    async def read_at_the_gate(
        task: Upstream, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await task.gate.wait()
        request.body = await reader.readexactly(SIZE)
        writer.write(OK)

    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", read_at_the_gate, reads_body=False)
            client = await here.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % SIZE)
            for block in blocks(SIZE):
                client.send(block)
            (front,) = await until(lambda: list(here.balancer._exchange.fronts))
            request = await until(lambda: front.current)
            back = await until(lambda: request.back)
            await until(lambda: back.write_paused and front.read_paused, "the balancer to stop reading")
            assert back.transport.get_write_buffer_size() < 2_000_000
            assert client.writer.transport.get_write_buffer_size() > SIZE // 3
            task.gate.set()
            assert (await client.receive()).status == 200
            assert len(task.seen[0].body) == SIZE

    play(scenario())


def test_a_waiting_upload_holds_only_its_beginning_in_memory() -> None:
    async def scenario() -> None:
        async with world(concurrency=1) as here:
            task = await here.task("t1", wait_for_gate)
            first, client = await here.connect(), await here.connect()
            first.send(GET)
            await until(lambda: task.seen)
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % SIZE)
            for block in blocks(SIZE):
                client.send(block)
            await until(lambda: any(front.read_paused for front in here.balancer._exchange.fronts))
            assert max(front.held for front in here.balancer._exchange.fronts) < 1_000_000
            task.gate.set()
            assert (await client.receive()).status == 200
            assert len(task.seen[1].body) == SIZE

    play(scenario())


def test_a_client_that_takes_nothing_for_the_idle_time_is_dropped() -> None:
    async def send_without_end(
        _task: Upstream, _request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK))
            await writer.drain()

    async def scenario() -> None:
        async with world(idle_timeout_ms=200) as here:
            task = await here.task("t1", send_without_end)
            client = await here.connect()
            client.send(GET)
            await until(lambda: here.stat("client_gone") == 1)
            await until(lambda: task.closed == 1)

    play(scenario())
