"""The same sentences of moto's server and of our simulated AWS, through fleetfoot's own code: where others read AWS's
documents as we do, ours may be believed; where only ours answers, it says so."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from fleetfoot.core.model import Signal, State
from fleetfoot.edge.aws.backstop import Backstop
from fleetfoot.edge.aws.errors import AwsError
from fleetfoot.edge.aws.services import EcsName, Services
from fleetfoot.edge.base import Source
from fleetfoot.edge.sources.cloudwatch import CloudWatchSource, Metric, Metrics
from fleetfoot.edge.sources.ecs import EcsSource
from fleetfoot.edge.sources.sqs import SqsSource
from fleetfoot.edge.targets.ecs import EcsTarget
from fleetfoot.run.aws import OnAws
from tests.clouds import CLUSTER, Cloud, line, moto, now, simulated
from tests.support import wait_until

pytestmark = pytest.mark.network

T = TypeVar("T")
ORDERS = EcsName(CLUSTER, "orders")


@pytest.fixture(scope="module", params=["simulated", "moto"])
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """One of each for the whole file: every test names services and queues of its own."""
    with simulated() if request.param == "simulated" else moto() as made:
        yield made


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name nobody else uses."""
    return f"s{zlib.crc32(request.node.name.encode())}"


def run(coroutine: Coroutine[None, None, T]) -> T:
    return asyncio.run(coroutine)


@pytest.fixture
def scaled(cloud: Cloud, name: str) -> str:
    """``name``, of a service that Application Auto Scaling scales."""
    cloud.service(name, 2)
    cloud.scalable(name)
    return name


def backstop(cloud: Cloud, name: str, folder: Path) -> Backstop:
    folder.mkdir(exist_ok=True)
    return Backstop(line(cloud.url), [EcsName(CLUSTER, name)], folder)


def target(cloud: Cloud, name: str) -> EcsTarget:
    on_ecs = EcsName(CLUSTER, name)
    return EcsTarget(Services(line(cloud.url), [on_ecs], now), {"orders": on_ecs}, now)


def test_an_order_sets_the_count_and_shows_in_the_next_look(cloud: Cloud, name: str) -> None:
    cloud.service(name, 2)

    async def go() -> tuple[bool, int]:
        ecs = target(cloud, name)
        receipt = await ecs.order("orders", 5, "o@1", 60_000, 2)
        return receipt.ok, (await ecs.observe("orders")).desired

    assert run(go()) == (True, 5)
    assert cloud.has(name)["desiredCount"] == 5


def test_a_service_that_is_not_there_is_told_by_name_and_changes_nothing(cloud: Cloud, name: str) -> None:
    cloud.service(f"{name}x", 2)
    receipt = run(target(cloud, name).order("orders", 5, "o@1", 60_000, 2))
    assert not receipt.ok
    assert f"no ECS service {name} in cluster prod" in receipt.error
    assert run(target(cloud, name).observe("orders")).state is State.MISSING


def test_a_cluster_that_is_not_there_is_told(cloud: Cloud, name: str) -> None:
    cloud.service(name, 2)
    nowhere = EcsName("nowhere", name)
    receipt = run(
        EcsTarget(Services(line(cloud.url), [nowhere], now), {"orders": nowhere}, now).order(
            "orders", 5, "o@1", 60_000, 2
        )
    )
    assert "no ECS cluster" in receipt.error


def test_many_services_are_read_in_tens_and_each_by_its_own_name(cloud: Cloud, name: str) -> None:
    names = [EcsName(CLUSTER, f"{name}-{number}") for number in range(12)]
    for number, one in enumerate(names):
        cloud.service(one.service, number)
    aws = line(cloud.url)
    services = Services(aws, names, now)

    async def go() -> list[int]:
        sources = [EcsSource(services, one.service, one) for one in names]
        readings = await asyncio.gather(*(source.read(now()) for source in sources))
        for source in sources:
            await source.close()
        return [reading.fleet.desired for reading in readings if reading.fleet is not None]

    assert run(go()) == list(range(12))
    assert aws.calls["DescribeServices"] == 2


def read_in_a_period(cloud: Cloud, name: str, values: dict[float, float]) -> tuple[float, Signal]:
    """When a period of ten seconds began, and how the sums of ``values``, at seconds from then, read in its middle."""
    while True:
        wait_until(lambda: 1 < time.time() % 10 < 6, what="a period that does not end at once")
        begun = time.time() // 10 * 10
        metric = Metric("Shop", f"{name}{begun:.0f}", (("Stage", "prod"),), "Sum", 10_000)
        cloud.metric("Shop", metric.name, {begun + at: value for at, value in values.items()}, dict(metric.dimensions))
        source = CloudWatchSource(Metrics(line(cloud.url), [metric], now), "orders", "hits", metric)
        signal = run(source.read(now())).signals["hits"]
        if time.time() < begun + 9:  # not too late, on a busy machine
            return begun, signal


