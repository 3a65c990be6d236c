"""Services on a simulated ECS: tasks are placed, pull, run, drain and stop; what fails is started again.

Nothing here has a thread: the world catches up with its clock whenever somebody looks (``settle``).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fleetfoot.sim.aws.clock import ACCOUNT, REGION, SimClock
from fleetfoot.sim.aws.stacks import Stacks
from fleetfoot.sim.setup import Setup

PLACED = 0.15  # of the start-up: a network interface is attached, then the image is pulled
KEPT_S = 3600.0  # so long a stopped task is told of
ZONES = ("a", "b")
DIMENSION = "ecs:service:DesiredCount"
SCALE_IN, SCALE_OUT = "DynamicScalingInSuspended", "DynamicScalingOutSuspended"
SUSPENDABLE = (SCALE_IN, SCALE_OUT, "ScheduledScalingSuspended")
LAUNCH = (100, 20.0)  # tasks at once and a second: what Fargate starts for one account


class Allowance:
    """``burst`` at once, and ``rate`` more a second."""

    def __init__(self, burst: float, rate: float) -> None:
        self.burst, self.rate = burst, rate
        self._left, self._at = burst, 0.0

    def take(self, now: float) -> bool:
        """Whether there is one left; ``now``: s."""
        self._left = min(self.burst, self._left + max(now - self._at, 0.0) * self.rate)
        self._at = max(now, self._at)
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(slots=True)
class Task:
    """All times in s; ``runs`` lies ahead while it starts. ``fails``: why it never runs."""

    id: str
    definition: str
    zone: str
    created: float
    runs: float
    fails: str = ""
    code: int | None = None  # exit code of what fails
    leaves: float | None = None  # taken out of the target group
    ends: float | None = None

    def status(self, now: float) -> str:
        if self.ends is not None and now >= self.ends:
            return "STOPPED"
        if self.leaves is not None and now >= self.leaves:
            return "DEACTIVATING" if self.runs <= now else "STOPPING"
        if now >= self.runs:
            return "RUNNING"
        return "PROVISIONING" if now < self.created + PLACED * (self.runs - self.created) else "PENDING"

    def raw(self, now: float, cluster: str) -> dict[str, Any]:
        """As DescribeTasks answers it."""
        status, pull = self.status(now), self.created + PLACED * (self.runs - self.created)
        times: dict[str, float | None] = {"createdAt": self.created}
        times |= {"connectivityAt": pull, "pullStartedAt": pull, "pullStoppedAt": self.runs, "startedAt": self.runs}
        times |= {"stoppingAt": self.leaves, "stoppedAt": self.ends}
        ran = not self.fails or self.code is not None
        shown = {name: at for name, at in times.items() if at is not None and at <= now and (ran or at < self.runs)}
        stopped: dict[str, Any] = {}
        if status == "STOPPED":
            why = ("EssentialContainerExited" if self.code is not None else "TaskFailedToStart") if self.fails else ""
            stopped = {
                "stopCode": why or "ServiceSchedulerInitiated",
                "stoppedReason": self.fails or "Scaling activity",
            }
        code = {"exitCode": self.code} if status == "STOPPED" and self.code is not None else {}
        return {
            "taskArn": arn("task", cluster, self.id), "taskDefinitionArn": definition_arn(self.definition),
            "lastStatus": status, "desiredStatus": "STOPPED" if status in ("STOPPED", "DEACTIVATING") else "RUNNING",
            "availabilityZone": REGION + self.zone, "containers": [{"name": "app", **code}], **shown, **stopped,
        }  # fmt: skip


@dataclass(slots=True)
class Service:
    """One service. ``broken``: the next tasks that fail, as (why, exit code)."""

    cluster: str
    name: str
    desired: int
    setup: Setup
    definition: str = "orders:1"
    status: str = "ACTIVE"
    tasks: list[Task] = field(default_factory=list)
    broken: list[tuple[str, int | None]] = field(default_factory=list)
    updates: list[tuple[float, int]] = field(default_factory=list)  # when UpdateService set which count
    scaled: list[tuple[float, int]] = field(default_factory=list)  # when Application Auto Scaling set which count
    deploying: bool = False

    @property
    def resource(self) -> str:
        """Its name as a scalable target."""
        return f"service/{self.cluster}/{self.name}"

    def running(self, now: float) -> list[Task]:
        return [task for task in self.tasks if task.status(now) == "RUNNING"]

    def serving(self, now: float) -> list[Task]:
        """What a load balancer would send requests to."""
        return [task for task in self.running(now) if now >= task.runs + self.setup.registration / 1000]


class Scales(Protocol):
    """What sets the count of a service beside UpdateService; ``sim.aws.scaling``."""

    def tell(self, at: float, measured: Mapping[str, float]) -> None: ...

    def look(self, service: Service, target: Mapping[str, Any], now: float) -> int | None: ...


class World:
    """All services of one account in one region."""

    def __init__(self, clock: SimClock, seed: int = 1) -> None:
        self.clock = clock
        self.services: dict[tuple[str, str], Service] = {}
        self.scalable: dict[str, dict[str, Any]] = {}  # resource id -> a scalable target of Application Auto Scaling
        self.scaling: dict[str, Scales] = {}  # resource id -> what acts on that target by policies and alarms
        self.metrics: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[tuple[float, float]]] = {}
        self.queues: dict[str, tuple[int, int]] = {}  # name -> messages visible and in flight
        self.stacks = Stacks(clock)
        self._random = random.Random(seed)
        self._launches = Allowance(*LAUNCH)
        self._number = 0
        self._seen = clock.now()
        self._settling = threading.Lock()  # who asks and who works may look at once

    def service(self, cluster: str, name: str, desired: int, setup: Setup | None = None) -> Service:
        """A service whose tasks run already."""
        made = self.services[cluster, name] = Service(cluster, name, desired, setup or Setup())
        now = self.clock.now()
        made.tasks = [self._task(made, now - 3600, now - 3600) for _ in range(desired)]
        return made

    def register(self, resource: str, least: int, most: int) -> dict[str, Any]:
        """A new scalable target; nothing of it is suspended."""
        made = self.scalable[resource] = {
            "ServiceNamespace": "ecs", "ResourceId": resource, "ScalableDimension": DIMENSION,
            "MinCapacity": least, "MaxCapacity": most, "RoleARN": "arn:aws:iam::role",
            "CreationTime": self.clock.now(), "SuspendedState": dict.fromkeys(SUSPENDABLE, False),
        }  # fmt: skip
        return made

    def settle(self) -> float:
        """Catch up with the clock, second by second, so that what fails is started again in its time; s."""
        with self._settling:
            now = self.clock.now()
            while self._seen + 1.0 <= now:
                self._seen += 1.0
                for service in self.services.values():
                    self._look(service, self._seen)
                    self._scale(service, self._seen)
            for service in self.services.values():
                self._scale(service, now)
        return now

    def _look(self, service: Service, now: float) -> None:
        """What Application Auto Scaling does."""
        name = service.resource
        if name not in self.scaling:
            return
        wanted = self.scaling[name].look(service, self.scalable[name], now)
        if wanted is not None:
            service.desired = wanted
            service.scaled.append((now, wanted))

    def _scale(self, service: Service, now: float) -> None:
        """What ECS's service scheduler does: start what is missing, stop what is too much, forget what is long gone."""
        for task in service.tasks:
            if task.fails and task.ends is None and now >= task.runs:
                task.ends = task.runs
        service.tasks = [task for task in service.tasks if task.ends is None or now - task.ends < KEPT_S]
        active = [task for task in service.tasks if task.leaves is None and task.ends is None]
        for _ in range(service.desired - len(active)):
            if not self._launches.take(now):
                break
            service.tasks.append(self._launch(service, now))
        for task in sorted(active, key=lambda task: -task.runs)[: max(len(active) - service.desired, 0)]:
            task.leaves = now
            task.ends = now + (service.setup.drain / 1000 if task.runs <= now else 0.0)

    def _launch(self, service: Service, now: float) -> Task:
        setup = service.setup
        spread = self._random.lognormvariate(0, setup.startup_spread) if setup.startup_spread else 1.0
        task = self._task(service, now, now + setup.startup / 1000 * spread)
        if service.broken:
            task.fails, task.code = service.broken.pop(0)
        elif self._random.random() < setup.failed_starts:
            task.fails, task.code = "Essential container in task exited", 1
        return task

    def _task(self, service: Service, created: float, runs: float) -> Task:
        self._number += 1
        return Task(f"{self._number:032x}", service.definition, ZONES[self._number % len(ZONES)], created, runs)

    def measured(self, service: Service, values: Mapping[str, float]) -> None:
        """What its tasks measured in the last second, for what scales it."""
        if service.resource in self.scaling:
            self.scaling[service.resource].tell(self.clock.now(), values)

    def every_task(self, cluster: str) -> Iterator[Task]:
        for service in self.services.values():
            if service.cluster == cluster:
                yield from service.tasks


def arn(kind: str, cluster: str, name: str) -> str:
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:{kind}/{cluster}/{name}"


def definition_arn(definition: str) -> str:
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{definition}"
