"""Tasks that come, warm up, drain, die and lie."""

from __future__ import annotations

import asyncio
import resource

import pytest

from tests.balancers import GET, OK, Message, Upstream, play, say_ok, until, wait_for_gate, world
from tests.support import free_port

pytestmark = pytest.mark.network

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


# Readiness.


def test_failing_open_never_sends_to_a_task_that_was_never_ready_or_drains() -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("ready")
            starting, draining = await here.task("starting", ready=False), await here.task("draining")
            assert await here.balancer.drain("draining", 10) == 0
            here.balancer.unready("ready")
            for _ in range(5):
                assert (await here.ask()).status == 200
            assert starting.seen == draining.seen == []

    play(scenario())


# Warming.


def test_a_task_that_joins_others_warms_until_it_is_as_fast_as_they_are() -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("old")
            assert not here.balancer.warming("old")
            for _ in range(10):
                await here.ask()
            new = await here.task("new", ready=False)
            here.balancer.ready("new", 3_600_000)
            assert here.balancer.warming("new")
            # A large service time of the old one makes any new one look quick.
            here.balancer._fleet.tasks["old"].service_ns = 10**12

            async def warm() -> None:
                while here.balancer.warming("new"):
                    await here.ask()

            await asyncio.wait_for(warm(), 60)
            assert len(new.seen) >= 5
            assert here.stat("served_warming") >= 5

    play(scenario())


def test_a_warming_task_gets_a_smaller_share_of_the_ties() -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("old")
            new = await here.task("new", ready=False)
            here.balancer.ready("new", 3_600_000)
            for _ in range(40):
                await here.ask()
            assert 1 <= len(new.seen) <= 10

    play(scenario())


# Draining and dying.


def test_who_asked_with_a_body_gets_502_when_its_task_is_removed() -> None:
    async def scenario() -> None:
        async with world() as here:
            dying = await here.task("dying", wait_for_gate)
            (asked,) = await here.held_by(dying, 1, POST)
            other = await here.task("other")
            here.balancer.remove("dying")
            assert (await asked).status == 502
            assert other.seen == []
            assert here.counts("replayed", "broken", "errors", "bad") == [0, 1, 1, 1]

    play(scenario())


def test_a_killed_task_costs_no_request_that_may_be_sent_again() -> None:
    async def scenario() -> None:
        async with world() as here:
            dying = await here.task("dying", wait_for_gate)
            asked = await here.held_by(dying, 10)
            await here.task("other")
            dying.kill()  # nobody told the balancer
            assert [(await one).status for one in asked] == [200] * 10
            for _ in range(10):
                assert (await here.ask()).status == 200

    play(scenario())


def test_requests_whose_only_task_died_wait_for_the_next() -> None:
    async def scenario() -> None:
        async with world() as here:
            dying = await here.task("dying", wait_for_gate)
            asked = await here.held_by(dying, 3)
            here.balancer.remove("dying")
            await until(lambda: here.stat("queue") == 3)
            await here.task("next")
            assert [(await one).status for one in asked] == [200] * 3

    play(scenario())