def test_a_metric_is_read_by_its_newest_whole_period(cloud: Cloud, name: str) -> None:
    begun, signal = read_in_a_period(cloud, name, {-20: 3.0, -15: 5.0, 0.1: 99.0})
    assert (signal.value, signal.state, signal.period) == (8.0, State.FRESH, 10_000)
    assert abs(signal.end / 1000 - (begun - 10)) <= 1.5  # the clock of an answer has whole seconds


@pytest.mark.parametrize(
    ("end", "value"), [pytest.param(0, 8.0, id="may-lack-a-part"), pytest.param(-10, 2.0, id="is-all-there")]
)
def test_a_sum_that_fell_is_believed_once_nothing_of_it_can_be_on_its_way(
    cloud: Cloud, name: str, end: int, value: float
) -> None:
    begun, signal = read_in_a_period(cloud, name, {end - 20: 3.0, end - 15: 5.0, end - 10: 2.0})
    assert signal.value == value
    assert abs(signal.end / 1000 - (begun + end)) <= 1.5


def test_a_metric_nobody_publishes_is_empty_and_not_zero(cloud: Cloud, name: str) -> None:
    metric = Metric("Shop", name, (), "Average", 60_000)
    source = CloudWatchSource(Metrics(line(cloud.url), [metric], now), "orders", "hits", metric)
    assert run(source.read(now())).signals["hits"].state is State.EMPTY


def test_metrics_of_one_period_are_asked_for_in_one_call(cloud: Cloud, name: str) -> None:
    metrics = [Metric("Shop", f"{name}{number}", (), "Average", 60_000) for number in range(3)]
    aws = line(cloud.url)
    shared = Metrics(aws, metrics, now)

    async def go() -> None:
        sources = [CloudWatchSource(shared, "orders", metric.name, metric) for metric in metrics]
        await asyncio.gather(*(source.read(now()) for source in sources))

    run(go())
    assert aws.calls == {"GetMetricData": 1}


@pytest.mark.parametrize(("metric", "depth"), [("depth", 5), ("visible", 3), ("in_flight", 2)])
def test_a_queue_shows_what_waits_and_what_is_in_flight(cloud: Cloud, name: str, metric: str, depth: int) -> None:
    cloud.queue(name, 3, 2)
    source: Source = SqsSource(line(cloud.url), "orders", "jobs", name, metric, 5000)
    assert run(source.read(now())).signals["jobs"].value == depth


def test_a_queue_that_is_not_there_is_told(cloud: Cloud, name: str) -> None:
    with pytest.raises(AwsError, match="no such queue"):
        run(SqsSource(line(cloud.url), "orders", "jobs", name, "depth", 5000).read(now()))


def test_scale_in_of_application_auto_scaling_is_suspended_and_handed_back(
    cloud: Cloud, scaled: str, tmp_path: Path
) -> None:
    armed = backstop(cloud, scaled, tmp_path)
    assert run(armed.hold()) == [f"service/{CLUSTER}/{scaled}"]
    assert cloud.suspended(scaled)
    assert run(armed.hold()) == [f"service/{CLUSTER}/{scaled}"]  # what it was found with stays known
    assert run(armed.release()) == [f"service/{CLUSTER}/{scaled}"]
    assert not cloud.suspended(scaled)
    assert list(tmp_path.iterdir()) == []


def test_a_region_that_does_not_answer_keeps_no_other_from_being_suspended(
    cloud: Cloud, scaled: str, tmp_path: Path
) -> None:
    dead = Backstop(line("http://127.0.0.1:1"), [EcsName(CLUSTER, scaled)], tmp_path)
    made = OnAws(backstops=[dead, backstop(cloud, scaled, tmp_path)])

    async def go() -> None:
        holding = asyncio.create_task(made.hold())
        await asyncio.to_thread(wait_until, lambda: cloud.suspended(scaled), what="scale-in to be suspended")
        holding.cancel()

    run(go())


def test_without_a_scalable_target_there_is_nothing_to_suspend(cloud: Cloud, name: str, tmp_path: Path) -> None:
    armed = backstop(cloud, name, tmp_path)
    assert run(armed.hold()) == run(armed.release()) == []


def test_a_controller_that_lost_its_folder_cannot_hand_back_and_the_service_is_told(
    cloud: Cloud, scaled: str, tmp_path: Path
) -> None:
    first, later = (backstop(cloud, scaled, tmp_path / part) for part in ("first", "later"))
    assert run(first.suspended()) == []
    run(first.hold())
    run(later.hold())
    run(later.release())
    assert run(later.suspended()) == [f"service/{CLUSTER}/{scaled}"]
    run(first.release())
    assert run(later.suspended()) == []


def test_a_file_of_what_was_found_that_cannot_be_read_is_told_and_nothing_is_changed(
    cloud: Cloud, scaled: str, tmp_path: Path
) -> None:
    (tmp_path / "suspended.json").write_text("{")
    with pytest.raises(AwsError, match=r"suspended\.json.* cannot be read"):
        run(backstop(cloud, scaled, tmp_path).hold())
    assert not cloud.suspended(scaled)
