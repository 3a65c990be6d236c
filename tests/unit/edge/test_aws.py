"""What fleetfoot reads of ECS and says of AWS's failures, against the simulated AWS."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from fleetfoot.core.model import Start
from fleetfoot.edge.aws.buckets import Bucket
from fleetfoot.edge.aws.errors import AwsError
from fleetfoot.edge.aws.services import EcsName, Seen, Services, fleet_of
from fleetfoot.edge.aws.session import Answer, Aws
from fleetfoot.edge.sources.ecs import EcsSource
from fleetfoot.edge.targets.ecs import EcsTarget
from fleetfoot.sim.aws.clock import REGION
from fleetfoot.sim.setup import Setup
from tests.clouds import CLUSTER, Simulated, session, simulated
from tests.support import PATIENCE

pytestmark = pytest.mark.network
ORDERS = EcsName(CLUSTER, "orders")
SLOW = Setup(startup=20_000, registration=0, drain=5_000)


@pytest.fixture
def cloud() -> Iterator[Simulated]:
    """A service of two tasks, on a clock that the test moves."""
    with simulated(held=True) as made:
        made.service("orders", 2, SLOW)
        yield made


class Watcher:
    """A source and a target on the cloud's clock."""

    def __init__(self, cloud: Simulated) -> None:
        self.cloud = cloud
        self.aws = Aws(REGION, self.now, cloud.url, session(), PATIENCE)
        services = Services(self.aws, [ORDERS], self.now)
        self.source = EcsSource(services, "orders", ORDERS)
        self.target = EcsTarget(services, {"orders": ORDERS}, self.now)

    def now(self) -> int:
        return round(self.cloud.aws.world.clock.now() * 1000)

    async def watch(self, seconds: int) -> list[Start]:
        """A reading a second; the starts they told of."""
        told: list[Start] = []
        for _ in range(seconds):
            self.cloud.aws.world.clock.advance(1)
            reading = await self.source.read(self.now())
            assert reading.fleet is not None
            self.fleet, self.notes, self.tasks = reading.fleet, reading.notes, reading.tasks
            told += reading.fleet.starts
            if self.source._detail is not None:
                await self.source._detail
        return told


@pytest.mark.parametrize(
    ("desired", "running", "revisions", "shown"),
    [(3, 5, 1, (3, 0, 2)), (5, 3, 1, (3, 2, 0)), (4, 4, 1, (4, 0, 0)), (3, 5, 2, (5, 0, 0))],
    ids=["more than desired drain", "fewer start", "as many", "of two revisions all serve"],
)
def test_the_counts_of_a_service_say_how_many_serve_start_and_drain(
    desired: int, running: int, revisions: int, shown: tuple[int, int, int]
) -> None:
    deployments = [{"status": "PRIMARY", "taskDefinition": "task-definition/orders:7"}, {"status": "ACTIVE"}]
    raw = {"desiredCount": desired, "runningCount": running, "deployments": deployments[:revisions]}
    fleet = fleet_of(Seen(raw, Answer({}, 1000, datetime(2026, 1, 1, tzinfo=UTC))))
    assert (fleet.serving, fleet.starting, fleet.draining) == shown
    assert (fleet.deploying, fleet.revision, fleet.at) == (revisions > 1, "orders:7", 1000)


def test_an_order_is_followed_from_placed_to_running_and_its_start_learnt(cloud: Simulated) -> None:
    async def go() -> tuple[list[Any], list[Start]]:
        watcher = Watcher(cloud)
        await watcher.watch(2)
        shown: list[Any] = [(watcher.fleet.serving, watcher.fleet.starting)]
        assert (await watcher.target.order("orders", 5, "o@1", 60_000, 2)).ok
        for seconds in (3, 20):
            starts = await watcher.watch(seconds)
            shown.append((watcher.fleet.serving, watcher.fleet.starting))
        assert {task.state for task in watcher.tasks} == {"serving"}
        return shown, starts + await watcher.watch(15)

    shown, starts = asyncio.run(go())
    assert shown == [(2, 0), (2, 3), (5, 0)]
    assert [(start.span, start.ok, start.revision) for start in starts] == [(20_000, True, "orders:1")] * 3


