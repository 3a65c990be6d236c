"""What ECS says of the services: DescribeServices for all of them at once, ten to a call."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from fleetfoot.core.model import Fleet, Start
from fleetfoot.edge.aws.errors import AwsError
from fleetfoot.edge.aws.session import Answer, Aws

TENS = 10  # services to a call
SHARE_MS = 20  # who asks within so long of an answer is given the same one
LOOK = "look at ecs: {cluster, service, region}"
A_SECOND = 10  # calls: half of what ECS allows; the rest is for tasks and orders


class EcsName(NamedTuple):
    """A service as ECS knows it."""

    cluster: str
    service: str

    @property
    def resource(self) -> str:
        """Its name in Application Auto Scaling."""
        return f"service/{self.cluster}/{self.service}"


class Seen(NamedTuple):
    """One service in an answer."""

    raw: Mapping[str, Any]
    answer: Answer


class Services:
    """All services of one region, read together."""

    def __init__(self, aws: Aws, names: Iterable[EcsName], now: Callable[[], int]) -> None:
        self.aws = aws
        self._names = tuple(dict.fromkeys(names))
        self._now = now
        self._at = 0
        self._round: asyncio.Future[Mapping[EcsName, Seen | AwsError]] | None = None

    @property
    def period(self) -> int:
        """ms between two readings of all of them that ECS puts up with."""
        return 1000 * max(1, -(-len(self._names) // (TENS * A_SECOND)))

    async def shared(self, name: EcsName) -> Seen:
        """As the round of readings shows it that is under way. Raises AwsError."""
        if self._round is None or (self._round.done() and self._now() - self._at > SHARE_MS):
            self._round = asyncio.ensure_future(self._all())
        found = (await asyncio.shield(self._round))[name]
        if isinstance(found, AwsError):
            raise found
        return found

    async def fresh(self, name: EcsName) -> Seen:
        """As it is now, by a call of its own. Raises AwsError."""
        found = (await self._some([name]))[name]
        if isinstance(found, AwsError):
            raise found
        return found

    async def _all(self) -> Mapping[EcsName, Seen | AwsError]:
        clusters: dict[str, list[EcsName]] = defaultdict(list)
        for name in self._names:
            clusters[name.cluster].append(name)
        tens = [names[i : i + TENS] for names in clusters.values() for i in range(0, len(names), TENS)]
        found: dict[EcsName, Seen | AwsError] = {}
        for part in await asyncio.gather(*(self._some(names) for names in tens)):
            found |= part
        self._at = self._now()
        return found

    async def _some(self, names: list[EcsName]) -> dict[EcsName, Seen | AwsError]:
        """At most ten of one cluster."""
        cluster = names[0].cluster
        try:
            answer = await self.aws.call(
                "ecs", "DescribeServices", cluster=cluster, services=[name.service for name in names]
            )
        except AwsError as failure:
            return dict.fromkeys(names, self._named(failure, cluster))
        there = {raw["serviceName"]: Seen(raw, answer) for raw in answer.data["services"]}
        return {name: there.get(name.service) or self._missing(name) for name in names}

    def _named(self, failure: AwsError, cluster: str) -> AwsError:
        if failure.code != "ClusterNotFoundException":
            return failure
        return AwsError(f"there is no ECS cluster {cluster} in {self.aws.region}: {LOOK}", failure.code)

    def _missing(self, name: EcsName) -> AwsError:
        where = f"in cluster {name.cluster} of {self.aws.region}"
        return AwsError(f"there is no ECS service {name.service} {where}: {LOOK}", "MISSING")


def fleet_of(seen: Seen, starts: tuple[Start, ...] = ()) -> Fleet:
    """The tasks as the service's counts show them. Beyond what is desired, and with no rollout, tasks drain."""
    raw = seen.raw
    desired, running = int(raw["desiredCount"]), int(raw["runningCount"])
    deployments = raw.get("deployments", ())
    primary: Mapping[str, Any] = next((one for one in deployments if one.get("status") == "PRIMARY"), {})
    rollout = len(deployments) > 1
    serving = running if rollout else min(running, desired)
    return Fleet(
        at=seen.answer.at,
        desired=desired,
        serving=serving,
        starting=max(desired - running, 0),
        draining=running - serving,
        failed=0,
        revision=str(primary.get("taskDefinition") or raw.get("taskDefinition", "")).rpartition("/")[2],
        deploying=rollout,
        starts=starts,
    )
