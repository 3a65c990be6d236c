"""`fleetfoot adopt` against moto's server: a service as AWS's describe calls answer it, as a fleetfoot.yaml."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetfoot.sim.aws.clock import REGION
from fleetfoot.spec import load
from fleetfoot.spec.policies import DefaultPolicy, TargetPolicy
from tests.clouds import CLUSTER, Moto, moto

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def cloud() -> Iterator[Moto]:
    with moto() as made:
        yield made


def call(cloud: Moto, *words: str, code: int = 0) -> str:
    ours = {"AWS_ENDPOINT_URL": cloud.url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "fleetfoot", "adopt", "--cluster", CLUSTER, "--region", REGION, *words],
        env={**os.environ, **ours}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def track(cloud: Moto, name: str, percent: float) -> None:
    tracking: dict[str, Any] = {
        "TargetValue": percent,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "ScaleInCooldown": 300,
        "ScaleOutCooldown": 60,
    }
    cloud.client("application-autoscaling").put_scaling_policy(
        PolicyName="cpu", ServiceNamespace="ecs", ResourceId=f"service/{CLUSTER}/{name}",
        ScalableDimension="ecs:service:DesiredCount", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )  # fmt: skip


def test_what_scales_a_service_becomes_a_file_that_control_takes(cloud: Moto, tmp_path: Path) -> None:
    cloud.service("orders", 3)
    cloud.scalable("orders")
    track(cloud, "orders", 60)
    path = tmp_path / "fleetfoot.yaml"
    assert "control --shadow" in call(cloud, "--service", "orders", "-o", str(path))
    (service,) = load(path).services.values()
    assert (service.target, service.ecs.cluster, service.ecs.service, service.ecs.region) == (
        "ecs", CLUSTER, "orders", REGION,
    )  # fmt: skip
    assert (service.capacity.min, service.capacity.max) == (1, 10)
    (only,) = service.policies
    assert isinstance(only, TargetPolicy)
    assert (only.signal, only.value) == ("cpu", 0.6)


def test_a_service_that_nothing_scales_begins_with_its_present_count(cloud: Moto, tmp_path: Path) -> None:
    cloud.service("quiet", 4)
    path = tmp_path / "fleetfoot.yaml"
    call(cloud, "--service", "quiet", "-o", str(path))
    service = load(path).services["quiet"]
    assert (service.capacity.min, service.capacity.max) == (4, 8)
    assert isinstance(service.policies[0], DefaultPolicy)
    assert "is there already" in call(cloud, "--service", "quiet", "-o", str(path), code=2)


def test_a_service_that_is_not_there_is_told(cloud: Moto) -> None:
    cloud.service("some", 1)
    assert "no ECS service nobody in cluster prod" in call(cloud, "--service", "nobody", code=2)
    assert "--service NAME" in call(cloud, code=2)


def test_what_it_may_do_is_printed_and_nothing_of_it_writes(cloud: Moto) -> None:
    rows = json.loads(call(cloud, "--permissions", "--service", "orders"))["Statement"]
    assert all(action.partition(":")[2].startswith("Describe") for row in rows for action in row["Action"])
    assert [row["Resource"] for row in rows if row["Resource"] != "*"] == [
        f"arn:aws:ecs:{REGION}:*:service/{CLUSTER}/orders", f"arn:aws:cloudwatch:{REGION}:*:alarm:*",
    ]  # fmt: skip
