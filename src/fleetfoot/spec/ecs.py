"""``ecs``: which service of Amazon ECS is scaled."""

from __future__ import annotations

from typing import Annotated, ClassVar

from fleetfoot.spec.errors import Wrong
from fleetfoot.spec.forms import TextForm, matching
from fleetfoot.spec.part import Part

_name = matching(r"[A-Za-z0-9_-]{1,255}", "is no name on ECS: write up to 255 letters, digits, '-' and '_', and no ARN")
_region = matching(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}", "is no region: write ap-northeast-2 or us-east-1")


class Ecs(Part):
    """The service on Amazon ECS that target ecs scales."""

    example: ClassVar[str] = "{cluster: prod, service: orders, region: ap-northeast-2}"

    cluster: Annotated[str, TextForm("the name of a cluster", "prod", _name)] = "default"
    """The cluster it runs in. Default: default, as ECS itself calls the first one."""
    service: Annotated[str, TextForm("the name of a service", "orders", _name)] | None = None
    """Its name on ECS. Default: its name in this file."""
    region: Annotated[str, TextForm("a region", "ap-northeast-2", _region)] | None = None
    """Where it runs; its signals from cloudwatch and sqs are read there too. Default: as AWS_REGION or the AWS
    profile says."""


def misplaced(target: str, written: bool, cold: bool) -> list[Wrong]:
    """What does not go with a service's target. ``written``: whether it has the part ecs; ``cold``: no warm tasks."""
    if target != "ecs":
        unused = "is used by target ecs only: write target: ecs, or remove it"
        return [Wrong(unused, at=("ecs",), on_key=True)] if written else []
    message = "target ecs has no warm tasks, a started one costs as much as a serving one: raise capacity.min"
    return [] if cold else [Wrong(message, at=("task", "warm"), on_key=True)]
