"""A policy `hpa`, and what it says of one moment."""

from __future__ import annotations

from typing import Any

from fleetfoot.core.hpa.behavior import Behavior, Rules
from fleetfoot.core.hpa.replicas import SHARED, UTILISATION
from fleetfoot.core.policies.hpa import Hpa, Metric
from tests.unit.core.build import Service, outcome

CPU = Metric("cpu", UTILISATION, 60, 1000)
LOAD = Metric("load", SHARED, 14_000, 1000)
DEFAULT = Behavior()


def hpa(*metrics: Metric, behavior: Behavior | None = DEFAULT, **changes: Any) -> Hpa:
    return Hpa("hpa", metrics, behavior, **changes)


def seen(policy: Hpa, tasks: int, **shown: Any) -> str:
    """What the policy says of one moment; stabilisation has nothing to look back on but the present count."""
    service = Service(policy, tasks=tasks, minimum=1)
    service.tick(**shown)
    return outcome(service.vote)


FREE = Behavior(up=DEFAULT.up, down=Rules(DEFAULT.down.policies))  # no window, so that a shrink shows at once
