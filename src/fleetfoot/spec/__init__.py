"""What the user writes: frozen models of fleetfoot.yaml, one file per part, units parsed."""

from __future__ import annotations

from fleetfoot.spec.balancer import Balancer
from fleetfoot.spec.budget import Budget
from fleetfoot.spec.capacity import Capacity
from fleetfoot.spec.databases import Connections, Database
from fleetfoot.spec.errors import SpecError, SpecErrors
from fleetfoot.spec.file import Spec
from fleetfoot.spec.guards import Cooldown, Guards, Incident, Launches, Pay, Rate, Stabilisation
from fleetfoot.spec.health import Check, Health, Liveness
from fleetfoot.spec.launch_limits import LaunchLimits
from fleetfoot.spec.loader import load, loads
from fleetfoot.spec.money import Exchange, Money, Price
from fleetfoot.spec.objective import Objective
from fleetfoot.spec.policies import DefaultPolicy, Policy, PolicySpec, StepPolicy, TargetPolicy, ThresholdsPolicy
from fleetfoot.spec.service import Service
from fleetfoot.spec.signals import SignalSpec
from fleetfoot.spec.task import Task
from fleetfoot.spec.units import Allowance

__all__ = [
    "Allowance",
    "Balancer",
    "Budget",
    "Capacity",
    "Check",
    "Connections",
    "Cooldown",
    "Database",
    "DefaultPolicy",
    "Exchange",
    "Guards",
    "Health",
    "Incident",
    "LaunchLimits",
    "Launches",
    "Liveness",
    "Money",
    "Objective",
    "Pay",
    "Policy",
    "PolicySpec",
    "Price",
    "Rate",
    "Service",
    "SignalSpec",
    "Spec",
    "SpecError",
    "SpecErrors",
    "Stabilisation",
    "StepPolicy",
    "TargetPolicy",
    "Task",
    "ThresholdsPolicy",
    "load",
    "loads",
]
