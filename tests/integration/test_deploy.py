"""`fleetfoot deploy` and `destroy` on the simulated AWS: shown first, asked, followed, and explained when it fails."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleetfoot.face.cli import main
from fleetfoot.sim.aws.clock import REGION
from tests.clouds import Simulated, simulated
from tests.support import wait_until

pytestmark = pytest.mark.network

SPEC = """
services:
  orders:
    target: ecs
    ecs: {cluster: prod, region: ap-northeast-2}
    capacity: {min: 2, max: 14}
    task: {throughput: 20/s, startup: 30s, cpu: 0.5, memory: 1 GB}
    provision: {app: shop, port: 8080, nat: NATS}
"""
IMAGES = ("--set", "Image=orders:1", "--set", "ControllerImage=fleetfoot:1")


@pytest.fixture
def cloud() -> Iterator[Simulated]:
    with simulated() as made:
        made.aws.world.stacks.pace = 0.0
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "fleetfoot.yaml"
    made.write_text(SPEC.replace("NATS", "2"))
    return made


def keys(cloud: Simulated) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL": cloud.url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


def call(cloud: Simulated, *words: str, code: int = 0, **env: str) -> Result:
    done = CliRunner(env=keys(cloud) | env).invoke(main, words)
    assert done.exit_code == code, done.output
    return done


def test_the_stack_is_in_what_aws_says_of_the_service(cloud: Simulated, file: Path) -> None:
    cloud.aws.world.service("prod", "orders", 2)
    call(cloud, "deploy", str(file), *IMAGES, "--yes")
    shown = call(cloud, "status", "--aws", "-f", str(file)).stdout
    assert shown.startswith(
        "orders  service/prod/orders in ap-northeast-2  active  2 running, 0 pending of 2 desired\n"
    )
    assert "  Application Auto Scaling does not scale it\n  stack shop: CREATE_COMPLETE\n" in shown


def status(cloud: Simulated) -> str | None:
    there = cloud.aws.world.stacks.find("shop")
    return None if there is None else there.status


def test_a_stack_is_made_changed_and_removed(cloud: Simulated, file: Path) -> None:
    made = call(cloud, "deploy", str(file), *IMAGES, "--yes")
    assert "shop: a new stack of" in made.stdout
    assert "  + EC2::VPC" in made.stdout
    # two and fourteen tasks of 0.5 vCPU and 1 GB at Seoul's prices: (0.5 x 0.04656 + 0.00511) x 730 = 20.72 each
    assert "its tasks cost 41 to 290 USD a month" in made.stdout
    assert "shop: CREATE_COMPLETE" in made.stdout
    assert "  Url                      http://loadbalancer.dnsname.simulated" in made.stdout
    assert "nothing changes" in call(cloud, "deploy", str(file), "--yes").stdout
    newer = call(cloud, "deploy", str(file), "--set", "Image=orders:2", "--yes").stdout
    assert (
        "  ~ ECS::TaskDefinition                        TaskDefinition (ContainerDefinitions): a new revision" in newer
    )
    assert "shop: UPDATE_COMPLETE" in newer
    gone = call(cloud, "destroy", str(file), "--confirm", "shop").stdout
    assert "  ! ECR::Repository" in gone
    assert "AccessLogsPolicy, with" not in gone
    assert "shop is removed; its template keeps Repository, AccessLogs" in gone
    assert status(cloud) is None


def test_what_would_change_can_be_looked_at_and_leaves_nothing(cloud: Simulated, file: Path) -> None:
    fewer = call(cloud, "deploy", str(file), *IMAGES, "--set", "MinTasks=4", "--show").stdout
    assert "83 to 290 USD a month (4 to 14 on demand" in fewer
    shown = call(cloud, "deploy", str(file), *IMAGES, "--show", "--json")
    found: dict[str, Any] = json.loads(shown.stdout)
    assert (found["ok"], found["done"], found["stack"]) == (True, False, "shop")
    assert {one["action"] for one in found["changes"]} == {"Add"}
    assert status(cloud) is None


def test_nothing_that_is_there_goes_without_the_stacks_name(cloud: Simulated, file: Path) -> None:
    call(cloud, "deploy", str(file), *IMAGES, "--yes")
    file.write_text(SPEC.replace("NATS", "1"))
    refused = call(cloud, "deploy", str(file), "--yes", code=2)
    assert "  - EC2::NatGateway                            NatGatewayB: it goes" in refused.stdout
    assert "write --confirm shop to go on; nothing was changed" in refused.stderr
    assert "--confirm shops is not the stack's name" in call(
        cloud, "deploy", str(file), "--confirm", "shops", code=2
    ).stderr  # fmt: skip
    assert "write --confirm shop" in call(cloud, "destroy", str(file), code=2).stderr
    assert status(cloud) == "CREATE_COMPLETE"
    assert "UPDATE_COMPLETE" in call(cloud, "deploy", str(file), "--confirm", "shop").stdout


def test_a_step_that_fails_is_told_by_its_first_cause_and_what_to_do_next(cloud: Simulated, file: Path) -> None:
    cloud.aws.world.stacks.failing["NatGatewayB"] = "The maximum number of addresses has been reached."
    failed = call(cloud, "deploy", str(file), *IMAGES, "--yes", code=1).stderr
    assert "shop is ROLLBACK_COMPLETE, the first cause: NatGatewayB (AWS::EC2::NatGateway): The maximum" in failed
    assert "fleetfoot destroy --stack shop" in failed
    assert "can only be removed" in call(cloud, "deploy", str(file), *IMAGES, "--yes", code=2).stderr
    told = json.loads(call(cloud, "destroy", str(file), "--confirm", "shop", "--json").stdout)
    assert (told["ok"], told["status"]) == (True, "DELETE_COMPLETE")
    cloud.aws.world.stacks.failing.clear()
    done = json.loads(call(cloud, "deploy", str(file), *IMAGES, "--yes", "--json").stdout)
    assert (done["ok"], done["outputs"]["ClusterName"]) == (True, "cluster.simulated")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param((), "--set Image=VALUE            The image of a task", id="a parameter that is missing"),
        pytest.param((*IMAGES, "--set", "Imag=x"), "has no parameter Imag: it has", id="one that is not there"),
        pytest.param(("--set", "Image"), "write NAME=VALUE", id="one without a value"),
        pytest.param((*IMAGES, "--set", "MinTasks=-4"), "write a whole number of tasks", id="less than no task"),
        pytest.param(IMAGES, "write --yes to go on; nothing was changed", id="nobody to ask"),
    ],
)
def test_what_is_not_said_is_asked_for(cloud: Simulated, file: Path, words: tuple[str, ...], told: str) -> None:
    assert told in call(cloud, "deploy", str(file), *words, code=2).stderr
    assert status(cloud) is None


def test_a_file_that_is_no_parameter_any_more_is_refused(cloud: Simulated, file: Path) -> None:
    file.write_text(file.read_text() + "# " + "x" * 4100)
    assert "a parameter of CloudFormation takes 4,096" in call(cloud, "deploy", str(file), *IMAGES, code=2).stderr


def test_what_aws_refuses_is_told_in_words_and_changes_nothing(cloud: Simulated, file: Path) -> None:
    cloud.aws.fail(
        "CreateChangeSet", "AccessDenied", "User is not authorized to perform: cloudformation:CreateChangeSet"
    )
    assert "allow cloudformation:CreateChangeSet" in call(cloud, "deploy", str(file), *IMAGES, code=2).stderr
    cloud.aws.fail("DescribeStacks", "ExpiredToken", "The security token included in the request is expired")
    assert "sign in again" in call(cloud, "deploy", str(file), *IMAGES, code=2).stderr
    cloud.aws.mend()
    assert status(cloud) is None
    assert "there is no stack shop there" in call(cloud, "destroy", str(file), code=2).stderr


def test_the_region_of_the_surroundings_is_taken_where_the_file_names_none(cloud: Simulated, file: Path) -> None:
    file.write_text(file.read_text().replace(", region: ap-northeast-2", ""))
    assert "no region is known" in call(cloud, "deploy", str(file), *IMAGES, "--show", code=2).stderr
    assert "a new stack" in call(cloud, "deploy", str(file), *IMAGES, "--show", AWS_REGION=REGION).stdout


def test_a_person_types_the_name(cloud: Simulated, file: Path) -> None:
    call(cloud, "deploy", str(file), *IMAGES, "--yes")
    person, theirs = pty.openpty()
    for typed, code in ((b"shops\n", 2), (b"shop\n", 0)):
        command = [sys.executable, "-P", "-m", "fleetfoot", "destroy", str(file)]
        process = subprocess.Popen(
            command, env={**os.environ, **keys(cloud)}, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        os.write(person, typed)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == code, out
    os.close(person)
    os.close(theirs)
    wait_until(lambda: status(cloud) is None, 30, what="the stack to be gone")
