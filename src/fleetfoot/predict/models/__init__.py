"""One file a family of models; the table below is the whole list, the simplest first.

``AS_NOW`` is no forecast: it is in the back-test so that everybody sees whether a forecast tells more.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

from fleetfoot.predict.calendar import Calendar
from fleetfoot.predict.models.base import Kind, Model, level
from fleetfoot.predict.models.naive import fit_last_week, fit_usual, fit_yesterday

__all__ = ["AS_NOW", "KINDS", "Kind", "Model", "available"]


class _AsNow(NamedTuple):
    def predict(self, seen: Calendar, origin: int, places: Sequence[int]) -> list[float]:
        newest = seen.at(origin - 1)
        now = newest if isfinite(newest) else level(seen, origin, 3)
        return [seen.usual if now is None else now] * len(places)


def _fit_smoothing(seen: Calendar, until: int) -> Model:
    from fleetfoot.predict.models import smoothing

    return smoothing.fit(seen, until)


def _fit_features(seen: Calendar, until: int) -> Model:
    from fleetfoot.predict.models import features

    return features.fit(seen, until)


AS_NOW = Kind("as now", lambda _seen, _until: _AsNow(), days=1)
KINDS = (
    Kind("yesterday", fit_yesterday, days=1),
    Kind("last week", fit_last_week, days=8),
    Kind("usual day", fit_usual, days=1),
    Kind("mstl", _fit_smoothing, days=3, extra="statsmodels"),
    Kind("boosting", _fit_features, days=7, extra="sklearn"),
)


def available(kind: Kind) -> bool:
    """Whether its library is installed."""
    return not kind.extra or importlib.util.find_spec(kind.extra) is not None
