"""What a model is: made from the past, it says the median rate of later slots.

Places are those of ``Calendar``. A model looks at nothing from ``origin`` on, so the same one can be asked what it
would have said at any moment: that is how the back-test asks. How far off it may be is learnt from there too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import NamedTuple, Protocol

from fleetfoot.predict.calendar import Calendar

SMALL = 0.05  # of the usual rate: what ratios and logarithms are kept off zero by


class Model(Protocol):
    """One trained model."""

    def predict(self, seen: Calendar, origin: int, places: Sequence[int]) -> list[float]:
        """The median rate (1/s) at each of ``places``, all from ``origin`` on, known at ``origin``."""
        ...


class Kind(NamedTuple):
    """``fit(seen, until)`` learns from the places before ``until``. ``days``: of history it needs.

    ``extra``: the foreign library it needs, empty for none.
    """

    name: str
    fit: Callable[[Calendar, int], Model]
    days: int = 2
    extra: str = ""


def level(seen: Calendar, origin: int, span: int) -> float | None:
    """The mean of the ``span`` slots before ``origin``; None when under half of them are known."""
    found = [value for place in range(origin - span, origin) if isfinite(value := seen.at(place))]
    return sum(found) / len(found) if len(found) * 2 >= span else None


def an_hour(seen: Calendar) -> int:
    """Slots of an hour, one at least."""
    return max(1, seen.per_day // 24)
