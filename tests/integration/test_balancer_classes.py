"""Under pressure the least important class is refused first."""

from __future__ import annotations

import asyncio

import pytest

from tests.balancers import GET, play, wait_for_gate, world

pytestmark = pytest.mark.network

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
BOT = b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: a robot\r\n\r\n"
CLASSES = (
    {"name": "health", "path": "/healthz"},
    {"name": "other"},
    {"name": "crawler", "header": "User-Agent", "contains": "bot"},
)


def test_a_queue_of_lesser_requests_has_room_for_the_more_important() -> None:
    async def scenario() -> None:
        async with world(concurrency=1, queue=8, classes=CLASSES) as here:
            task = await here.task("t1", wait_for_gate)
            asked = await here.hold(5, BOT)  # one with the task, four in the queue: its half
            assert (await here.ask(BOT)).status == 503
            asked += await here.hold(2)
            assert (await here.ask()).status == 503  # six: three quarters
            asked += await here.hold(2, HEALTH)
            assert (await here.ask(HEALTH)).status == 503
            task.gate.set()
            assert [(await one).status for one in asked] == [200] * 9
            assert here.stat("classes") == {
                "health": {"offered": 3, "completed": 2, "shed": 1, "bad": 1},
                "other": {"offered": 3, "completed": 2, "shed": 1, "bad": 1},
                "crawler": {"offered": 6, "completed": 5, "shed": 1, "bad": 1},
            }
            assert here.counts("offered", "shed") == [12, 3]

    play(scenario())


def test_at_the_objective_the_least_important_is_refused_first() -> None:
    async def scenario() -> None:
        async with world(shed="objective", objective_ms=20_000, concurrency=1, classes=CLASSES) as here:
            task = await here.task("t1", wait_for_gate)
            here.balancer.capacity_hint(1.0)  # one a second: 16 in the objective with its margin; half of them 8
            asked = await here.hold(8, BOT)
            assert (await here.ask(BOT)).status == 503
            asked += await here.hold(4)
            assert [(await here.ask(raw)).status for raw in (BOT, GET)] == [503, 503]
            asked += await here.hold(4, HEALTH)
            assert (await here.ask(HEALTH)).status == 503
            task.gate.set()
            assert {(await one).status for one in asked} == {200}

    play(scenario())


def test_requests_wait_in_order_of_arrival_whatever_their_class() -> None:
    async def scenario() -> None:
        async with world(concurrency=1, classes=CLASSES) as here:
            task = await here.task("t1", wait_for_gate)
            asked = []
            for raw in (GET, BOT, GET, HEALTH):
                asked += await here.hold(1, raw)
            task.gate.set()
            await asyncio.gather(*asked)
            assert [seen.first.split()[1] for seen in task.seen] == ["/", "/", "/", "/healthz"]

    play(scenario())
