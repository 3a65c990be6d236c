"""What every balancer promises, on real sockets: requests, answers and tunnels reach the other side as they are."""

from __future__ import annotations

import asyncio
import base64
import hashlib

import pytest

from tests.balancers import GET, Message, Upstream, play, says
from tests.kinds import fleet

pytestmark = pytest.mark.network

HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
MEGABYTES_30 = 30 * 1024 * 1024


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
            assert here.stat("bad") == 0

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