def test_a_response_that_breaks_off_resets_the_client_and_is_never_repeated() -> None:
    async def half(
        _task: Upstream, _request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await writer.drain()
        writer.transport.abort()

    async def scenario() -> None:
        async with world() as here:
            task = await here.task("t1", half)
            client = await here.connect()
            client.send(GET)
            raw = await client.rest()
            assert b"502" not in raw
            assert len(task.seen) == 1
            assert here.counts("broken", "completed", "replayed") == [1, 0, 0]

    play(scenario())


@pytest.mark.parametrize("raw", [GET, POST], ids=["get", "post"])
def test_a_task_that_refuses_connections_costs_no_request_at_all(raw: bytes) -> None:
    async def scenario() -> None:
        async with world() as here:
            here.balancer.add("nobody", free_port(), "a", "r1")
            here.balancer.ready("nobody", 0)
            task = await here.task("t1")
            for _ in range(10):
                assert (await here.ask(raw)).status == 200
            assert len(task.seen) == 10
            assert here.stat("replayed") <= 2  # it is left alone for a second after each refusal

    play(scenario())


async def drop(_t: Upstream, _m: Message, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize("tasks", [1, 2, 3, 4])
def test_a_request_is_sent_three_times_at_most(tasks: int) -> None:
    async def scenario() -> None:
        async with world() as here:
            made = [await here.task(f"t{number}", drop) for number in range(tasks)]
            assert (await here.ask()).status == 502
            assert sorted(len(task.seen) for task in made) == sorted([[3], [1, 2], [1, 1, 1], [0, 1, 1, 1]][tasks - 1])
            assert here.counts("replayed", "broken") == [2, 1]
            assert (await here.ask(POST)).status == 502
            assert sum(len(task.seen) for task in made) == 4

    play(scenario())


def test_two_tasks_that_break_all_they_get_cost_nothing_that_may_be_sent_again_while_a_third_is_well() -> None:
    async def scenario() -> None:
        async with world() as here:
            for name in ("t1", "t2"):
                await here.task(name, drop)
            await here.task("well")
            assert [(await here.ask()).status for _ in range(5)] == [200] * 5
            assert here.counts("broken", "bad") == [0, 0]

    play(scenario())


@pytest.mark.parametrize("raw", [GET, POST], ids=["get", "post"])
def test_what_comes_when_all_tasks_have_just_died_waits_until_the_supervisor_knows_and_another_serves(
    raw: bytes,
) -> None:
    async def scenario() -> None:
        async with world() as here:
            for name in ("t1", "t2"):
                (await here.task(name)).kill()
            (asked,) = await here.hold(1, raw)
            await until(lambda: here.stat("replayed") == 2)
            here.balancer.remove("t1")
            here.balancer.remove("t2")
            await until(lambda: here.stat("queue") == 1)
            await here.task("next")
            assert (await asked).status == 200
            assert here.counts("replayed", "broken", "bad") == [2, 0, 0]

    play(scenario())


def test_two_tasks_that_break_connections_at_rest_leave_time_for_another_to_serve() -> None:
    dying = False

    async def serve(task: Upstream, seen: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (drop if dying else say_ok)(task, seen, reader, writer)

    async def scenario() -> None:
        nonlocal dying
        async with world() as here:
            for name in ("t1", "t2"):
                await here.task(name, serve)
            assert [(await here.ask()).status for _ in range(4)] == [200] * 4  # each has a connection at rest now
            dying = True
            (asked,) = await here.hold(1)
            await until(lambda: here.stat("replayed") == 3)  # the connection at rest, and each task once
            here.balancer.remove("t1")
            here.balancer.remove("t2")
            await until(lambda: here.stat("queue") == 1)
            await here.task("next")
            assert (await asked).status == 200

    play(scenario())


def test_without_a_descriptor_for_a_connection_to_a_task_a_request_gets_503_and_no_task_is_blamed() -> None:
    async def scenario() -> None:
        async with world(retry_after=7) as here:
            for name in ("t1", "t2"):
                await here.task(name)
            client = await here.connect()
            await until(lambda: here.stat("connections") == 1)
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
            try:
                for raw in (GET, POST):
                    client.send(raw)
                    refused = await client.receive()
                    assert (refused.status, refused.headers["retry-after"]) == (503, "7")
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            assert here.counts("shed", "bad", "broken", "errors", "replayed") == [2, 2, 0, 0, 0]
            assert [here.of_task(name, "errors") for name in ("t1", "t2")] == [0, 0]
            client.send(POST)
            assert (await client.receive()).status == 200

    play(scenario())


def test_a_connection_the_task_closed_meanwhile_is_no_error() -> None:
    async def once(
        _task: Upstream, _request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(OK)
        await writer.drain()
        writer.close()

    async def scenario() -> None:
        async with world() as here:
            await here.task("t1", once)
            for _ in range(20):
                assert (await here.ask()).status == 200
            assert here.stat("errors") == 0

    play(scenario())
