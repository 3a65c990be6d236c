"""Minimum and maximum. The minimum beats everything; the maximum brings a fleet that is above it down in steps,
never below what present demand needs unless the user wrote ``hard``."""

from __future__ import annotations

from math import ceil

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

STEP, STEP_EVERY = 0.1, 10_000  # a fleet above its maximum goes down by a tenth at most, this often (ms)


def bounds(count: int, view: View, mine: Slice) -> Verdict:
    minimum, maximum = view.minimum, view.maximum
    if count < minimum:
        return minimum, below(count, view)
    if count <= maximum:
        return None
    reason = _above(count, view)
    if view.current <= maximum:
        return maximum, reason
    floor = maximum
    if not view.settings.guards.hard and view.needed() > floor:
        floor = min(view.needed(), view.current)
        reason = Reason(Code.NEEDED_NOW, {"needed": floor, "maximum": maximum})
    if view.now - mine.get("stepped", -STEP_EVERY) < STEP_EVERY:
        return min(count, view.current), reason
    lower = max(floor, view.current - max(1, ceil(view.current * STEP)))
    if lower < view.current:
        mine["stepped"] = view.now
    return min(count, lower), reason


def below(count: int, view: View) -> Reason:
    """Why there may not be as few as ``count``."""
    floor = view.held.floor if view.held is not None else None
    return floor or Reason(Code.BELOW_MINIMUM, {"wish": count, "minimum": view.minimum})


def _above(count: int, view: View) -> Reason:
    ceiling = view.held.ceiling if view.held is not None else None
    return ceiling or Reason(Code.ABOVE_MAXIMUM, {"wish": count, "maximum": view.maximum})
