"""What every balancer promises, on real sockets: the queue, its limits, and what is refused."""

from __future__ import annotations

import asyncio

import pytest

from tests.balancers import GET, play, until, wait_for_gate
from tests.kinds import balancer_of, fleet
from tests.support import PATIENCE

pytestmark = pytest.mark.network


def test_beyond_the_concurrency_limit_requests_wait_and_beyond_the_queue_they_get_503(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, concurrency=2, queue=3, retry_after=7) as here:
            task = await here.task("t1", wait_for_gate)
            asked = [asyncio.create_task(here.ask()) for _ in range(5)]
            await here.counted(in_flight=2, queue=3)
            refused = await here.ask()
            assert (refused.status, refused.headers["retry-after"]) == (503, "7")
            assert len(task.seen) == 2
            task.gate.set()
            assert [(await one).status for one in asked] == [200] * 5
            await here.counted(shed=1, bad=1, completed=5, errors=0)

    play(scenario())


def test_without_a_ready_task_the_queue_has_its_limit_too(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, queue=2) as here:
            asked = [asyncio.create_task(here.ask()) for _ in range(2)]
            await here.counted(queue=2)
            assert (await here.ask()).status == 503
            await here.task("t1")
            assert [(await one).status for one in asked] == [200] * 2
            await here.counted(shed=1)

    play(scenario())


@pytest.mark.parametrize("serving", [True, False], ids=["all-full", "none-ready"])
def test_who_waits_too_long_gets_503_and_counts_as_timed_out(kind: str, serving: bool) -> None:
    async def scenario() -> None:
        async with fleet(kind, concurrency=1, queue_timeout_ms=200, retry_after=7) as here:
            task = await here.task("t1", wait_for_gate, ready=serving)
            first = await here.hold(int(serving))
            await until(lambda: len(task.seen) == int(serving))
            late = await here.ask()
            assert (late.status, late.headers["retry-after"]) == (503, "7")
            task.gate.set()
            await asyncio.gather(*first)
            await here.counted(timed_out=1, bad=1, shed=0, errors=0)

    play(scenario())


def test_a_task_that_is_silent_too_long_costs_504_and_counts_as_timed_out(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, request_timeout_ms=200) as here:
            task = await here.task("t1", wait_for_gate)
            assert (await here.ask()).status == 504
            assert len(task.seen) == 1
            await here.counted(timed_out=1, bad=1, broken=0)

    play(scenario())


def test_a_standing_queue_and_a_surge_wake_the_loop(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, concurrency=1) as here:
            task = await here.task("t1", wait_for_gate)
            asked = [asyncio.create_task(here.ask()) for _ in range(3)]
            await until(lambda: "queue" in here.pressure)
            assert "arrivals" not in here.pressure  # nothing is known of what a task carries
            task.gate.set()
            await asyncio.gather(*asked)
            balancer_of(here).capacity_hint(1.0)
            client = await here.connect()

            async def ask_on() -> None:
                while "arrivals" not in here.pressure:
                    client.send(GET)
                    await client.receive()

            await asyncio.wait_for(ask_on(), PATIENCE)

    play(scenario())


# What is refused.


def test_a_head_that_does_not_come_is_answered_408(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, header_timeout_ms=200) as here:
            client = await here.connect()
            client.send(b"GET / HTTP/1.1\r\nHo")
            assert (await client.receive()).status == 408
            assert here.stat("offered") == 0

    play(scenario())


@pytest.mark.parametrize(
    ("settings", "raw", "statuses"),
    [
        pytest.param(
            {"max_header": 20_000},
            b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
            (400, 431),
            id="large-head",
        ),
        pytest.param(
            {"max_header": 2000},
            b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 4000 + b"\r\n\r\n",
            (431,),
            id="less-large-head",
        ),
        pytest.param(
            {"max_body": 10},
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
            (413,),
            id="large-body",
        ),
        pytest.param({}, b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", (405,), id="connect"),
        pytest.param({}, b"GET / HTTP/1.1\r\n\r\n", (400,), id="no-host"),
        pytest.param({}, b"nonsense\r\n\r\n", (400,), id="no-http"),
    ],
)
def test_what_is_not_for_a_task_is_refused_and_is_no_demand(
    kind: str, settings: dict[str, int], raw: bytes, statuses: tuple[int, ...]
) -> None:
    async def scenario() -> None:
        async with fleet(kind, checked=False, **settings) as here:
            task = await here.task("t1")
            client = await here.connect()
            client.send(raw)
            assert (await client.receive()).status in statuses
            await until(lambda: here.stat("refused") == 1)
            assert task.seen == []
            assert here.counts("offered", "bad", "errors") == [0, 0, 0]

    play(scenario())


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            % (5 + len(SMUGGLED))
            + SMUGGLED,
            id="te-and-cl",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
            id="two-cl",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\nContent-Length: 4\r\n\r\n" + SMUGGLED,
            id="unknown-te",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
            b"0\r\n\r\n" + SMUGGLED,
            id="two-te",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + SMUGGLED,
            id="bad-chunk",
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 34\r\n\r\n" + SMUGGLED, id="space-before-colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +34\r\n\r\n" + SMUGGLED, id="signed-cl"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\rContent-Length: 34\r\n\r\n" + SMUGGLED, id="bare-cr"),
    ],
)
def test_a_smuggled_request_never_reaches_a_task(kind: str, raw: bytes) -> None:
    """Refused, or made one plain request after which the connection ends."""

    async def scenario() -> None:
        async with fleet(kind, checked=False) as here:
            task = await here.task("t1")
            await here.last_words(raw)
            await here.ask(b"GET /fence HTTP/1.1\r\nHost: a\r\n\r\n")
            assert task.seen[-1].first == "GET /fence HTTP/1.1"
            assert [one.first for one in task.seen if "smuggled" in one.first] == []
            for one in task.seen:
                assert not {"content-length", "transfer-encoding"} <= set(one.headers)

    play(scenario())


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", id="a version that is none"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0", id="the beginning of HTTP/2"),
        pytest.param(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunks in HTTP/1.0"),
    ],
)
def test_only_http_1_is_spoken_and_by_its_rules(kind: str, raw: bytes) -> None:
    async def scenario() -> None:
        async with fleet(kind, checked=False) as here:
            task = await here.task("t1")
            assert (await here.last_words(raw)).split()[1] in (b"400", b"505")
            assert task.seen == []

    play(scenario())
