"""One service as one stack: every part in its order."""

from __future__ import annotations

from fleetfoot.provision.balancer import balancer
from fleetfoot.provision.control import controller
from fleetfoot.provision.network import network
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.scaling import scaling
from fleetfoot.provision.security import security
from fleetfoot.provision.service import service
from fleetfoot.provision.template import Template


def stack(plan: Plan) -> Template:
    """The template. Raises ``Refused`` for what its mode cannot express, ValueError for a task too large."""
    parts = (network(plan), security(plan), balancer(plan), service(plan), scaling(plan), controller(plan))
    about = f"{plan.service.name} on ECS Fargate, scaling mode {plan.mode}, written by fleetfoot synth"
    return Template(about, parts, {"Fleetfoot": {"Service": plan.service.name, "Mode": plan.mode}})
