"""A template's own scaling, executed: alarms, policies and schedules as AWS publishes their semantics."""

from __future__ import annotations

from fleetfoot.sim.native.play import played, with_bounds
from fleetfoot.sim.native.read import Executed, execute
from fleetfoot.sim.native.scaling import Backstopped, Native

__all__ = ["Backstopped", "Executed", "Native", "execute", "played", "with_bounds"]
