"""The pulse on a clock of its own: ``sleep`` and ``wait`` only move that clock."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from fleetfoot.run.pulse import Pulse
from fleetfoot.run.settings import LiveSettings
from tests.looptime import run_in_loop_time

SETTINGS = LiveSettings(tick=1000, lead=40, early=200)


def test_ticks_come_once_a_second_a_little_before_the_whole_one() -> None:
    async def scenario() -> list[int]:
        now = _now()
        pulse = Pulse(now, SETTINGS)
        times = []
        for _ in range(3):
            assert not await pulse.next()
            times.append(now())
        return times

    assert run_in_loop_time(scenario()) == [960, 1960, 2960]


def test_a_wake_brings_a_step_at_once_and_the_next_tick_stays_where_it_was() -> None:
    async def scenario() -> list[tuple[int, bool]]:
        now = _now()
        pulse = Pulse(now, SETTINGS)
        asyncio.get_running_loop().call_later(0.300, pulse.wake)
        steps = [(await pulse.next(), now()) for _ in range(2)]
        return [(at, early) for early, at in steps]

    assert run_in_loop_time(scenario()) == [(300, True), (960, False)]


def test_however_often_it_is_woken_there_are_five_steps_a_second_at_most() -> None:
    async def scenario() -> list[int]:
        now = _now()
        pulse = Pulse(now, SETTINGS)

        async def storm() -> None:
            while True:
                pulse.wake()
                await asyncio.sleep(0.01)  # sleep: of the loop's own time

        waking = asyncio.create_task(storm())
        times = []
        while now() < 10_000:
            await pulse.next()
            times.append(now())
        waking.cancel()
        return times

    times = run_in_loop_time(scenario())
    assert min(b - a for a, b in itertools.pairwise(times)) >= 200
    for start in range(0, 9000, 100):
        assert sum(start <= at < start + 1000 for at in times) <= 5
    assert sum(at % 1000 == 960 for at in times) == 10


def test_ticks_missed_are_skipped_and_not_made_up_for() -> None:
    async def scenario() -> list[int]:
        now = _now()
        pulse = Pulse(now, SETTINGS)
        await pulse.next()
        await asyncio.sleep(4.5)  # sleep: the machine slept, in the loop's own time
        times = []
        for _ in range(2):
            await pulse.next()
            times.append(now())
        return times

    assert run_in_loop_time(scenario()) == [5960, 6960]


def _now() -> Callable[[], int]:
    loop = asyncio.get_running_loop()
    start = loop.time()
    return lambda: round((loop.time() - start) * 1000)
