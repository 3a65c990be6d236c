"""The simulated AWS itself: what it answers, what it refuses, and that it throttles as published."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest

from fleetfoot.sim.aws.calls import CALLS
from tests.clouds import CLUSTER, Simulated, simulated

pytestmark = pytest.mark.network


@pytest.fixture
def cloud() -> Iterator[Simulated]:
    with simulated(held=True) as made:
        made.service("orders", 2)
        yield made


def error_of(cloud: Simulated, api: str, call: str, **arguments: Any) -> str:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        getattr(cloud.client(api), call)(**arguments)
    return str(caught.value)


def test_a_call_that_is_not_in_the_table_is_refused_with_what_is(cloud: Simulated) -> None:
    told = error_of(cloud, "ecs", "list_clusters")
    assert "has no AmazonEC2ContainerServiceV20141113.ListClusters" in told
    assert "UpdateService" in told


def test_a_field_that_is_not_in_the_table_is_refused_by_name(cloud: Simulated) -> None:
    told = error_of(
        cloud, "ecs", "update_service", cluster=CLUSTER, service="orders", desiredCount=3, forceNewDeployment=True
    )
    assert "reads no forceNewDeployment" in told
    assert cloud.has("orders")["desiredCount"] == 2


def test_a_request_without_a_signature_is_refused(cloud: Simulated) -> None:
    target = next(name for name in CALLS if name.endswith(".DescribeServices"))
    request = urllib.request.Request(cloud.url, b"{}", {"X-Amz-Target": target})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)
    assert json.loads(caught.value.read())["__type"] == "MissingAuthenticationTokenException"
    caught.value.close()


def test_more_updates_than_published_are_throttled_until_time_passes(cloud: Simulated) -> None:
    ecs = cloud.client("ecs")
    for count in range(50):
        ecs.update_service(cluster=CLUSTER, service="orders", desiredCount=count)
    arguments = {"cluster": CLUSTER, "service": "orders", "desiredCount": 1}
    assert "ThrottlingException" in error_of(cloud, "ecs", "update_service", **arguments)
    body = json.dumps({"seconds": 0.2}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{cloud.url}/_sim/advance", body), timeout=60).close()
    ecs.update_service(**arguments)


def test_no_more_than_a_hundred_tasks_start_at_once_and_then_twenty_a_second(cloud: Simulated) -> None:
    cloud.client("ecs").update_service(cluster=CLUSTER, service="orders", desiredCount=150)
    world = cloud.aws.world
    service = world.services[CLUSTER, "orders"]
    started = []
    for _ in range(4):
        world.settle()
        started.append(len(service.tasks))
        world.clock.advance(1)
    assert started == [102, 122, 142, 150]


def test_a_task_that_fails_is_started_again(cloud: Simulated) -> None:
    world = cloud.aws.world
    service = world.services[CLUSTER, "orders"]
    service.broken = [("CannotPullContainerError", None)]
    cloud.client("ecs").update_service(cluster=CLUSTER, service="orders", desiredCount=3)
    world.clock.advance(2)
    now = world.settle()
    assert sorted(task.status(now) for task in service.tasks) == ["RUNNING", "RUNNING", "RUNNING", "STOPPED"]
