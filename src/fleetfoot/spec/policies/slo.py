"""``slo``: capacity from the queue's model and a forecast."""

from __future__ import annotations

from typing import ClassVar

from fleetfoot.spec.policies.base import Policy
from fleetfoot.spec.units import Count


class SloPolicy(Policy):
    """`slo`: the fewest tasks that keep the objective at the moment a task ordered now would serve, by the queue's
    model: a forecast with the margin its own errors taught, surges that come back, and relief for a backlog.
    """

    kind: ClassVar[str] = "slo"
    example: ClassVar[str] = "{spare: 1}"

    spare: Count = 0
    """Tasks beyond what the model asks for. Default 0: its margin is learnt."""
