"""``adaptive``: thresholds that follow what is usual at this time of day."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import model_validator

from fleetfoot.spec.errors import Wrong, raise_if_any
from fleetfoot.spec.policies.base import Cooldown, Policy, SignalName, Value, Window, signal_first, value_of
from fleetfoot.spec.signals import unit_of
from fleetfoot.spec.units import AtLeastOne, DurationForm
from fleetfoot.spec.zones import ZoneForm

_VALUES = ("above", "at most", "below", "at least")


class AdaptivePolicy(Policy):
    """Grow above and shrink below what is usual at this time of day, within hard limits."""

    kind: ClassVar[str] = "adaptive"
    example: ClassVar[str] = "{signal: cpu, above: 70%, at most: 85%, below: 30%}"

    signal: SignalName
    """The signal to watch. Required."""
    above: Value
    """Grow above this until 50 points are known; what is learnt may only be higher. In the signal's unit. Required."""
    at_most: Value
    """The hard limit: above it grows whatever was learnt. In the signal's unit. Required."""
    below: Value | None = None
    """Shrink below this until 50 points are known; what is learnt may only be lower. Default: it never shrinks."""
    at_least: Value | None = None
    """Below it shrinks whatever was learnt. Default: half of below, since a wide spread would else forbid every
    scale-in."""
    history: Annotated[int, DurationForm(low=15_000_000, high=604_800_000)] = 86_400_000
    """What is remembered, in points of 5m. Default 24h: 288 points, the same hour of yesterday among them."""
    zone: Annotated[str, ZoneForm()] = "UTC"
    """The time zone whose hours the signal keeps. Default UTC."""
    add: AtLeastOne = 1
    """Tasks to add. Default 1: the gentlest step."""
    remove: AtLeastOne = 1
    """Tasks to remove. Default 1: the gentlest step."""
    cooldown: Cooldown = 300_000
    """Rest after a change before the same policy's next one. Default 5m, as AWS has it."""
    window: Window = 10_000
    """The span the signal is averaged over. Default 10s: one noisy second is no reason."""

    @property
    def shrinks(self) -> bool:
        return self.below is not None

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        signal = signal_first(data)
        wrongs: list[Wrong] = []
        for key in _VALUES:
            try:
                if key in data:
                    data[key] = value_of(signal, data[key], key)
            except Wrong as wrong:
                wrongs.append(wrong)
        raise_if_any(wrongs)
        return data

    @model_validator(mode="after")
    def _rules(self) -> Self:
        show = unit_of(self.signal).show
        wrongs = []
        if self.at_most < self.above:
            message = f"{show(self.at_most)} is under above, {show(self.above)}"
            wrongs.append(Wrong(message, at=("at most",), about=[("above",)]))
        if self.below is not None and not self.below < self.above:
            message = f"{show(self.below)} must be under above, {show(self.above)}"
            wrongs.append(Wrong(message, at=("below",), about=[("above",)]))
        if self.at_least is not None and (self.below is None or self.at_least > self.below):
            under = "there is no below" if self.below is None else f"it must be no more than below, {show(self.below)}"
            wrongs.append(Wrong(f"{show(self.at_least)}: {under}", at=("at least",), about=[("below",)]))
        raise_if_any(wrongs)
        return self
