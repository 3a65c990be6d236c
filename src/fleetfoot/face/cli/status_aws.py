"""``fleetfoot status --aws``: what AWS itself says of the services, with or without a controller."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from fleetfoot.face.cli.common import Told, put

if TYPE_CHECKING:
    from fleetfoot.edge.aws.session import Aws
    from fleetfoot.spec import Service, Spec


def show(spec: Spec, service: str | None, as_json: bool) -> None:
    """Every service of target ecs, or ``service``. Raises Told for what AWS refuses."""
    there = {name: one for name, one in spec.services.items() if one.target == "ecs"}
    if service is not None and service not in there:
        raise Told(f"there is no service {service!r} with target: ecs: there are {', '.join(there) or 'none'}")
    if not there:
        raise Told("no service of the file has target: ecs")
    chosen = {service: there[service]} if service is not None else there
    found = asyncio.run(_all(chosen))
    if as_json:
        put(found)
        return
    for name, one in found.items():
        click.echo("\n".join(_lines(name, one)))


async def _all(services: dict[str, Service]) -> dict[str, dict[str, Any]]:
    from fleetfoot.edge.aws.errors import AwsError
    from fleetfoot.edge.aws.session import PATIENT_S, Aws, NotInstalled

    regions: dict[str | None, Aws] = {}
    try:
        with contextlib.ExitStack() as open_:
            for one in services.values():
                if one.ecs.region not in regions:
                    made = regions[one.ecs.region] = Aws(one.ecs.region, lambda: 0, read_s=PATIENT_S)
                    open_.callback(made.close)
            rows = [_one(regions[one.ecs.region], one) for one in services.values()]
            return dict(zip(services, await asyncio.gather(*rows), strict=True))
    except (AwsError, NotInstalled) as failure:
        raise Told(str(failure)) from failure


async def _one(aws: Aws, service: Service) -> dict[str, Any]:
    from fleetfoot.edge.aws.services import EcsName, Services
    from fleetfoot.edge.aws.stacks import Stacks
    from fleetfoot.edge.aws.tasks import ask, why_stopped
    from fleetfoot.provision import Plan

    name = EcsName(service.ecs.cluster, service.ecs.service or service.name)
    raw = (await Services(aws, [name], lambda: 0).fresh(name)).raw
    tasks, _ = await ask(aws, name, ())
    answer = await aws.call(
        "application-autoscaling", "DescribeScalableTargets", ServiceNamespace="ecs", ResourceIds=[name.resource]
    )  # fmt: skip
    targets = answer.data["ScalableTargets"]
    stack = Plan(service, "controller").names.app
    there = await Stacks(aws).find(stack)
    stopped = Counter(why_stopped(task) for task in tasks if task["lastStatus"] == "STOPPED")
    return {
        "region": aws.region, "resource": name.resource, "status": raw["status"],
        "desired": raw["desiredCount"], "running": raw["runningCount"], "pending": raw["pendingCount"],
        "deployments": [
            {"task": str(one["taskDefinition"]).rpartition("/")[2], "state": one.get("rolloutState", one["status"]),
             "desired": one["desiredCount"], "running": one["runningCount"]}
            for one in raw["deployments"]
        ],
        "stopped": dict(stopped.most_common()),
        "scaling": {
            "min": targets[0]["MinCapacity"], "max": targets[0]["MaxCapacity"],
            "suspended": sorted(key for key, held in targets[0].get("SuspendedState", {}).items() if held),
        } if targets else None,
        "stack": {"name": stack, "status": there.status, "reason": there.reason} if there is not None else None,
    }  # fmt: skip


def _lines(name: str, one: dict[str, Any]) -> list[str]:
    counts = f"{one['running']} running, {one['pending']} pending of {one['desired']} desired"
    found = [f"{name}  {one['resource']} in {one['region']}  {one['status'].lower()}  {counts}"]
    if len(one["deployments"]) > 1 or any(row["state"] != "COMPLETED" for row in one["deployments"]):
        found += [
            f"  {row['task']}: {row['state'].lower().replace('_', ' ')}, {row['running']} of {row['desired']}"
            for row in one["deployments"]
        ]
    found += [f"  stopped, {count} of the last hour: {why}" for why, count in one["stopped"].items()]
    scaling = one["scaling"]
    if scaling is None:
        found.append("  Application Auto Scaling does not scale it")
    else:
        held = f", suspended: {', '.join(scaling['suspended'])}" if scaling["suspended"] else ""
        found.append(f"  Application Auto Scaling: {scaling['min']} to {scaling['max']}{held}")
    if one["stack"] is not None:
        reason = f" ({one['stack']['reason']})" if one["stack"]["reason"] else ""
        found.append(f"  stack {one['stack']['name']}: {one['stack']['status']}{reason}")
    return found
