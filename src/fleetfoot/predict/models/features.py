"""Gradient-boosted trees on features of the calendar and of the newest past.

The features: hour, weekday, month and weekend, sine and cosine of the hour and of the weekday, the rate an hour,
a day and a week before, moving averages over a day and a week, what is usual then, and how far ahead. What is
learnt is the logarithm of the ratio to what the usual day says, since trees cannot say more than they have seen.
Needs scikit-learn (the extra ``predict``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, exp, isfinite, log, pi, sin
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from fleetfoot.predict.calendar import Calendar
from fleetfoot.predict.models.base import SMALL, an_hour, level
from fleetfoot.predict.models.naive import Usual, usual

WEEKS = 4  # of the newest past that is learnt from
AHEAD = (0.25, 0.5, 1.0, 3.0, 6.0, 12.0, 24.0)  # hours


@dataclass(frozen=True, slots=True)
class Boosted:
    trees: Any

    def predict(self, seen: Calendar, origin: int, places: Sequence[int]) -> list[float]:
        now, small = _now(seen, origin), SMALL * seen.usual
        bases = Usual().predict(seen, origin, places)
        rows = [_row(seen, origin, place, now, base) for place, base in zip(places, bases, strict=True)]
        with threadpool_limits(1):
            ratios = self.trees.predict(np.asarray(rows))
        return [max(0.0, (base + small) * exp(r) - small) for base, r in zip(bases, ratios, strict=True)]


def fit(seen: Calendar, until: int) -> Boosted:
    from sklearn.ensemble import HistGradientBoostingRegressor

    hour, small = an_hour(seen), SMALL * max(seen.usual, 1e-9)
    first = max(seen.per_day, until - WEEKS * 7 * seen.per_day)
    steps = sorted({max(1, round(hours * hour)) for hours in AHEAD})
    rows, targets = [], []
    for origin in range(first, until, hour):
        now = _now(seen, origin)
        places = [origin + step for step in steps if origin + step < until and seen.usable(origin + step)]
        for place, base in zip(places, Usual().predict(seen, origin, places), strict=True):
            rows.append(_row(seen, origin, place, now, base))
            targets.append(log((seen.values[place] + small) / (base + small)))
    trees = HistGradientBoostingRegressor(
        loss="absolute_error", learning_rate=0.06, max_iter=120, max_leaf_nodes=15, min_samples_leaf=30, random_state=0
    )
    if len(rows) < 2:
        rows, targets = [[0.0] * len(_row(seen, until, until, _now(seen, until), 1.0))] * 2, [0.0, 0.0]
    with threadpool_limits(1):  # threads that wait for each other on a busy machine take a hundred times as long
        return Boosted(trees.fit(np.asarray(rows), np.asarray(targets)))


def _now(seen: Calendar, origin: int) -> tuple[float, float, float, float]:
    """What is known at ``origin``, as logarithms of the ratio to the usual rate: the last quarter and last hour
    against what was usual for it, the last day's and week's mean."""
    hour, small = an_hour(seen), SMALL * max(seen.usual, 1e-9)
    quarter = max(1, hour // 4)

    def against(span: int) -> float:
        found = level(seen, origin, span)
        base = sum(usual(seen, origin - hour, place) for place in range(origin - span, origin)) / span
        return log((found + small) / (base + small)) if found is not None else 0.0

    def mean(days: int) -> float:
        found = level(seen, origin, days * seen.per_day)
        return log((found + small) / (seen.usual + small)) if found is not None else 0.0

    return against(quarter), against(hour), mean(1), mean(7)


def _row(seen: Calendar, origin: int, place: int, now: Sequence[float], base: float) -> list[float]:
    weekday, small = seen.weekday(place), SMALL * max(seen.usual, 1e-9)
    day = place % seen.per_day / seen.per_day

    def before(days: int) -> float:
        value = seen.at(place - days * seen.per_day)
        known = isfinite(value) and place - days * seen.per_day < origin
        return log((value + small) / (base + small)) if known else 0.0

    return [
        24 * day, weekday, seen.date(place).month, float(weekday >= 5), sin(2 * pi * day), cos(2 * pi * day),
        sin(2 * pi * weekday / 7), cos(2 * pi * weekday / 7), *now, before(1), before(7),
        log((base + small) / (seen.usual + small)), (place - origin) / an_hour(seen),
    ]  # fmt: skip
