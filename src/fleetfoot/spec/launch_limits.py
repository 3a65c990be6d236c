"""``launch limits``: how many tasks a platform starts at once, a second, and in all."""

from __future__ import annotations

from typing import Annotated, ClassVar

from fleetfoot.spec.forms import NumberForm, WholeForm
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import RateForm


class LaunchLimits(Part):
    """What the platform starts; beyond it orders are refused or wait there."""

    example: ClassVar[str] = "{burst: 100, rate: 20/s, vcpu: 400}"

    burst: Annotated[int, WholeForm(low=1, high=100_000)] = 100
    """Tasks that start at once. Default 100: what AWS publishes for Fargate in large Regions (25 in smaller ones)."""
    rate: Annotated[float, RateForm(low=None, above=0)] = 20.0
    """Tasks a second after that. Default 20/s: as published for Fargate in large Regions (5/s in smaller ones)."""
    vcpu: Annotated[float, NumberForm(low=0.001, high=1_000_000)] | None = None
    """Most cores of all tasks together; a task counts with task.cpu. Default: no quota. A new AWS account has 6."""
