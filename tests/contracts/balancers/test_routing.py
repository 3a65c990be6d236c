"""What every balancer promises, on real sockets: whom it routes to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from fleetfoot.fleet.balancer import BalancerSettings
from fleetfoot.fleet.balancers import make_balancer
from tests.balancers import OK, Message, Upstream, listening, play, says, until, wait_for_gate
from tests.kinds import Fleet, balancer_of, fleet

pytestmark = pytest.mark.network


def test_a_task_gets_no_traffic_before_it_is_ready_and_what_waits_goes_to_it_then(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            task = await here.task("t1", ready=False)
            asked = await here.hold(3)
            await here.counted(queue=3, in_flight=0)
            assert task.seen == []
            here.balancer.ready("t1")
            assert [(await one).status for one in asked] == [200] * 3

    play(scenario())


def test_an_unready_task_gets_nothing_while_half_are_ready(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            one, two = await here.task("t1"), await here.task("t2")
            here.balancer.unready("t1")
            await here.told()
            for _ in range(6):
                await here.ask()
            assert (len(one.seen), len(two.seen)) == (0, 6)
            here.balancer.ready("t1")
            await here.told()
            assert not here.balancer.warming("t1")
            await asyncio.gather(*(here.ask() for _ in range(12)))
            assert one.seen

    play(scenario())


@pytest.mark.parametrize(("tasks", "unready"), [(1, 1), (3, 2), (4, 4)], ids=["one-of-one", "two-of-three", "all"])
def test_with_more_than_half_unready_it_fails_open(kind: str, tasks: int, unready: int) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            upstreams = [await here.task(f"t{number}") for number in range(tasks)]
            draining, starting = await here.task("draining"), await here.task("starting", ready=False)
            assert await here.balancer.drain("draining", 20) == 0
            for number in range(unready):
                here.balancer.unready(f"t{number}")
            await here.told()
            assert here.stat("failing_open")
            for _ in range(tasks * 4):
                assert (await here.ask()).status == 200
            assert all(task.seen for task in upstreams)
            assert draining.seen == starting.seen == []

    play(scenario())


def test_a_task_that_joins_others_warms_and_gets_less_until_its_ramp_is_over(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            old = await here.task("old", wait_for_gate)
            assert not here.balancer.warming("old")
            new = await here.task("new", wait_for_gate, ready=False)
            here.balancer.ready("new", 3_600_000)
            await here.told()
            assert here.balancer.warming("new")
            asked = await here.hold(22)
            await until(lambda: len(old.seen) + len(new.seen) == 22)
            assert 1 <= len(new.seen) <= 8
            old.gate.set()
            new.gate.set()
            await asyncio.gather(*asked)

    play(scenario())


def test_a_ramp_ends_by_time_without_any_traffic(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            await here.task("old")
            await here.task("new", ready=False)
            here.balancer.ready("new", 200)
            assert here.balancer.warming("new")
            await until(lambda: not here.balancer.warming("new"))

    play(scenario())


def test_the_task_with_the_fewest_open_requests_is_asked_and_is_the_idlest(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            busy = await here.task("busy", wait_for_gate)
            asked = await here.held_by(busy, 3)
            idle = await here.task("idle")
            for _ in range(4):
                await here.ask()
            assert (len(busy.seen), len(idle.seen)) == (3, 4)
            await until(lambda: here.of_task("busy", "in_flight") == 3)
            assert balancer_of(here).idlest(["idle", "busy"]) == "idle"
            assert balancer_of(here).idlest(["busy", "idle"]) == "idle"
            with pytest.raises(ValueError, match="no tasks"):
                balancer_of(here).idlest([])
            busy.gate.set()
            await asyncio.gather(*asked)

    play(scenario())


def test_adding_a_known_task_is_refused_and_unknown_ones_are_let_go(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            await here.task("t1")
            with pytest.raises(ValueError, match="t1 is already known"):
                here.balancer.add("t1", 1, "a", "r")
            with pytest.raises(KeyError):
                here.balancer.ready("nobody")
            here.balancer.unready("nobody")
            here.balancer.remove("nobody")
            assert await here.balancer.drain("nobody", 10) == 0
            assert not here.balancer.warming("nobody")

    play(scenario())


def test_tasks_made_known_before_it_serves_are_used(kind: str, short_path: Path) -> None:
    async def scenario() -> None:
        balancer = make_balancer(kind, "test", BalancerSettings(), 1000, None, lambda _: None, short_path)
        task = Upstream("t1")
        await task.start()
        balancer.add("t1", task.port, "a", "r1")
        balancer.ready("t1", ramp_ms=0)
        sock = listening()
        here = Fleet(balancer, sock.getsockname()[1])  # type: ignore[arg-type]
        await balancer.serve(sock)
        assert (await here.ask()).status == 200
        await balancer.close(1000)
        task.kill()

    play(scenario())


def test_a_task_that_fails_fast_is_ejected_and_comes_back_when_it_has_recovered(kind: str) -> None:
    async def works(_t: Upstream, _m: Message, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.005)  # sleep: the work of a task
        writer.write(OK)

    async def scenario() -> None:
        async with fleet(kind) as here:
            bad = await here.task("bad", says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"))
            for name in ("good", "better", "best"):
                await here.task(name, works)

            async def press(over: Callable[[], bool]) -> None:
                while not over():
                    await here.ask()

            await asyncio.gather(*(press(lambda: here.of_task("bad", "ejected_ms") > 0) for _ in range(4)))
            await here.told()
            await until(lambda: here.stat("in_flight") == 0)
            assert here.stat("ejected") == here.of_task("bad", "ejections") == 1
            before = len(bad.seen)
            assert {(await here.ask()).status for _ in range(40)} == {200}
            assert len(bad.seen) == before
            bad.answer = works
            await asyncio.gather(*(press(lambda: len(bad.seen) > before + 10) for _ in range(4)))
            assert here.stat("ejected") == 0

    play(scenario())


def test_what_all_tasks_fail_at_ejects_none(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            for name in ("one", "two", "three"):
                await here.task(name, says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"))
            assert {(await here.ask()).status for _ in range(100)} == {500}
            await until(lambda: here.stat("completed") == 100)
            assert here.stat("ejected") == 0

    play(scenario())
