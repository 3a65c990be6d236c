"""The ways an answer may be framed and a connection end, of HTTP/1.1 and 1.0."""

from __future__ import annotations

import asyncio

import pytest

from tests.balancers import GET, OK, Message, Upstream, play, says, world

pytestmark = pytest.mark.network


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
