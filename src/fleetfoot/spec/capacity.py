"""``capacity``: between how many tasks the service may move."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import model_validator

from fleetfoot.spec.errors import Wrong, raise_if_any
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import AtLeastOne, Count


class Capacity(Part):
    """Bounds of the task count. The minimum beats every other rule."""

    example: ClassVar[str] = "{min: 2, max: 14}"

    min: Count = 1
    """Fewest tasks. Default 1: the smallest service that answers; 2 keeps serving while one is replaced."""
    max: AtLeastOne = 10
    """Most tasks. Default 10: enough for a surge, and small enough that a runaway costs little."""
    initial: Count | None = None
    """Tasks to start with when nothing is running yet. Default: `min`."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        wrongs = []
        written = self.model_fields_set
        if self.max < self.min:
            if "max" in written:
                wrongs.append(Wrong(f"{self.max} is below min {self.min}", at=("max",), about=[("min",)]))
            else:
                message = f"{self.min} is above max, which is {self.max} when not written: add max"
                wrongs.append(Wrong(message, at=("min",), about=[("max",)]))
        elif self.initial is not None and not self.min <= self.initial <= self.max:
            message = f"{self.initial} is outside min {self.min} to max {self.max}"
            wrongs.append(Wrong(message, at=("initial",), about=[("min",), ("max",)]))
        raise_if_any(wrongs)
        return self
