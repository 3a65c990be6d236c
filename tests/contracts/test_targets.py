"""What every target promises. Each implementation is a row of the table; a new one adds its row."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from fleetfoot.core.compile import compile_service
from fleetfoot.core.model import Fleet, State
from fleetfoot.edge.aws.services import EcsName, Services
from fleetfoot.edge.aws.session import Aws
from fleetfoot.edge.base import Target
from fleetfoot.edge.targets.dryrun import DryRunTarget
from fleetfoot.edge.targets.ecs import EcsTarget
from fleetfoot.edge.targets.local import LocalTarget
from fleetfoot.edge.targets.memory import MemoryTarget
from fleetfoot.edge.targets.shadow import ShadowFleet, ShadowTarget
from fleetfoot.sim.aws.clock import REGION
from fleetfoot.spec import loads
from tests.clouds import CLUSTER, session, simulated
from tests.planes import FakePlane
from tests.support import PATIENCE

CLOUDS = contextlib.ExitStack()


@pytest.fixture(scope="module", autouse=True)
def _clouds_end() -> Iterator[None]:
    with CLOUDS:
        yield


class Made(NamedTuple):
    """A target with one service, "orders", at two tasks; and how to give its outside a bad day."""

    target: Target
    refuse: Callable[[], None]
    hang: Callable[[], None]
    carries_out: bool = True


def _now() -> int:
    return 1_000_000


def memory() -> Made:
    target = MemoryTarget({"orders": 2}, _now)
    return Made(target, lambda: setattr(target, "refuse", "no"), lambda: setattr(target, "slow", 60_000))


def local() -> Made:
    plane = FakePlane("orders")
    return Made(LocalTarget(plane, _now), lambda: setattr(plane, "fail", "no"), lambda: setattr(plane, "slow", 60_000))


def dryrun() -> Made:
    real = MemoryTarget({"orders": 2}, _now)
    return Made(DryRunTarget(real, _now), lambda: None, lambda: None, carries_out=False)


def shadow() -> Made:
    spec = loads("services: {orders: {target: dryrun, capacity: {max: 20}}}").services["orders"]
    book = ShadowFleet(compile_service(spec), drain=1000, patience=1000)
    book.see(_now(), {}, Fleet(_now(), 2, 2))
    return Made(ShadowTarget({"orders": book}, _now), lambda: None, lambda: None)


def ecs() -> Made:
    cloud = CLOUDS.enter_context(simulated())
    cloud.service("orders", 2)
    orders = EcsName(CLUSTER, "orders")
    services = Services(Aws(REGION, _now, cloud.url, session(), PATIENCE), [orders], _now)

    def refuse() -> None:
        said = "User: me is not authorized to perform: ecs:DescribeServices on resource: *"
        cloud.aws.fail("DescribeServices", "AccessDeniedException", said)

    target = EcsTarget(services, {"orders": orders}, _now)
    return Made(target, refuse, lambda: cloud.aws.hang("DescribeServices", 60))


TARGETS = pytest.mark.parametrize("make", [memory, local, dryrun, shadow, ecs], ids=lambda make: make.__name__)
SHARED = pytest.mark.parametrize("make", [memory, ecs], ids=lambda make: make.__name__)
REAL = pytest.mark.parametrize("make", [memory, local, ecs], ids=lambda make: make.__name__)
POOLED = pytest.mark.parametrize("make", [memory, local, dryrun, shadow], ids=lambda make: make.__name__)
REAL_POOLED = pytest.mark.parametrize("make", [memory, local], ids=lambda make: make.__name__)


@TARGETS
def test_the_receipt_of_an_order_names_the_order_its_count_and_when(make: Callable[[], Made]) -> None:
    receipt = asyncio.run(make().target.order("orders", 5, "orders@1", 60_000, 2))
    assert (receipt.order, receipt.service, receipt.count, receipt.ok) == ("orders@1", "orders", 5, True)
    assert receipt.commanded == _now()


@TARGETS
def test_the_fleet_shows_the_ordered_count_unless_the_target_carries_nothing_out(make: Callable[[], Made]) -> None:
    made = make()

    async def run() -> int:
        await made.target.order("orders", 5, "orders@1", 60_000, 2)
        return (await made.target.observe("orders")).desired

    assert asyncio.run(run()) == (5 if made.carries_out else 2)


@TARGETS
def test_the_same_order_twice_is_one_order(make: Callable[[], Made]) -> None:
    made = make()

    async def run() -> tuple[int, int]:
        await made.target.order("orders", 5, "orders@1", 60_000, 2)
        once = (await made.target.observe("orders")).desired
        receipt = await made.target.order("orders", 5, "orders@1", 60_000, 2)
        assert receipt.ok
        return once, (await made.target.observe("orders")).desired

    once, twice = asyncio.run(run())
    assert once == twice


@TARGETS
def test_a_negative_count_is_refused_in_the_receipt_and_changes_nothing(make: Callable[[], Made]) -> None:
    made = make()

    async def run() -> None:
        receipt = await made.target.order("orders", -1, "orders@1", 60_000, 2)
        assert not receipt.ok
        assert receipt.error
        assert (await made.target.observe("orders")).desired == 2

    asyncio.run(run())


@SHARED
def test_an_order_takes_away_nothing_that_somebody_added_since_it_was_decided(make: Callable[[], Made]) -> None:
    made = make()

    async def run() -> tuple[int, int]:
        assert (await made.target.order("orders", 9, "theirs@1", 60_000, 2)).ok
        for late in (5, 1):
            receipt = await made.target.order("orders", late, "orders@1", 60_000, 2)
            assert not receipt.ok
            assert "somebody has ordered 9" in receipt.error
        held = (await made.target.observe("orders")).desired
        assert (await made.target.order("orders", 5, "orders@2", 60_000, 9)).ok
        return held, (await made.target.observe("orders")).desired

    assert asyncio.run(run()) == (9, 5)


@POOLED
def test_a_number_of_tasks_is_kept_warm_beside_the_ordered_ones(make: Callable[[], Made]) -> None:
    made = make()

    async def run() -> tuple[int, int]:
        assert not await made.target.keep_warm("orders", 3, 60_000)
        fleet = await made.target.observe("orders")
        return fleet.desired, fleet.warm

    assert asyncio.run(run()) == (2, 3 if made.carries_out else 0)


def test_a_target_without_a_pool_refuses_one_in_words_and_is_content_with_none() -> None:
    target = ecs().target
    assert "no task warm" in asyncio.run(target.keep_warm("orders", 3, 60_000))
    assert not asyncio.run(target.keep_warm("orders", 0, 60_000))


@TARGETS
def test_fewer_than_no_warm_tasks_are_refused_in_words(make: Callable[[], Made]) -> None:
    assert asyncio.run(make().target.keep_warm("orders", -1, 60_000))


@REAL_POOLED
def test_why_tasks_are_not_kept_warm_is_told_in_words_and_in_time(make: Callable[[], Made]) -> None:
    refuses, hangs = make(), make()
    refuses.refuse()
    hangs.hang()
    assert "no" in asyncio.run(refuses.target.keep_warm("orders", 3, 60_000))
    assert "20 ms" in asyncio.run(hangs.target.keep_warm("orders", 3, 20))


@REAL
def test_a_refusal_comes_back_as_a_receipt_with_its_words(make: Callable[[], Made]) -> None:
    made = make()
    made.refuse()
    receipt = asyncio.run(made.target.order("orders", 5, "orders@1", 60_000, 2))
    assert not receipt.ok
    assert "no" in receipt.error


@REAL
def test_a_target_that_hangs_answers_at_the_deadline_and_says_so(make: Callable[[], Made]) -> None:
    made = make()
    made.hang()
    receipt = asyncio.run(made.target.order("orders", 5, "orders@1", 20, 2))
    assert not receipt.ok
    assert "20 ms" in receipt.error


@REAL
def test_an_unknown_service_is_refused_and_shown_as_missing(make: Callable[[], Made]) -> None:
    made = make()

    async def run() -> None:
        receipt = await made.target.order("nobody", 5, "nobody@1", 60_000, 2)
        assert not receipt.ok
        assert (await made.target.observe("nobody")).state is State.MISSING

    asyncio.run(run())


@TARGETS
def test_closing_a_target_is_quiet(make: Callable[[], Made]) -> None:
    asyncio.run(make().target.close())
