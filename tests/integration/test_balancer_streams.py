"""Connections that change their protocol, event streams, clients that leave or drip."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from tests.balancers import GET, Message, Upstream, play, read_head, says, until, wait_for_gate, world

pytestmark = pytest.mark.network


WEBSOCKET = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n"


SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


async def shout(_task: Upstream, _request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Switches protocols, then answers what it gets in capitals."""
    writer.write(SWITCHING + b"HI ")
    while data := await reader.read(65536):
        writer.write(data.upper())
    writer.write(b" BYE")
    writer.close()


def test_a_websocket_passes_in_both_directions_from_the_first_byte() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", shout)
            client = await here.connect()
            client.send(WEBSOCKET + b"early ")
            assert (await client.receive()).status == 101
            client.send(b"late")
            assert await client.reader.readexactly(13) == b"HI EARLY LATE"
            assert task.seen[0].headers["upgrade"] == "websocket"
            assert [here.stat(name) for name in ("tunnels", "in_flight", "completed", "open_over")] == [1, 0, 1, 0]
            client.writer.write_eof()
            assert await client.rest() == b" BYE"
            await until(lambda: here.stat("tunnels") == 0)

    play(scenario())


def test_a_websocket_outlives_every_timeout_and_ends_with_its_task() -> None:
    async def scenario() -> None:
        async with world(request_timeout_ms=100, idle_timeout_ms=100, header_timeout_ms=100) as here:
            await here.task("t1", shout)
            client, other = await here.connect(), await here.connect()
            client.send(WEBSOCKET)
            assert (await client.receive()).status == 101
            assert await client.reader.readexactly(3) == b"HI "
            assert await other.rest() == b""  # idle, and closed for it
            client.send(b"still")
            assert await client.reader.readexactly(5) == b"STILL"
            here.balancer.remove("t1")
            assert await client.rest() == b""
            assert here.stat("errors") == 0

    play(scenario())


def test_an_upgrade_the_task_declines_leaves_an_ordinary_connection() -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("t1")
            client = await here.connect()
            client.send(WEBSOCKET + GET + WEBSOCKET)
            for _ in range(3):
                assert (await client.receive()).status == 200
            client.send(GET)
            assert (await client.receive()).status == 200

    play(scenario())


def test_an_event_stream_counts_when_it_begins_and_is_no_late_request() -> None:
    async def events(
        task: Upstream, _request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"8\r\ndata: 1\n\r\n")
        await task.gate.wait()
        writer.write(b"0\r\n\r\n")

    async def scenario() -> None:
        async with world(objective_ms=50, request_timeout_ms=100) as here:
            task = await here.task("t1", events)
            client, idle = await here.connect(), await here.connect()
            client.send(GET)
            head = await read_head(client.reader)
            assert head.headers["content-type"] == "text/event-stream"
            idle.send(b"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n")
            await until(lambda: here.stat("tunnels") == 2)
            assert [here.stat(name) for name in ("completed", "in_flight", "oldest_ms")] == [2, 0, 0]
            task.gate.set()
            await until(lambda: here.stat("tunnels") == 0)
            assert here.stat("completed") == 2

    play(scenario())


def test_a_client_that_leaves_is_counted_and_its_task_is_told() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", wait_for_gate)
            client = await here.asking(task)
            client.close()
            await until(lambda: here.stat("client_gone") == 1)
            assert here.of_task("t1", "in_flight") == 0
            # The balancer closed its side; the task notices when it next reads or writes.
            task.gate.set()
            await until(lambda: task.closed == 1)
            assert [here.stat(name) for name in ("bad", "errors", "completed")] == [0, 0, 0]

    play(scenario())


def test_a_client_that_leaves_in_the_middle_of_its_upload_is_counted() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
            await until(lambda: here.stat("in_flight") == 1)
            client.close()
            await until(lambda: here.stat("client_gone") == 1)
            await until(lambda: task.closed == task.opened)
            assert task.seen == []

    play(scenario())


def test_an_answer_before_the_whole_body_came_reaches_the_client() -> None:
    async def scenario() -> None:
        async with world() as here:
            refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"
            await here.task("t1", says(refusal), reads_body=False)
            client = await here.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\npart")
            response = await client.receive()
            assert (response.status, response.headers["connection"]) == (401, "close")
            assert await client.rest() == b""

    play(scenario())


def test_heads_and_bodies_may_arrive_byte_by_byte_on_both_sides() -> None:
    async def drip(
        _task: Upstream, _request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        raw = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for number in itertools.chain(raw, b"3\r\none\r\n0\r\n\r\n"):
            writer.write(bytes([number]))
            await asyncio.sleep(0)

    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", drip)
            client = await here.connect()
            request = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
            for _ in range(2):
                for number in request:
                    client.send(bytes([number]))
                    await asyncio.sleep(0)
                assert (await client.receive()).status == 103
                assert (await client.receive()).body == b"one"
            assert [seen.body for seen in task.seen] == [b"two", b"two"]

    play(scenario())
