"""What every balancer promises, on real sockets: its figures."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fleetfoot.fleet.balancer import BalancerSettings
from fleetfoot.fleet.balancers import KINDS, make_balancer
from tests.balancers import OK, Message, Upstream, play, until, wait_for_gate
from tests.kinds import fleet

pytestmark = pytest.mark.network


def test_the_statistics_agree_with_what_was_sent(kind: str) -> None:
    async def by_path(task: Upstream, request: Message, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if "/slow" in request.first:
            await asyncio.sleep(1.2)  # sleep: the slow answer itself
        writer.write(OK.replace(b"200 OK", b"500 No") if "/bad" in request.first else OK)

    async def scenario() -> None:
        async with fleet(kind, objective_ms=1000) as here:
            await here.task("t1", by_path)
            for path, times in ((b"/", 20), (b"/bad", 3)):
                for _ in range(times):
                    await here.ask(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path)
            await asyncio.gather(*(here.ask(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(2)))
            await here.counted(offered=25, completed=25, errors=3, bad=5, broken=0, shed=0, timed_out=0, refused=0)
            assert sum(here.stat("latency").values()) == 22  # a quick 500 must not look fast
            assert (here.of_task("t1", "served"), here.of_task("t1", "errors")) == (25, 3)
            assert here.of_task("t1", "p95_ms") > 0

    play(scenario())


def test_a_client_that_leaves_is_counted_as_gone_and_is_no_failure(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind) as here:
            task = await here.task("t1", wait_for_gate)
            client = await here.asking(task)
            client.close()
            await here.counted(offered=1, client_gone=1, broken=0, errors=0, bad=0)

    play(scenario())


def test_open_requests_show_before_they_end(kind: str) -> None:
    async def scenario() -> None:
        async with fleet(kind, objective_ms=100) as here:
            task = await here.task("t1", wait_for_gate)
            asked = await here.hold(3)
            await here.counted(in_flight=3, open_over=3)
            await until(lambda: here.stat("oldest_ms") > 300)
            task.gate.set()
            await asyncio.gather(*asked)
            await here.counted(in_flight=0, open_over=0, oldest_ms=0, bad=3)

    play(scenario())


def test_the_snapshot_has_the_same_keys_for_all(short_path: Path) -> None:
    async def scenario() -> None:
        keys = []
        for one in KINDS:
            balancer = make_balancer(one, "test", BalancerSettings(), 1000, None, lambda _: None, short_path)
            balancer.add("t1", 1, "a", "r1")
            found = balancer.snapshot()
            keys.append((set(found), {key for task in found["tasks"].values() for key in task}))
        assert keys[0] == keys[1]

    play(scenario())