def test_tasks_are_asked_for_only_while_an_order_is_open(cloud: Simulated) -> None:
    async def go() -> list[int]:
        watcher = Watcher(cloud)
        asked = []
        for seconds, count in ((30, 4), (40, 4), (60, 4), (30, 4)):
            await watcher.watch(seconds)
            asked.append(watcher.aws.calls.get("DescribeTasks", 0))
            await watcher.target.order("orders", count, "o@1", 60_000, 2)
        return asked

    before, during, after, later = asyncio.run(go())
    assert before == 0
    assert 10 < during <= 21
    assert after == later


def test_why_tasks_stop_is_told_with_exit_codes_and_counts_as_failed_starts(cloud: Simulated) -> None:
    cloud.aws.world.services[CLUSTER, "orders"].broken = [
        ("CannotPullContainerError: no such image", None),
        ("Essential container in task exited", 137),
    ]

    async def go() -> tuple[list[Start], Any]:
        watcher = Watcher(cloud)
        await watcher.watch(2)
        await watcher.target.order("orders", 4, "o@1", 60_000, 2)
        starts = await watcher.watch(26)
        return starts, watcher.notes

    starts, notes = asyncio.run(go())
    assert [start.ok for start in starts] == [False, False]
    assert sorted(start.why for start in starts) == [
        "CannotPullContainerError: no such image",
        "Essential container in task exited; app: exit code 137",
    ]
    assert notes["failures"] == 2


def test_what_is_beyond_the_desired_count_drains_and_does_not_serve(cloud: Simulated) -> None:
    async def go() -> tuple[int, int, int]:
        watcher = Watcher(cloud)
        await watcher.target.order("orders", 1, "o@1", 60_000, 2)
        await watcher.watch(2)
        return watcher.fleet.desired, watcher.fleet.serving, watcher.fleet.draining

    assert asyncio.run(go()) == (1, 1, 0)


def test_a_rollout_shows_as_one_and_its_old_tasks_still_serve(cloud: Simulated) -> None:
    cloud.aws.world.services[CLUSTER, "orders"].deploying = True

    async def go() -> tuple[bool, int]:
        watcher = Watcher(cloud)
        await watcher.watch(1)
        return watcher.fleet.deploying, watcher.fleet.serving

    assert asyncio.run(go()) == (True, 2)


def test_the_count_that_is_there_already_is_not_ordered_again(cloud: Simulated) -> None:
    assert asyncio.run(Watcher(cloud).target.order("orders", 2, "o@1", 60_000, 2)).ok
    assert cloud.aws.counts["UpdateService"] == 0


def test_a_service_that_is_being_deleted_takes_no_order(cloud: Simulated) -> None:
    cloud.aws.world.services[CLUSTER, "orders"].status = "DRAINING"
    assert "DRAINING" in asyncio.run(Watcher(cloud).target.order("orders", 3, "o@1", 60_000, 2)).error


DENIED = "User: arn:aws:iam::1:role/ff is not authorized to perform: ecs:UpdateService on resource: orders"


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        pytest.param("AccessDeniedException", DENIED, "allow ecs:UpdateService on the role", id="denied"),
        pytest.param(
            "AccessDeniedException", "no", "allow ecs:UpdateService on the role", id="denied-without-its-name"
        ),
        pytest.param("ExpiredTokenException", "", "session token is expired: sign in again", id="expired"),
        pytest.param("UnrecognizedClientException", "", "does not accept these credentials", id="another-account"),
        pytest.param("ThrottlingException", "Rate exceeded", "throttles ecs:UpdateService", id="throttled"),
        pytest.param("ServerException", "oh", f"ecs:UpdateService in {REGION}: ServerException: oh", id="any-other"),
    ],
)
def test_a_failure_says_what_to_do_and_changes_nothing(cloud: Simulated, code: str, said: str, told: str) -> None:
    cloud.aws.fail("UpdateService", code, said)
    receipt = asyncio.run(Watcher(cloud).target.order("orders", 5, "o@1", 60_000, 2))
    assert not receipt.ok
    assert told in receipt.error
    assert cloud.has("orders")["desiredCount"] == 2


