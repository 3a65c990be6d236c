"""What every source promises. Each implementation is a row of the table; a new one adds its row."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from fleetfoot.core.model import Fleet, Observation, State
from fleetfoot.core.pack import observation_from_json, observation_to_json
from fleetfoot.edge.aws.services import EcsName, Services
from fleetfoot.edge.aws.session import Aws
from fleetfoot.edge.base import Reading, Source, SourceError
from fleetfoot.edge.sources.cloudwatch import CloudWatchSource, Metric, Metrics
from fleetfoot.edge.sources.ecs import EcsSource
from fleetfoot.edge.sources.forecast import ForecastSource
from fleetfoot.edge.sources.memory import MemorySource
from fleetfoot.edge.sources.plane import PlaneFeed, PlaneSource
from fleetfoot.edge.sources.push import Receiver
from fleetfoot.edge.sources.pushed import PushSource
from fleetfoot.edge.sources.sqs import SqsSource
from fleetfoot.edge.training import Trainer
from fleetfoot.sim.aws.clock import REGION
from fleetfoot.spec.policies import ForecastPolicy
from tests.clouds import CLUSTER, Simulated, session, simulated
from tests.planes import FakePlane
from tests.support import PATIENCE

NOW = 1_000_000
CLOUDS = contextlib.ExitStack()


@pytest.fixture(scope="module", autouse=True)
def _clouds_end() -> Iterator[None]:
    with CLOUDS:
        yield


class Made(NamedTuple):
    """A source of "orders" at its second reading; and how to break its outside, if it has one."""

    source: Source
    break_it: Callable[[], None] | None


class Plane(FakePlane):
    """Every answer is one second after the one before."""

    def __init__(self) -> None:
        super().__init__("orders")
        self.mono = 0.0

    async def stats(self):  # type: ignore[no-untyped-def]
        self.mono = (self.mono or 0.0) + 1000
        self.serve("orders", 50)
        return await super().stats()


async def memory() -> Made:
    source = MemorySource("orders", {"requests": 50.0, "latency": 20.0})
    source.fleet = Fleet(0, 2, serving=2)
    return Made(source, lambda: setattr(source, "fail", "broken"))


async def plane() -> Made:
    fake = Plane()
    source = PlaneSource(
        PlaneFeed(fake, lambda: NOW, share=-1), "orders", 0.95, 1000, at_mono=lambda mono: NOW - 5000 + int(mono)
    )
    await source.read(NOW)
    return Made(source, lambda: setattr(fake, "fail", "broken"))


async def app() -> Made:
    receiver = Receiver(["orders"], lambda: NOW)
    return Made(PushSource(receiver, "orders", lambda: 2, 0.95), None)


async def forecast() -> Made:
    """Without a journal: it says so, and nothing else."""
    nowhere = Path("/nowhere/journal.db")
    return Made(ForecastSource("orders", ForecastPolicy(), 630, nowhere, lambda: NOW, Trainer()), None)


def cloud() -> tuple[Simulated, Aws]:
    made = CLOUDS.enter_context(simulated())
    return made, Aws(REGION, lambda: NOW, made.url, session(), PATIENCE)


async def ecs() -> Made:
    made, aws = cloud()
    made.service("orders", 2)
    orders = EcsName(CLUSTER, "orders")
    source = EcsSource(Services(aws, [orders], lambda: NOW), "orders", orders)
    return Made(source, lambda: made.aws.fail("DescribeServices", "Broken", "broken"))


async def cloudwatch() -> Made:
    made, aws = cloud()
    made.metric("Shop", "hits", {time.time() - 90: 50.0}, {})
    metric = Metric("Shop", "hits", (), "Sum", 60_000)
    source = CloudWatchSource(Metrics(aws, [metric], lambda: NOW), "orders", "hits", metric)
    return Made(source, lambda: made.aws.fail("GetMetricData", "Broken", "broken"))


async def sqs() -> Made:
    made, aws = cloud()
    made.queue("orders-in", 3, 2)
    source = SqsSource(aws, "orders", "jobs", "orders-in", "depth", 5000)
    return Made(source, lambda: made.aws.fail("GetQueueUrl", "Broken", "broken"))


SOURCES = pytest.mark.parametrize(
    "make", [memory, plane, app, forecast, ecs, cloudwatch, sqs], ids=lambda make: make.__name__
)
Make = Callable[[], Awaitable[Made]]


def read(make: Make) -> Reading:
    async def run() -> Reading:
        return await (await make()).source.read(NOW)

    return asyncio.run(run())


@SOURCES
def test_signals_stand_under_their_own_names(make: Make) -> None:
    reading = read(make)
    assert all(name == signal.name for name, signal in reading.signals.items())


@SOURCES
def test_no_signal_ends_after_it_was_received_or_is_from_the_future(make: Make) -> None:
    for signal in read(make).signals.values():
        assert signal.end <= signal.received <= NOW
        assert signal.span > 0
        assert signal.period > 0


@SOURCES
def test_values_are_finite_and_not_negative_or_the_signal_says_it_is_unusable(make: Make) -> None:
    for signal in read(make).signals.values():
        assert 0 <= signal.value < 1e12
        assert signal.state in set(State)


@SOURCES
def test_a_reading_survives_the_journal(make: Make) -> None:
    reading = read(make)
    seen = Observation(NOW, NOW, reading.signals, reading.fleet or Fleet(NOW, 0))
    assert observation_from_json(json.loads(json.dumps(observation_to_json(seen)))) == seen


@SOURCES
def test_a_source_names_its_service_and_its_period(make: Make) -> None:
    async def run() -> Source:
        return (await make()).source

    source = asyncio.run(run())
    assert source.service == "orders"
    assert source.name
    assert source.period > 0


@SOURCES
def test_a_broken_source_raises_a_source_error_with_words_and_recovers(make: Make) -> None:
    async def run() -> None:
        made = await make()
        if made.break_it is None:
            pytest.skip("it has nothing outside that could break")
        made.break_it()
        with pytest.raises(SourceError, match="broken"):
            await made.source.read(NOW)

    asyncio.run(run())


@SOURCES
def test_closing_a_source_is_quiet(make: Make) -> None:
    async def run() -> None:
        await (await make()).source.close()

    asyncio.run(run())
