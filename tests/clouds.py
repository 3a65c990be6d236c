"""Two stand-ins for AWS behind one face: moto's server, and our own simulated AWS. And the line to either."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

import botocore.session

from fleetfoot.edge.aws.session import Aws
from fleetfoot.sim.aws.clock import REGION, SimClock
from fleetfoot.sim.aws.metrics import key_of
from fleetfoot.sim.aws.server import SimulatedAws
from fleetfoot.sim.aws.world import World
from fleetfoot.sim.setup import Setup
from tests.support import PATIENCE

CLUSTER = "prod"
QUICK = Setup(startup=0, registration=0, drain=0)


def now() -> int:
    return time.time_ns() // 1_000_000


@functools.cache
def session(keys: bool = True) -> Any:
    """botocore's, which knows nothing of this machine's settings."""
    made = botocore.session.Session()
    for name, value in (
        ("config_file", ""),
        ("credentials_file", ""),
        ("region", None),
        ("metadata_service_num_attempts", 0),
    ):
        made.set_config_variable(name, value)
    if keys:
        made.set_credentials("key", "secret")
    return made


def line(url: str, read_s: float = PATIENCE) -> Aws:
    return Aws(REGION, now, url, session(), read_s)


class Cloud(Protocol):
    """What a test may arrange beside the calls it makes."""

    url: str

    def service(self, name: str, desired: int) -> None: ...

    def scalable(self, name: str) -> None: ...

    def metric(self, namespace: str, name: str, values: dict[float, float], dimensions: dict[str, str]) -> None: ...

    def queue(self, name: str, visible: int, in_flight: int) -> None: ...

    def has(self, name: str) -> dict[str, Any]:
        """The service as DescribeServices answers it."""
        ...

    def suspended(self, name: str) -> bool: ...


class _Asked:
    """Looks at a cloud through botocore alone, beside the code under test."""

    url: str

    def client(self, api: str) -> Any:
        return session().create_client(api, region_name=REGION, endpoint_url=self.url)

    def has(self, name: str) -> dict[str, Any]:
        (found,) = self.client("ecs").describe_services(cluster=CLUSTER, services=[name])["services"]
        return dict(found)

    def suspended(self, name: str) -> bool:
        raws = self.client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace="ecs", ResourceIds=[f"service/{CLUSTER}/{name}"]
        )
        return bool(raws["ScalableTargets"][0].get("SuspendedState", {}).get("DynamicScalingInSuspended"))

    def scalable(self, name: str) -> None:
        self.client("application-autoscaling").register_scalable_target(
            ServiceNamespace="ecs", ResourceId=f"service/{CLUSTER}/{name}",
            ScalableDimension="ecs:service:DesiredCount", MinCapacity=1, MaxCapacity=10,
        )  # fmt: skip


class Simulated(_Asked):
    def __init__(self, aws: SimulatedAws) -> None:
        self.aws, self.url = aws, aws.url

    def service(self, name: str, desired: int, setup: Setup = QUICK) -> None:
        self.aws.world.service(CLUSTER, name, desired, setup)

    def metric(self, namespace: str, name: str, values: dict[float, float], dimensions: dict[str, str]) -> None:
        named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        key = key_of({"Namespace": namespace, "MetricName": name, "Dimensions": named})
        self.aws.world.metrics[key] = list(values.items())

    def queue(self, name: str, visible: int, in_flight: int) -> None:
        self.aws.world.queues[name] = (visible, in_flight)


class Moto(_Asked):
    def __init__(self, url: str) -> None:
        self.url = url

    def service(self, name: str, desired: int) -> None:
        ecs = self.client("ecs")
        ecs.create_cluster(clusterName=CLUSTER)
        container = {"name": "app", "image": "app", "cpu": 1, "memory": 1}
        ecs.register_task_definition(family=name, containerDefinitions=[container])
        ecs.create_service(cluster=CLUSTER, serviceName=name, taskDefinition=name, desiredCount=desired)

    def metric(self, namespace: str, name: str, values: dict[float, float], dimensions: dict[str, str]) -> None:
        named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        data = [
            {"MetricName": name, "Dimensions": named, "Value": value, "StorageResolution": 1,
             "Timestamp": datetime.fromtimestamp(at, UTC)}
            for at, value in values.items()
        ]  # fmt: skip
        self.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)

    def queue(self, name: str, visible: int, in_flight: int) -> None:
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        for number in range(visible + in_flight):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
        for _ in range(in_flight):
            sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)


@contextlib.contextmanager
def simulated(held: bool = False) -> Iterator[Simulated]:
    with SimulatedAws(World(SimClock(held))) as aws:
        yield Simulated(aws)


@contextlib.contextmanager
def moto() -> Iterator[Moto]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield Moto(f"http://{host}:{port}")
    finally:
        server.stop()
