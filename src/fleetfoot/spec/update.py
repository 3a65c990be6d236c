"""``update``: how `fleetfoot update` brings in a new version, and when it takes it back."""

from __future__ import annotations

from typing import Annotated, ClassVar

from fleetfoot.spec.forms import WholeForm
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import Duration, ShareForm


class Update(Part):
    """The rolling update: new tasks beside the old, and the circuit breaker that brings the old version back."""

    example: ClassVar[str] = "{surge: 25%, breaker: 3, bake: 10s}"

    surge: Annotated[float, ShareForm(low=None, above=0)] = 0.25
    """Tasks beyond the wanted count while both versions run, at least one. Default 25%: four waves."""
    breaker: Annotated[int, WholeForm(low=1, high=1000)] = 3
    """Failures of the new version that bring the old one back: starts that failed in a row, tasks that died, hung or
    were ejected. Default 3: the lower bound of the ECS default."""
    bake: Duration = 10_000
    """How long the new version must serve everything before the last old tasks go. Default 10s: what breaks under
    load breaks soon."""
