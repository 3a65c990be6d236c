"""One file a guard; their order is the lists below and nothing else.

The service's own guards make its wish; the resource guards read what the arbiter granted, and of them only the
fleet's are asked where nothing is limited. Launch health
comes first, since no count helps while tasks cannot start; what refuses growth comes before what shapes
it; the bounds come last, and the minimum beats everything.
"""

from __future__ import annotations

from fleetfoot.core.guards.base import Guard
from fleetfoot.core.guards.bounds import bounds
from fleetfoot.core.guards.budget import budget
from fleetfoot.core.guards.conflict import conflict
from fleetfoot.core.guards.connections import connections
from fleetfoot.core.guards.cooldown import cooldown
from fleetfoot.core.guards.incident import incident
from fleetfoot.core.guards.last_good import last_good
from fleetfoot.core.guards.launch_limits import launch_limits
from fleetfoot.core.guards.launches import launches
from fleetfoot.core.guards.pay import pay
from fleetfoot.core.guards.rate import rate
from fleetfoot.core.guards.stabilise import stabilise

SERVICE: tuple[tuple[str, Guard], ...] = (
    ("launches", launches),
    ("pay", pay),
    ("incident", incident),
    ("conflict", conflict),
    ("stabilisation", stabilise),
    ("cooldown", cooldown),
    ("rate", rate),
)
FLEET: tuple[tuple[str, Guard], ...] = (
    ("last good", last_good),
    ("bounds", bounds),
)
RESOURCE: tuple[tuple[str, Guard], ...] = (
    ("connections", connections),
    ("budget", budget),
    ("launch limits", launch_limits),
    *FLEET,
)

GUARDS: dict[str, Guard] = dict((*SERVICE, *RESOURCE))
