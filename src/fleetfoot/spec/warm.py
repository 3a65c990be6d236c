"""``task.warm``: how many tasks are kept started and stopped beside the desired ones."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Self

from pydantic import model_validator

from fleetfoot.spec.errors import Wrong
from fleetfoot.spec.forms import WholeForm
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import Count

AUTO = "auto"
COUNT = WholeForm(low=0, high=100_000)
SHAPE = {"anyOf": [{"$ref": "#/$defs/Warm"}, COUNT.schema(), {"enum": [AUTO]}]}
"""What an editor takes in its place."""


class Warm(Part):
    """Bounds of the warm pool. ``warm: 2`` is short for {min: 2, max: 2}, ``warm: auto`` for {min: 0}. Between the
    bounds the controller sizes it for the sharpest rise of the rate within one start-up that was seen lately, less
    what the tasks that serve have to spare."""

    example: ClassVar[str] = "{min: 1, max: 6}"
    words: ClassVar[tuple[str, ...]] = (AUTO,)

    min: Count = 0
    """Fewest warm tasks. Default 0: with nothing seen to rise, none costs memory."""
    max: Count | None = None
    """Most warm tasks; each uses a task's memory, and no CPU. Default: as many as capacity leaves above the
    desired count."""

    @classmethod
    def bare(cls, value: str) -> dict[str, Any] | None:
        if re.fullmatch(r" *[+-]?[0-9]+ *", value):
            count = COUNT.read(value)
            return {"min": count, "max": count}
        return {} if value == AUTO else None

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.max is not None and self.max < self.min:
            raise Wrong(f"{self.max} is below min {self.min}", at=("max",), about=[("min",)])
        return self

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to decide."""
        return self.max == self.min
