"""The tasks of one service in detail, asked for only while an order is open: how long starts take, why tasks stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fleetfoot.core.model import Start
from fleetfoot.edge.aws.services import EcsName
from fleetfoot.edge.aws.session import Answer, Aws
from fleetfoot.edge.base import TaskSeen

MOST = 100  # tasks to a call
PAGES = 10  # of running tasks: a sample of a larger service says as much of its starts
OVER_KEPT = 1000
SETTLED_MS = 10_000  # a task that ended sooner after it ran has not started
EXITS_KEPT = 20
STATES = {"RUNNING": "serving", "DEACTIVATING": "draining", "STOPPING": "draining", "DEPROVISIONING": "draining"}
FAILED = ("TaskFailedToStart", "EssentialContainerExited")
STEPS = {"pull": ("pullStartedAt", "pullStoppedAt"), "attach": ("createdAt", "connectivityAt")}


async def ask(aws: Aws, name: EcsName, known: Iterable[str]) -> tuple[list[Mapping[str, Any]], Answer]:
    """The running tasks, and those that stopped and are not ``known`` to have. Raises AwsError."""
    over, found = set(known), list[Mapping[str, Any]]()
    where = {"cluster": name.cluster, "serviceName": name.service}
    arns, token = list[str](), ""
    for _ in range(PAGES):
        more = {"nextToken": token} if token else {}
        answer = await aws.call("ecs", "ListTasks", **where, desiredStatus="RUNNING", **more)
        arns += answer.data["taskArns"]
        token = answer.data.get("nextToken", "")
        if not token:
            break
    stopped = await aws.call("ecs", "ListTasks", **where, desiredStatus="STOPPED")
    arns += [arn for arn in stopped.data["taskArns"] if arn not in over]
    for i in range(0, len(arns), MOST):
        answer = await aws.call("ecs", "DescribeTasks", cluster=name.cluster, tasks=arns[i : i + MOST])
        found += answer.data["tasks"]
    return found, answer


class Tasks:
    """What the readings have shown so far. The tasks of the first one are nobody's order, and teach nothing."""

    def __init__(self) -> None:
        self.seen: tuple[TaskSeen, ...] = ()
        self.exits: list[dict[str, Any]] = []
        self.failures = 0  # starts in a row
        self.over: list[str] = []  # arns of what stopped: they need not be asked for again
        self._told: set[str] = set()
        self._began: int | None = None
        self._number = 0
        self._steps: dict[str, int] = {}  # of the last start that settled: ms

    def see(self, raws: Iterable[Mapping[str, Any]], answer: Answer) -> tuple[Start, ...]:
        """The starts that came to their end since the last reading."""
        raws = list(raws)
        self._began = answer.at if self._began is None else self._began
        starts = [start for raw in raws if (start := self._start(raw, answer)) is not None]
        self.seen = tuple(_task(raw, answer) for raw in raws if raw["lastStatus"] != "STOPPED")
        self._told &= {str(raw["taskArn"]) for raw in raws}
        self.over += [str(raw["taskArn"]) for raw in raws if raw["lastStatus"] == "STOPPED"]
        del self.over[:-OVER_KEPT]
        return tuple(starts)

    def notes(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.exits:
            found["exits"] = list(self.exits)
        if self.failures:
            found |= {"failures": self.failures, "last_failure": self.exits[-1]}
        if self._steps:
            found["start"] = dict(self._steps)
        return found

    def _start(self, raw: Mapping[str, Any], answer: Answer) -> Start | None:
        arn, created, ran = str(raw["taskArn"]), raw["createdAt"], raw.get("startedAt")
        if arn in self._told or answer.when(created) < (self._began or 0) - SETTLED_MS:
            return None
        stopped = raw["lastStatus"] == "STOPPED"
        lived = answer.at - answer.when(ran) if ran else 0
        if stopped and raw.get("stoppedAt") and ran:
            lived = round((raw["stoppedAt"] - ran).total_seconds() * 1000)
        if stopped and lived < SETTLED_MS and raw.get("stopCode") in FAILED:
            return self._failed(raw)
        if not ran or lived < SETTLED_MS:
            return None
        self.failures = 0
        self._steps = {
            step: round((raw[end] - raw[begin]).total_seconds() * 1000)
            for step, (begin, end) in STEPS.items()
            if raw.get(begin) and raw.get(end)
        }
        return self._next(raw, round((ran - created).total_seconds() * 1000), "")

    def _failed(self, raw: Mapping[str, Any]) -> Start:
        why = why_stopped(raw)
        self.failures += 1
        self.exits = [*self.exits, {"task": _id(raw), "why": why}][-EXITS_KEPT:]
        return self._next(raw, 0, why)

    def _next(self, raw: Mapping[str, Any], span: int, why: str) -> Start:
        self._told.add(str(raw["taskArn"]))
        self._number += 1
        return Start(self._number, _revision(raw), span, not why, why)


def why_stopped(raw: Mapping[str, Any]) -> str:
    """ECS's reason, and of each container that did not end well its own with its exit code."""
    parts = [str(raw.get("stoppedReason") or raw.get("stopCode") or "stopped")]
    for one in raw.get("containers", ()):
        code = one.get("exitCode")
        if one.get("reason") or code not in (None, 0):
            shown = f"exit code {code}" if code is not None else ""
            parts.append(f"{one.get('name', '?')}: {', '.join(filter(None, [shown, one.get('reason', '')]))}")
    return "; ".join(parts)


def _task(raw: Mapping[str, Any], answer: Answer) -> TaskSeen:
    ran = raw.get("startedAt")
    state = STATES.get(str(raw["lastStatus"]), "starting")
    return TaskSeen(
        _id(raw), state, answer.when(raw["createdAt"]), answer.when(ran) if ran else 0,
        zone=str(raw.get("availabilityZone", "")), revision=_revision(raw),
    )  # fmt: skip


def _id(raw: Mapping[str, Any]) -> str:
    return str(raw["taskArn"]).rpartition("/")[2]


def _revision(raw: Mapping[str, Any]) -> str:
    return str(raw.get("taskDefinitionArn", "")).rpartition("/")[2]
