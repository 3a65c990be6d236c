"""The queue before the tasks, shedding, and the pressure that wakes the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.balancers import GET, OK, play, says, until, wait_for_gate, world

pytestmark = pytest.mark.network

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


def test_beyond_the_concurrency_of_the_tasks_requests_wait_in_order() -> None:
    async def scenario() -> None:
        async with world(concurrency=2) as here:
            task = await here.task("t1", wait_for_gate)
            await here.hold(2)
            asked = []
            for number in range(5):
                asked += await here.hold(1, b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
            assert here.counts("in_flight", "queue") == [2, 5]
            await until(lambda: here.stat("queue_ms") > 0)
            task.gate.set()
            await asyncio.gather(*asked)
            assert [seen.first.split()[1] for seen in task.seen] == ["/", "/", "/0", "/1", "/2", "/3", "/4"]
            assert here.counts("queue", "queue_ms") == [0, 0]

    play(scenario())


def of_client(name: str) -> bytes:
    """A request that came through a proxy near by."""
    return b"GET /%b HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: %b\r\n\r\n" % (name.encode(), name.encode())


def test_a_client_with_many_requests_does_not_keep_others_waiting() -> None:
    async def scenario() -> None:
        async with world(concurrency=1, queue=8) as here:
            task = await here.task("t1", wait_for_gate)
            asked = await here.hold(1)
            many = await here.hold(8, of_client("many"))
            few = await here.hold(1, of_client("few"))  # the queue is full: in place of the newest of the many
            few += await here.hold(1, of_client("other"))
            await until(lambda: here.stat("shed") == 2)
            assert (await here.ask(of_client("many"))).status == 503
            task.gate.set()
            assert {(await one).status for one in asked + few} == {200}
            assert sorted([(await one).status for one in many]) == [200] * 6 + [503] * 2
            order = [seen.first.split()[1] for seen in task.seen]
            assert order == ["/", "/many", "/few", "/other", *["/many"] * 5]

    play(scenario())


def test_a_full_queue_answers_503_with_retry_after_and_the_connection_goes_on() -> None:
    async def scenario() -> None:
        async with world(queue=2, retry_after=7) as here:
            asked = await here.hold(2)
            client = await here.connect()
            for raw in (GET, POST, GET):
                client.send(raw)
                response = await client.receive()
                assert (response.status, response.headers["retry-after"]) == (503, "7")
            assert here.counts("shed", "bad", "queue") == [3, 3, 2]
            assert here.stat("latency") == {}  # refused at once, and yet not fast
            await here.task("t1")
            client.send(GET)
            assert (await client.receive()).status == 200
            await asyncio.gather(*asked)

    play(scenario())


def test_an_upload_that_is_shed_is_answered_and_not_read_to_its_end() -> None:
    async def scenario() -> None:
        async with world(queue=0) as here:
            client = await here.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\nbegin")
            response = await client.receive()
            assert (response.status, response.headers["connection"]) == (503, "close")
            assert await client.rest() == b""

    play(scenario())


def test_a_request_that_waits_too_long_gets_503_and_counts_as_timed_out() -> None:
    async def scenario() -> None:
        async with world(queue_timeout_ms=100) as here:
            response = await here.ask()
            assert (response.status, response.headers["retry-after"]) == (503, "1")
            assert here.counts("timed_out", "shed", "bad", "queue") == [1, 0, 1, 0]
            assert sum(here.stat("latency").values()) == 1

    play(scenario())


def test_a_waiting_client_that_leaves_frees_its_place_in_the_queue() -> None:
    async def scenario() -> None:
        async with world(queue=1) as here:
            client = await here.connect()
            client.send(GET)
            await until(lambda: here.stat("queue") == 1)
            client.close()
            await until(lambda: here.stat("queue") == 0)
            (asked,) = await here.hold(1)
            await here.task("t1")
            assert (await asked).status == 200
            assert here.stat("client_gone") == 1

    play(scenario())


def test_shedding_at_the_objective_refuses_at_once_what_would_wait_longer() -> None:
    async def scenario() -> None:
        async with world(shed="objective", objective_ms=10_000, concurrency=1) as here:
            task = await here.task("t1", wait_for_gate)
            here.balancer.capacity_hint(1.0)  # one a second: ten seconds hold no more than eight, with the margin
            asked = await here.hold(8)
            for _ in range(3):
                assert (await here.ask()).status == 503
            assert here.counts("shed", "in_flight", "queue") == [3, 1, 7]
            task.gate.set()
            assert [(await one).status for one in asked] == [200] * 8

    play(scenario())


def test_without_shedding_all_of_them_wait() -> None:
    async def scenario() -> None:
        async with world(objective_ms=10_000, concurrency=1) as here:
            task = await here.task("t1", wait_for_gate)
            here.balancer.capacity_hint(1.0)
            asked = await here.hold(20)
            assert here.counts("shed", "queue") == [0, 19]
            task.gate.set()
            assert [(await one).status for one in asked] == [200] * 20

    play(scenario())


# Pressure.


@pytest.mark.parametrize(
    ("concurrency", "hint", "requests"),
    [
        pytest.param(1, None, 3, id="a-queue-that-stands"),
        pytest.param(None, 4.0, 3, id="half-a-second-of-work-in-hand"),
    ],
)
def test_pressure_of_the_queue_is_told(concurrency: int | None, hint: float | None, requests: int) -> None:
    async def scenario() -> None:
        async with world(concurrency=concurrency) as here:
            task = await here.task("t1", wait_for_gate)
            here.balancer.capacity_hint(hint)
            asked = await here.hold(requests)
            await until(lambda: here.pressure.count("queue") >= 2)
            task.gate.set()
            await asyncio.gather(*asked)

    play(scenario())


def test_pressure_of_arrivals_is_told_when_they_exceed_what_the_tasks_carry() -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("t1")
            here.balancer.capacity_hint(10.0)
            client = await here.connect()

            async def press(enough: Callable[[], bool]) -> None:
                while not enough():
                    client.send(GET * 20)
                    for _ in range(20):
                        await client.receive()

            await asyncio.wait_for(press(lambda: "arrivals" in here.pressure), 60)

    play(scenario())


def test_a_task_of_unknown_capacity_gives_no_pressure_without_a_queue() -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("t1", says(OK))
            for _ in range(50):
                await here.ask()
            turns = here.balancer._exchange.rates
            start = turns._start
            await until(lambda: turns._start > start + 300)  # six ticks
            assert here.pressure == []

    play(scenario())
