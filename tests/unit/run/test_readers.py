from __future__ import annotations

import asyncio

import pytest

from fleetfoot.core.model import Fleet, Start, State
from fleetfoot.edge.base import Reading
from fleetfoot.edge.sources.memory import MemorySource
from fleetfoot.run.readers import Readers


class Bench:
    def __init__(self, *sources: MemorySource, deadline: int = 50) -> None:
        self.time = 100_000
        self.readers = Readers(sources, lambda: self.time, deadline)


def source(name: str = "memory", period: int = 1000, **values: float) -> MemorySource:
    made = MemorySource("orders", values, period)
    made.name = name
    return made


def test_a_source_that_hangs_does_not_hold_the_others_up() -> None:
    quick, slow = source(requests=5.0), source("slow", latency=9.0)
    slow.slow = 60_000
    bench = Bench(quick, slow, deadline=60_000)

    async def run() -> None:
        await bench.readers.refresh(10)
        seen = bench.readers.take("orders", bench.time)
        assert set(seen.signals) == {"requests"}
        await bench.readers.refresh(10)
        assert bench.readers.slots[1].late == 1
        assert slow.reads == 1
        await bench.readers.close()

    asyncio.run(run())


def test_a_source_past_its_deadline_keeps_its_last_signals_which_grow_old() -> None:
    one = source(requests=5.0)
    bench = Bench(one, deadline=5)

    async def run() -> None:
        await bench.readers.refresh(1000)
        at = bench.time
        one.slow = 60_000
        bench.time += 5000
        await bench.readers.refresh(1000)
        signal = bench.readers.take("orders", bench.time).signals["requests"]
        assert signal.end == at
        assert "within 5 ms" in bench.readers.slots[0].error

    asyncio.run(run())


def test_a_fleet_not_seen_for_three_seconds_is_stale() -> None:
    one = source()
    one.fleet = Fleet(0, 3)
    bench = Bench(one)

    async def run() -> None:
        await bench.readers.refresh(1000)
        assert bench.readers.take("orders", bench.time + 3000).fleet == Fleet(bench.time, 3)
        stale = bench.readers.take("orders", bench.time + 3001).fleet
        assert stale is not None
        assert stale.state is State.STALE

    asyncio.run(run())


def test_a_fleet_that_is_read_more_seldom_is_stale_after_two_of_its_periods() -> None:
    one = source(period=10_000)
    one.fleet = Fleet(0, 3)
    bench = Bench(one)

    async def run() -> list[State]:
        await bench.readers.refresh(1000)
        seen = [bench.readers.take("orders", bench.time + ms).fleet for ms in (20_000, 20_001)]
        return [fleet.state for fleet in seen if fleet is not None]

    assert asyncio.run(run()) == [State.FRESH, State.STALE]


def test_starts_of_a_reading_no_step_took_reach_the_next_step_once() -> None:
    class Starting(MemorySource):
        async def read(self, now: int) -> Reading:
            self.reads += 1
            return Reading({}, Fleet(now, 3, starts=(Start(self.reads, "r", 5, True),)))

    bench = Bench(Starting("orders"))

    async def run() -> list[list[int]]:
        taken = []
        for reads in (2, 1, 0):
            for _ in range(reads):
                await bench.readers.refresh(1000)
            fleet = bench.readers.take("orders", bench.time).fleet
            assert fleet is not None
            taken.append([start.number for start in fleet.starts])
        return taken

    assert asyncio.run(run()) == [[1, 2], [3], []]


def test_a_slow_period_is_kept_and_a_fast_one_read_at_every_step() -> None:
    fast, slow = source(requests=1.0), source("slow", period=5000, backlog=2.0)
    bench = Bench(fast, slow)

    async def run() -> None:
        for _ in range(7):
            await bench.readers.refresh(1000)
            bench.time += 1000

    asyncio.run(run())
    assert (fast.reads, slow.reads) == (7, 2)


def test_failing_and_recovering_are_said_once_each(caplog: pytest.LogCaptureFixture) -> None:
    one = source(requests=5.0)
    bench = Bench(one)

    async def run() -> None:
        one.fail = "no network"
        for _ in range(5):
            await bench.readers.refresh(1000)
        one.fail = ""
        await bench.readers.refresh(1000)

    asyncio.run(run())
    assert caplog.text.count("no network") == 1
    assert caplog.text.count("answers again") == 1


def test_a_source_with_a_bug_costs_its_signals_and_not_the_loop() -> None:
    class Broken(MemorySource):
        async def read(self, now: int) -> Reading:
            raise ZeroDivisionError("oops")

    bench = Bench(Broken("orders"), source("good", requests=1.0))

    async def run() -> None:
        await bench.readers.refresh(1000)
        assert set(bench.readers.take("orders", bench.time).signals) == {"requests"}
        assert "oops" in bench.readers.slots[0].error

    asyncio.run(run())


def test_an_unseen_service_has_no_fleet() -> None:
    bench = Bench(source(requests=1.0))
    assert bench.readers.take("orders", 0).fleet is None
    assert bench.readers.take("nobody", 0).signals == {}
