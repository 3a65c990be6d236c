"""Trailers, uploads that are answered early, bodies that drip."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

import pytest

from tests.balancers import GET, World, play, says, until, world

pytestmark = pytest.mark.network

UPLOAD = b"POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_trailers_of_a_request_are_dropped_and_the_next_request_is_its_own() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(UPLOAD + b"2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n" + GET)
            assert [(await client.receive()).status for _ in range(2)] == [200, 200]
            assert [(seen.body, seen.headers.get("x-sum")) for seen in task.seen] == [(b"hi", None), (b"", None)]

    play(scenario())


@pytest.mark.parametrize("endless", [b"0\r\nX-Sum: ", b"0\r\n", b"2;x="], ids=["trailer", "trailers", "extension"])
def test_what_is_no_data_in_a_chunked_body_must_end(endless: bytes) -> None:
    async def scenario() -> None:
        async with world(max_header=4096) as here:
            await here.task("t1")
            client = await here.connect()
            client.send(UPLOAD + b"2\r\nhi\r\n" + endless)
            more = b"X: y\r\n" * 100 if endless == b"0\r\n" else b"x" * 600
            sent = 0
            while not here.stat("refused"):
                client.send(more)
                sent += len(more)
                await asyncio.sleep(0)
                assert sent < 50_000_000
            assert (await client.receive()).status == 431
            assert here.stat("client_gone") == 1

    play(scenario())


def test_trailers_of_a_response_reach_a_client_that_knows_chunks() -> None:
    async def scenario() -> None:
        async with world() as here:
            chunks = b"3\r\none\r\n0\r\nX-Sum: 7\r\n\r\n"
            await here.task("t1", says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks))
            for version, body in ((b"1.1", chunks), (b"1.0", b"one")):
                client = await here.connect()
                client.send(b"GET / HTTP/" + version + b"\r\nHost: a\r\nConnection: close\r\n\r\n")
                assert (await client.rest()).partition(b"\r\n\r\n")[2] == body

    play(scenario())


def test_an_upload_that_is_answered_early_and_reset_gets_its_answer() -> None:
    """The task is a thread, so that its reset comes between any two steps of the balancer."""
    answer = b"HTTP/1.1 413 Too large\r\nContent-Length: 5\r\n\r\nlarge"
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)

        def refuse() -> None:
            with contextlib.suppress(OSError):
                while True:
                    accepted, _ = listener.accept()
                    accepted.recv(1000)
                    accepted.sendall(answer)
                    accepted.close()  # unread bytes are there: the kernel resets the connection

        async def upload(here: World) -> int:
            client = await here.connect()
            client.send(UPLOAD)

            async def press() -> None:
                while True:
                    client.send(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                    await asyncio.sleep(0)

            pressing = asyncio.create_task(press())
            try:
                return (await client.receive()).status
            finally:
                pressing.cancel()
                client.close()

        async def scenario() -> None:
            async with world() as here:
                here.balancer.add("t1", listener.getsockname()[1], "a", "r")
                here.balancer.ready("t1", 0)
                assert [await upload(here) for _ in range(60)] == [413] * 60
                assert here.counts("completed", "broken") == [60, 0]

        thread = threading.Thread(target=refuse)
        thread.start()
        try:
            play(scenario())
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_body_that_drips_keeps_nobody_else_waiting_and_ends_when_it_stops() -> None:
    async def scenario() -> None:
        async with world(idle_timeout_ms=1000) as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(UPLOAD)
            for _ in range(20):
                client.send(b"1\r\nx\r\n")
                assert (await here.ask()).status == 200
            assert (await client.receive()).status == 408
            await until(lambda: task.closed == task.opened or here.stat("client_gone") == 1)

    play(scenario())
