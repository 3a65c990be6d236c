"""Wires what stands on AWS: services on ECS, and signals from CloudWatch and SQS. One line for each region."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from fleetfoot.edge.aws.backstop import Backstop
from fleetfoot.edge.aws.errors import THROTTLED, AwsError
from fleetfoot.edge.aws.services import EcsName, Services
from fleetfoot.edge.aws.session import PATIENT_S, READ_S, Aws
from fleetfoot.edge.base import Source, Target
from fleetfoot.edge.sources.cloudwatch import CloudWatchSource, Metric, Metrics
from fleetfoot.edge.sources.ecs import EcsSource
from fleetfoot.edge.sources.sqs import SqsSource
from fleetfoot.edge.targets.ecs import EcsTarget
from fleetfoot.run.clock import Now
from fleetfoot.spec import Service, SignalSpec, Spec
from fleetfoot.spec.cloudwatch import METRICS

log = logging.getLogger("fleetfoot.aws")

AGAIN_S = 30.0
ECS_PERIOD = 60_000  # ms, of what every service has; its 20-second metrics are a signal of one's own
PASSING = (
    "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ServerException", "ServiceUnavailable",
    "InternalFailure", *THROTTLED,
)  # fmt: skip


@dataclass(slots=True)
class OnAws:
    """What a file has on AWS, connected. Raises NotInstalled when it is made without the extra."""

    sources: list[Source] = field(default_factory=list)
    targets: dict[str, Target] = field(default_factory=dict)
    backstops: list[Backstop] = field(default_factory=list)
    lines: list[Aws] = field(default_factory=list)

    async def hold(self) -> None:
        """Suspend the scale-in of Application Auto Scaling, however long that takes to succeed in a region."""
        await asyncio.gather(*map(_held, self.backstops))

    def close(self) -> None:
        for line in self.lines:
            line.close()


async def _held(backstop: Backstop) -> None:
    while True:
        try:
            for name in await backstop.hold():
                log.info("%s: AWS's own scale-in is suspended, its scale-out stays armed", name)
        except (AwsError, OSError) as failure:
            log.warning("AWS's own scale-in may undo what is ordered: %s", failure)
        else:
            return
        await asyncio.sleep(AGAIN_S)


def name_of(service: Service) -> EcsName:
    """What the service is called on ECS."""
    return EcsName(service.ecs.cluster, service.ecs.service or service.name)


def connect(spec: Spec, state: Path, now: Now, read_s: float = READ_S) -> OnAws:
    """Everything the file has on AWS; nothing is asked yet. ``read_s``: see ``Aws``. Raises NotInstalled."""
    made = OnAws()
    for region, services in _by_region(spec).items():
        line = Aws(region, now, read_s=read_s)
        made.lines.append(line)
        names = _named(services)
        if names:
            read = Services(line, names.values(), now)
            made.targets |= dict.fromkeys(names, EcsTarget(read, names, now))
            made.sources += [EcsSource(read, name, on_ecs) for name, on_ecs in names.items()]
            made.backstops.append(Backstop(line, list(names.values()), state))
        made.sources += _signals(services, line, now)
    return made


async def why_not(spec: Spec) -> list[str]:
    """Why the services on ECS cannot be scaled, as far as reading them tells; what may pass is no reason."""

    async def one(read: Services, name: EcsName) -> str:
        try:
            await read.shared(name)
        except AwsError as failure:
            return "" if failure.code in PASSING else str(failure)
        return ""

    found: list[str] = []
    for region, services in _by_region(spec).items():
        line = Aws(region, lambda: 0, read_s=PATIENT_S)
        names = _named(services)
        read = Services(line, names.values(), lambda: 0)
        said = await asyncio.gather(*(one(read, name) for name in names.values()))
        found += [f"{name}: {text}" for name, text in zip(names, said, strict=True) if text]
        line.close()
    return found


class Released(NamedTuple):
    """What came of a release: resources handed back, those whose scale-in is suspended all the same, what failed."""

    back: list[str]
    suspended: list[str]
    problems: list[str]


async def release(spec: Spec, state: Path) -> Released:
    """Hand back to Application Auto Scaling what was suspended, in every region that answers."""
    found = Released([], [], [])
    made = connect(spec, state, lambda: 0, PATIENT_S)
    for backstop in made.backstops:
        try:
            found.back.extend(await backstop.release())
        except (AwsError, OSError) as failure:
            found.problems.append(f"not handed back: {failure}")
            continue
        try:
            found.suspended.extend(await backstop.suspended())
        except AwsError as failure:
            found.problems.append(f"whether more is suspended cannot be read: {failure}")
    made.close()
    return found


def _named(services: list[Service]) -> dict[str, EcsName]:
    """What those on ECS are called there."""
    return {service.name: name_of(service) for service in services if service.target == "ecs"}


def _by_region(spec: Spec) -> Mapping[str | None, list[Service]]:
    found: dict[str | None, list[Service]] = {}
    for service in spec.services.values():
        if service.target == "ecs" or any(one.source in ("cloudwatch", "sqs") for one in service.signals.values()):
            found.setdefault(service.ecs.region, []).append(service)
    return found


def _signals(services: list[Service], line: Aws, now: Now) -> list[Source]:
    rows = [(service.name, name, one) for service in services for name, one in service.signals.items()]
    queried = [(service, name, _metric(one), 1.0) for service, name, one in rows if one.source == "cloudwatch"]
    queried += [row for service in services if service.target == "ecs" for row in _used(service)]
    metrics = Metrics(line, [metric for _, _, metric, _ in queried], now)
    found: list[Source] = [CloudWatchSource(metrics, *row) for row in queried]
    found += [
        SqsSource(line, service, name, one.queue or "", one.metric or "depth", one.period)
        for service, name, one in rows
        if one.source == "sqs"
    ]
    return found


def _used(service: Service) -> list[tuple[str, str, Metric, float]]:
    """What ECS itself measures of the tasks, where a policy or a formula reads it: a share there is percent."""
    read = {signal for policy in service.policies for _, signal in policy.signals()}
    read |= {name for one in service.signals.values() if one.formula is not None for name in one.formula.reads}
    named = name_of(service)
    dimensions = (("ClusterName", named.cluster), ("ServiceName", named.service))
    return [
        (service.name, signal, Metric("AWS/ECS", METRICS[signal].name, dimensions, "Average", ECS_PERIOD), 0.01)
        for signal in ("cpu", "memory")
        if signal in read
    ]


def _metric(one: SignalSpec) -> Metric:
    return Metric(one.namespace or "", one.metric or "", tuple(sorted(one.dimensions.items())), one.stat, one.period)
