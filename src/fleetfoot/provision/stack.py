"""One service as one stack: every part in its order."""

from __future__ import annotations

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
from fleetfoot.provision.template import Template
from fleetfoot.provision.watch import watch


def stack(plan: Plan) -> Template:
    """The template. Raises ``Refused`` for what its mode cannot express, ValueError for a task too large."""
    subjects = (network, security, balancer, service, scaling, controller, database, cache, bastion, watch)
    parts = tuple(subject(plan) for subject in subjects)
    about = f"{plan.service.name} on ECS Fargate, scaling mode {plan.mode}, written by fleetfoot synth"
    return Template(about, parts, {"Fleetfoot": {"Service": plan.service.name, "Mode": plan.mode}})
