"""MSTL and exponential smoothing: seasons of a day and a week taken out of the logarithm, the rest smoothed.

Needs statsmodels (the extra ``predict``). Bandara, Hyndman and Bergmeir, "MSTL", 2021; the smoothing constant is
that of simple exponential smoothing by maximum likelihood.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from fleetfoot.predict.calendar import Calendar
from fleetfoot.predict.models.base import SMALL, an_hour
from fleetfoot.predict.models.naive import usual

Floats = NDArray[np.float64]
WEEKS = 6  # of the newest past that is decomposed
FADES = 4.0  # hours after which a level off that of the last day has faded to a third


@dataclass(frozen=True, slots=True)
class Smoothed:
    """``day`` and ``week``: the seasons by place in them, added in the logarithm; ``alpha``: the smoothing constant."""

    day: Floats
    week: Floats | None
    small: float
    alpha: float

    def predict(self, seen: Calendar, origin: int, places: Sequence[int]) -> list[float]:
        back = np.arange(max(0, origin - seen.per_day), min(origin, len(seen.values)))
        rest = np.log(np.asarray([seen.values[i] for i in back]) + self.small) - self._season(back)
        rest = rest[np.isfinite(rest)]
        slow = float(rest.mean()) if len(rest) else float(np.log(seen.usual + self.small))
        fast = _smoothed(rest, self.alpha, slow)
        at = np.asarray(places)
        fades = np.exp(-(at - origin) / (FADES * an_hour(seen)))
        found = np.exp(self._season(at) + slow + (fast - slow) * fades) - self.small
        return [float(value) for value in np.maximum(found, 0.0)]

    def _season(self, places: NDArray[np.int64]) -> Floats:
        found = self.day[places % len(self.day)]
        return found if self.week is None else found + self.week[places % len(self.week)]


def _smoothed(rest: Floats, alpha: float, first: float) -> float:
    """Simple exponential smoothing; the newest level."""
    weights = alpha * (1.0 - alpha) ** np.arange(len(rest))[::-1]
    return float(weights @ rest + first * (1.0 - alpha) ** len(rest))


def fit(seen: Calendar, until: int) -> Smoothed:
    from statsmodels.tsa.holtwinters import SimpleExpSmoothing
    from statsmodels.tsa.seasonal import MSTL

    day, week = seen.per_day, 7 * seen.per_day
    first = max(0, until - WEEKS * week)
    first += -first % week  # the seasons then begin where a week of the calendar does
    if until - first < 2 * week:
        first = max(0, (until - WEEKS * week) // day * day)
    values = [seen.values[i] if seen.usable(i) else usual(seen, until, i) for i in range(first, until)]
    small = SMALL * max(seen.usual, 1e-9)
    logs = np.log(np.asarray(values) + small)
    periods = [day, week] if len(logs) >= 2 * week + day else [day]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: the back-test judges what comes out
        jumps = {
            "seasonal_jump": max(1, day // 24),
            "trend_jump": max(1, day // 12),
            "low_pass_jump": max(1, day // 12),
        }
        parts = MSTL(logs, periods=periods, stl_kwargs=jumps).fit()
        seasons = np.asarray(parts.seasonal).reshape(len(logs), -1)
        rest = (logs - seasons.sum(axis=1))[-3 * day :]
        fitted = SimpleExpSmoothing(rest, initialization_method="estimated").fit()
    alpha = float(fitted.params["smoothing_level"])
    last_week = _rolled(seasons[:, 1], first, week) if len(periods) == 2 else None
    return Smoothed(_rolled(seasons[:, 0], first, day), last_week, small, alpha if isfinite(alpha) else 0.5)


def _rolled(season: Floats, first: int, period: int) -> Floats:
    """The newest ``period`` of a season that begins at place ``first``, by place modulo the period."""
    tail = season[-period:]
    begin = (first + len(season) - period) % period
    return np.asarray(np.roll(tail, begin), np.float64)
