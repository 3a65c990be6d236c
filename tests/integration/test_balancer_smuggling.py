"""What two readers could read differently, and what is for one hop only, does not get through the balancer."""

from __future__ import annotations

import pytest

from tests.balancers import CHUNKED, GET, POST, play, wait_for_gate, world

pytestmark = pytest.mark.network


SMUGGLING = {
    "length-then-chunked": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked-then-length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two-lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "the-same-length-twice": POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a-list-of-lengths": POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "a-signed-length": POST + b"Content-Length: +5\r\n\r\nhello",
    "no-length-in-length": POST + b"Content-Length: \r\n\r\nhello",
    "an-overflowing-length": POST + b"Content-Length: 99999999999999999999999\r\n\r\nhello",
    "a-length-of-thousands-of-digits": POST + b"Content-Length: " + b"0" * 5000 + b"5\r\n\r\nhello",
    "space-before-colon": POST + b"Content-Length : 5\r\n\r\nhello",
    "a-folded-header": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "an-unknown-coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a-second-coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked-not-last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "two-codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a-hidden-coding": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks-in-http-1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare-lf-in-the-first-line": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    "bare-lf-after-a-header": b"GET / HTTP/1.1\r\nHost: a\n\r\n",
    "bare-lf-at-the-end": b"GET / HTTP/1.1\r\nHost: a\r\n\n",
    "a-lone-cr-in-a-value": b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n",
    "a-nul-in-a-value": b"GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n",
    "no-host": b"GET / HTTP/1.1\r\n\r\n",
    "two-hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a-target-with-a-space": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a-target-without-a-slash": b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "no-http-at-all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


BAD_CHUNKS = {
    "not-hexadecimal": b"g\r\nhello\r\n0\r\n\r\n",
    "a-prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "negative": b"-1\r\nhello\r\n0\r\n\r\n",
    "overflowing": b"ffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "bare-lf": b"5\nhello\r\n0\r\n\r\n",
    "longer-than-said": b"5\r\nhello0\r\n\r\n",
    "a-space": b"5 \r\nhello\r\n0\r\n\r\n",
    "bare-lf-in-an-extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "a-length-in-the-trailer": b"5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n",
}


@pytest.mark.parametrize("raw", SMUGGLING.values(), ids=SMUGGLING.keys())
def test_a_head_that_two_readers_could_read_differently_is_refused_and_nothing_after_it_is_read(raw: bytes) -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(raw + GET)
            answers = await client.rest()
            assert answers.startswith(b"HTTP/1.1 400 ")
            assert answers.count(b"HTTP/1.1 ") == 1
            assert task.seen == []
            assert (here.stat("refused"), here.stat("bad")) == (1, 0)

    play(scenario())


@pytest.mark.parametrize("body", BAD_CHUNKS.values(), ids=BAD_CHUNKS.keys())
def test_a_bad_chunk_is_refused_and_the_task_never_sees_a_whole_request(body: bytes) -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(CHUNKED + body + GET)
            answers = await client.rest()
            assert answers.startswith(b"HTTP/1.1 400 ")
            assert answers.count(b"HTTP/1.1 ") == 1
            assert task.seen == []
            assert [here.stat(name) for name in ("offered", "client_gone", "refused")] == [1, 1, 1]

    play(scenario())


def test_a_mistake_behind_a_good_request_is_answered_after_it() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", wait_for_gate)
            client = await here.asking(task, GET + b"GET / HTTP/1.1\nHost: a\r\n\r\n")
            task.gate.set()
            assert (await client.receive()).body == b"ok"
            assert (await client.receive()).status == 400
            assert await client.rest() == b""

    play(scenario())


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, id="connect"),
        pytest.param(b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, id="http-2"),
        pytest.param(b"GET /\r\n\r\n", 505, id="http-0.9"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="preface-of-http-2"),
    ],
)
def test_what_is_not_spoken_is_refused_by_its_own_status(raw: bytes, status: int) -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            assert (await here.ask(raw)).status == status
            assert task.seen == []

    play(scenario())


def test_hop_by_hop_headers_and_those_connection_names_do_not_reach_the_task() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            await here.ask(
                b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Secret, Host\r\nX-Secret: 1\r\n"
                b"TE: trailers\r\nKeep-Alive: 5\r\nProxy-Connection: close\r\nUpgrade: foo\r\nX-Kept: 2\r\n\r\n"
            )
            headers = task.seen[0].headers
            assert set(headers) == {"host", "x-kept", "x-forwarded-for", "x-forwarded-proto"}

    play(scenario())


def test_what_we_say_of_the_client_it_cannot_say_itself_in_another_spelling() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            await here.ask(
                b"GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 9.9.9.9\r\nx-forwarded_proto: https\r\n"
                b"X_Forwarded-For: 9.9.9.9\r\nX_Own: kept\r\n\r\n"
            )
            headers = task.seen[0].headers
            assert set(headers) == {"host", "x_own", "x-forwarded-for", "x-forwarded-proto"}
            assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "http")

    play(scenario())


def test_a_chain_of_proxies_is_continued() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            await here.ask(
                b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n\r\n"
            )
            assert task.seen[0].headers["x-forwarded-for"] == "203.0.113.7, 127.0.0.1"
            assert task.seen[0].headers["x-forwarded-proto"] == "https"

    play(scenario())


def test_a_body_sent_with_an_offer_of_http_2_is_a_body() -> None:
    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1")
            client = await here.connect()
            offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"
            client.send(POST + offer + b"Content-Length: 5\r\n\r\nhello" + GET)
            client.send(POST + offer + b"Transfer-Encoding: chunked\r\n\r\n5\r\nworld\r\n0\r\n\r\n" + GET)
            for _ in range(4):
                assert (await client.receive()).status == 200
            assert [seen.body for seen in task.seen] == [b"hello", b"", b"world", b""]
            assert "upgrade" not in task.seen[0].headers

    play(scenario())
