"""`fleetfoot control` as a process, on a simulated ECS whose tasks push for real."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetfoot.face.cli.common import ask
from fleetfoot.face.trial.ecs import CLUSTER, NAME, Trial
from tests.support import short_tmp, wait_until

pytestmark = [pytest.mark.network, pytest.mark.slow]

RESOURCE = f"service/{CLUSTER}/{NAME}"


@pytest.fixture
def trial() -> Iterator[Trial]:
    """Two tasks of 20/s under 20/s; the service is a scalable target of Application Auto Scaling too."""
    with short_tmp() as folder:
        made = Trial(folder, tasks=2, rate=20.0)
        made.aws.world.register(RESOURCE, 2, 60)
        with made:
            yield made


def call(trial: Trial, *words: str, code: int = 0) -> str:
    command = [sys.executable, "-P", "-m", "fleetfoot", *words]
    done = subprocess.run(
        command, env=trial.environment(), capture_output=True, text=True, timeout=60, check=False, cwd=trial.folder
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def status(trial: Trial, folder: str = ".fleetfoot") -> dict[str, Any]:
    seen: dict[str, Any] = ask(trial.folder / folder, "GET", "/api/v1/status")["services"][NAME]
    return seen


def pushed(trial: Trial, folder: str = ".fleetfoot") -> bool:
    """Whether the controller has seen all tasks push."""
    signal = status(trial, folder)["signals"].get("requests")
    return signal is not None and signal["state"] == "fresh" and signal["coverage"] == 1.0


def held(trial: Trial) -> dict[str, bool]:
    state: dict[str, bool] = trial.aws.world.scalable[RESOURCE]["SuspendedState"]
    return state


def test_a_surge_is_ordered_of_ecs_and_its_tasks_come_to_serve_it(trial: Trial) -> None:
    wait_until(lambda: pushed(trial), what="the tasks' pushes to be seen")
    trial.surge(160)
    wait_until(lambda: len(trial.service.serving(trial.aws.world.clock.now())) >= 8, what="eight tasks to serve")
    wait_until(lambda: status(trial)["learnt"]["startup_p50"] == 2000, what="the start-up to be learnt")
    assert "fleetfoot control" in call(trial, "up", "--state", "elsewhere", code=2)
    assert "the platform" in call(trial, "zone", "lost", NAME, "a", code=2)
    assert "the platform" in call(trial, "zone", "list", code=2)
    assert "a new task definition" in call(trial, "update", code=2)
    assert " -> " in call(trial, "why", NAME)


def test_scale_in_of_aws_is_suspended_while_it_runs_and_until_release(trial: Trial) -> None:
    wait_until(lambda: held(trial)["DynamicScalingInSuspended"], what="scale-in to be suspended")
    assert not held(trial)["DynamicScalingOutSuspended"]
    assert "end it first" in call(trial, "release", code=2)
    assert "already" in call(trial, "control", code=2)
    trial.end(hard=True)
    assert held(trial)["DynamicScalingInSuspended"]
    told = json.loads(call(trial, "release", "--json"))
    assert told == {"ok": True, "released": [RESOURCE], "suspended": [], "problems": []}
    assert not held(trial)["DynamicScalingInSuspended"]
    assert "nothing was suspended" in call(trial, "release")
    held(trial)["DynamicScalingInSuspended"] = True
    assert f"--resource-id {RESOURCE}" in call(trial, "release")
    trial.aws.fail("DescribeScalableTargets", "AccessDeniedException", "no")
    assert "allow application-autoscaling:DescribeScalableTargets" in call(trial, "release", code=2)


def test_a_controller_that_is_killed_leaves_the_count_and_its_successor_gives_no_wrong_order(trial: Trial) -> None:
    wait_until(lambda: pushed(trial), what="the tasks' pushes to be seen")
    trial.surge(100)
    trial.crowd.rate = 20.0
    trial.end(hard=True)
    count, orders = trial.service.desired, len(trial.service.updates)
    assert count > 2
    trial.begin()
    wait_until(lambda: pushed(trial), what="the tasks to push to the successor")
    seen = status(trial)
    assert seen["fleet"]["desired"] == count
    assert seen["decision"]["action"] == "hold"
    assert len(trial.service.updates) == orders


def test_what_aws_itself_says_of_the_service_is_shown_beside(trial: Trial) -> None:
    trial.service.broken.append(("CannotPullContainerError: no such image", None))
    trial.service.desired = 3
    wait_until(lambda: "CannotPull" in call(trial, "status", "--aws"), 60, what="the failed start to be told")
    wait_until(lambda: held(trial)["DynamicScalingInSuspended"], 20, what="scale-in to be suspended")
    told = json.loads(call(trial, "status", "--aws", "--json"))[NAME]
    assert (told["status"], told["scaling"]["suspended"]) == ("ACTIVE", ["DynamicScalingInSuspended"])
    assert told["stack"] is None
    assert "there is no service 'nobody' with target: ecs: there are orders" in call(
        trial, "status", "nobody", "--aws", code=2
    )


def test_a_shadow_sees_the_surge_and_orders_nothing(trial: Trial) -> None:
    trial.end()
    trial.begin("--shadow")
    folder = ".fleetfoot-shadow"
    wait_until(lambda: pushed(trial, folder), what="the tasks' pushes to be seen")
    trial.crowd.rate = 100.0
    wait_until(lambda: status(trial, folder)["fleet"]["desired"] > 2, what="the shadow to grow")
    wait_until(lambda: status(trial, folder)["fleet"]["serving"] > 2, what="the tasks it would have")
    wait_until(lambda: pushed(trial, folder), what="the real tasks' pushes to be all there ought to be")
    assert trial.service.updates == []
    assert trial.aws.counts["UpdateService"] == 0


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        pytest.param(
            ("cluster: prod", "cluster: prod, service: nobody"), "no ECS service nobody in cluster prod", id="service"
        ),
        pytest.param(("cluster: prod", "cluster: nowhere"), "no ECS cluster nowhere in", id="cluster"),
        pytest.param(("target: ecs", "target: ecs, task: {warm: 2}"), "has no warm tasks", id="warm-tasks"),
    ],
)
def test_what_is_wrong_ends_it_in_words_and_changes_nothing(tmp_path: Path, edit: tuple[str, str], told: str) -> None:
    trial = Trial(tmp_path, tasks=2, rate=0)
    text = "services: {orders: {target: ecs, ecs: {cluster: prod, region: ap-northeast-2}}}".replace(*edit)
    trial.file.write_text(text)
    with trial.aws:
        assert told in call(trial, "control", code=2)
        assert trial.aws.counts["UpdateService"] == trial.aws.counts["RegisterScalableTarget"] == 0


def test_expired_and_denied_credentials_end_it_in_words(tmp_path: Path) -> None:
    trial = Trial(tmp_path, tasks=2, rate=0)
    with trial.aws:
        trial.aws.fail("DescribeServices", "ExpiredTokenException", "The security token is expired")
        assert "sign in again" in call(trial, "control", code=2)
        said = "User: me is not authorized to perform: ecs:DescribeServices on resource: x"
        trial.aws.fail("DescribeServices", "AccessDeniedException", said)
        assert "allow ecs:DescribeServices" in call(trial, "control", code=2)
