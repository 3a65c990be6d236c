"""``default``: what a service has that names no policy."""

from __future__ import annotations

from typing import Annotated, ClassVar

from fleetfoot.spec.policies.base import Policy
from fleetfoot.spec.units import ShareForm


class DefaultPolicy(Policy):
    """Requests per serving task at a share of what a task carries, sped up by the queue."""

    kind: ClassVar[str] = "default"
    example: ClassVar[str] = "{utilisation: 70%}"

    utilisation: Annotated[float, ShareForm(low=0.05, high=1)] = 0.7
    """How full a task should be, as a share of its throughput. Default 70%: room for a surge while tasks start."""