def failure_of(aws: Aws) -> str:
    async def go() -> str:
        with pytest.raises(AwsError) as caught:
            await aws.call("ecs", "DescribeServices", cluster=CLUSTER, services=["orders"])
        return str(caught.value)

    return asyncio.run(go())


def test_missing_credentials_are_told_with_the_ways_to_give_them(cloud: Simulated) -> None:
    assert "set AWS_PROFILE" in failure_of(Aws(REGION, lambda: 0, cloud.url, session(keys=False)))


def test_a_missing_region_is_told_with_the_way_to_name_one() -> None:
    assert "set AWS_REGION" in failure_of(Aws(None, lambda: 0, None, session()))


def test_the_region_of_the_task_is_taken_where_the_file_names_none() -> None:
    """ECS on Fargate sets AWS_REGION, which botocore by itself does not read."""
    asked = "from fleetfoot.edge.aws.session import Aws; print(Aws(None, int).region, Aws('eu-west-3', int).region)"
    told = subprocess.run(
        [sys.executable, "-c", asked], env={**os.environ, "AWS_REGION": "eu-north-1"}, capture_output=True, check=True
    ).stdout
    assert told.split() == [b"eu-north-1", b"eu-west-3"]


def test_an_endpoint_nobody_answers_at_asks_whether_the_region_is_right() -> None:
    assert "is the region right" in failure_of(Aws(REGION, lambda: 0, "http://127.0.0.1:1", session()))


def test_a_bucket_gives_its_burst_at_once_and_then_a_steady_pace() -> None:
    at = 0
    bucket = Bucket(3, 5, lambda: at)
    assert [bucket.take() for _ in range(5)] == [0, 0, 0, pytest.approx(0.2), pytest.approx(0.4)]
    at = 1000
    assert bucket.take() == 0
    bucket.empty()
    assert bucket.take() == pytest.approx(0.2)


def test_what_aws_throttles_empties_the_bucket(cloud: Simulated) -> None:
    aws = Watcher(cloud).aws
    assert aws.spare("DescribeTasks") == 1
    cloud.aws.fail("DescribeServices", "ThrottlingException", times=1)
    assert "throttles" in failure_of(aws)
    assert aws.spare("DescribeTasks") == 0


def test_a_thousand_services_are_read_within_the_rates_of_ecs_and_orders_have_their_own() -> None:
    with simulated(held=True) as cloud:
        names = [EcsName(CLUSTER, f"s{number}") for number in range(1000)]
        for name in names:
            cloud.service(name.service, 1, SLOW)
        clock = cloud.aws.world.clock

        def now() -> int:
            return round(clock.now() * 1000)

        aws = Aws(REGION, now, cloud.url, session(), PATIENCE)
        services = Services(aws, names, now)
        sources = [EcsSource(services, name.service, name) for name in names]
        target = EcsTarget(services, {name.service: name for name in names}, now)

        async def go() -> list[int]:
            seen = []
            for _ in range(2):
                readings = await asyncio.gather(*(source.read(now()) for source in sources))
                seen.append(sum(reading.fleet.serving for reading in readings if reading.fleet is not None))
                clock.advance(services.period / 1000)
            receipts = [await target.order(name.service, 2, "o@1", 60_000, 2) for name in names[:50]]
            assert all(receipt.ok for receipt in receipts)
            return seen

        assert asyncio.run(go()) == [1000, 1000]
        assert services.period == 10_000
        assert cloud.aws.counts == {"DescribeServices": 250, "UpdateService": 50}
