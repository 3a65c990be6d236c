"""One service as one stack: every part in its order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fleetfoot.provision.balancer import balancer
from fleetfoot.provision.bastion import bastion
from fleetfoot.provision.cache import cache
from fleetfoot.provision.control import controller
from fleetfoot.provision.database import database
from fleetfoot.provision.network import network
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.scaling import scaling
from fleetfoot.provision.security import security
from fleetfoot.provision.service import service
from fleetfoot.provision.template import Part, Template
from fleetfoot.provision.watch import watch


def stack(plan: Plan) -> Template:
    """The template. Raises ``Refused`` for what its mode cannot express, ValueError for a task too large."""
    parts = tuple(subject(plan) for subject in _subjects(plan))
    about = f"{plan.service.name} on ECS Fargate, scaling mode {plan.mode}, written by fleetfoot synth"
    return Template(about, parts, {"Fleetfoot": {"Service": plan.service.name, "Mode": plan.mode}}, plan.tags)


def _subjects(plan: Plan) -> Iterator[Callable[[Plan], Part]]:
    yield from (network, security, balancer, service, scaling)
    if plan.mode == "controller":
        yield controller
    if plan.asks.database != "none":
        yield database
    if plan.asks.cache:
        yield cache
    if plan.asks.access == "bastion":
        yield bastion
    yield watch
