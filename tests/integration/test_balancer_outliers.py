"""A task that fails fast beside one that does its work."""

from __future__ import annotations

import asyncio

import pytest

from tests.balancers import OK, Answer, Message, Upstream, play, says, until, world

pytestmark = pytest.mark.network

FAILURE = says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")


async def works(_t: Upstream, _m: Message, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.005)  # sleep: the work of a task
    writer.write(OK)


async def breaks(_t: Upstream, _m: Message, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize("answer", [FAILURE, breaks, says(b"nonsense\r\n\r\n")], ids=["5xx", "breaks", "nonsense"])
def test_a_task_that_fails_fast_does_not_attract_traffic(answer: Answer) -> None:
    async def scenario() -> None:
        async with world() as here:
            bad, _good = await here.task("bad", answer), await here.task("good", works)

            async def press() -> None:
                while not here.of_task("bad", "ejected_ms"):
                    await here.ask()

            await asyncio.gather(*(press() for _ in range(4)))
            assert here.stat("ejected") == here.of_task("bad", "ejections") == 1
            before = len(bad.seen)
            assert {(await here.ask()).status for _ in range(40)} == {200}
            assert len(bad.seen) == before

    play(scenario())


def test_the_only_task_is_never_ejected() -> None:
    async def scenario() -> None:
        async with world() as here:
            await here.task("bad", FAILURE)
            for _ in range(40):
                assert (await here.ask()).status == 500
            assert here.stat("ejected") == 0

    play(scenario())


def test_a_task_that_has_recovered_is_probed_and_serves_again() -> None:
    async def scenario() -> None:
        async with world() as here:
            bad, _good = await here.task("bad", FAILURE), await here.task("good", works)
            while not here.of_task("bad", "ejected_ms"):
                await here.ask()
            task = here.balancer._exchange.fleet.tasks["bad"]
            task.conduct.until = 1.0  # its time is over
            await until(lambda: here.of_task("bad", "probing"))
            assert (await asyncio.gather(here.ask(), here.ask()))[0].status in (200, 500)
            await until(lambda: here.of_task("bad", "ejections") == 2)  # one bad probe, and it is out again
            assert here.of_task("bad", "ejected_ms") > 5000
            bad.answer = works
            task.conduct.until = 1.0
            await until(lambda: here.of_task("bad", "probing"))

            async def press() -> None:
                while here.of_task("bad", "probing"):
                    assert (await here.ask()).status == 200

            await asyncio.gather(*(press() for _ in range(4)))
            before = len(bad.seen)
            for _ in range(10):
                assert (await here.ask()).status == 200
            assert len(bad.seen) == before + 5

    play(scenario())


def test_a_slow_task_is_told_and_keeps_its_share() -> None:
    async def scenario() -> None:
        async def crawls(_t: Upstream, _m: Message, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.1)  # sleep: the work of a task
            writer.write(OK)

        async with world() as here:
            await here.task("slow", crawls)
            for name in ("a", "b"):
                await here.task(name)
            while not here.of_task("slow", "slow"):
                await asyncio.gather(*(here.ask() for _ in range(60)))
            assert [here.of_task(name, "slow") for name in "ab"] == [False, False]
            assert here.stat("ejected") == 0

    play(scenario())
