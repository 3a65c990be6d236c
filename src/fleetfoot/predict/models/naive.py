"""Models without any library: yesterday again, last week again, and the usual day at the level of now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import ClassVar

from fleetfoot.predict.calendar import Calendar
from fleetfoot.predict.models.base import SMALL, an_hour, level

BACK = 35  # days looked back at most for an example
WEEKS, DAYS = 4, 5  # examples of a usual day: of the same weekday, else of the days before
FADES = 6.0  # hours after which a level off the usual has faded to a third


@dataclass(frozen=True, slots=True)
class Seasonal:
    """Seasonal naive: the value a season ago. ``season``: days, 1 or 7. Odd days are no example."""

    season: int

    def predict(self, seen: Calendar, origin: int, places: Sequence[int]) -> list[float]:
        return [self._value(seen, origin, place) for place in places]

    def _value(self, seen: Calendar, origin: int, place: int) -> float:
        for season in (self.season, 1):  # a week that knows no example is as good as yesterday
            for days in range(season, BACK + 1, season):
                before = place - days * seen.per_day
                if before < origin and seen.usable(before):
                    return seen.values[before]
        return seen.usual


@dataclass(frozen=True, slots=True)
class Usual:
    """The mean of earlier days of the kind, smoothed over a quarter of an hour, at the level of the last hour.

    The ratio of the last hour to the usual one fades with the time ahead: who is 20 % above the usual now is so
    in ten minutes too, and not tomorrow.
    """

    smooth: ClassVar[int] = 900  # s

    def predict(self, seen: Calendar, origin: int, places: Sequence[int]) -> list[float]:
        ratio, hour = _ratio(seen, origin), an_hour(seen)
        found = []
        for place in places:
            faded = exp(-(place - origin) / (FADES * hour))
            found.append(max(0.0, usual(seen, origin, place) * (1.0 + (ratio - 1.0) * faded)))
        return found


def usual(seen: Calendar, origin: int, place: int) -> float:
    """What is usual at ``place``: the same slot of the last weeks, or of the last days where weeks are lacking."""
    span = max(0, Usual.smooth * seen.per_day // 86_400 // 2)
    weeks = _examples(seen, origin, place, 7, WEEKS, span)
    found = weeks if len(weeks) >= 2 else _examples(seen, origin, place, 1, DAYS, span)
    return sum(found) / len(found) if found else seen.usual


def _examples(seen: Calendar, origin: int, place: int, season: int, most: int, span: int) -> list[float]:
    found: list[float] = []
    for days in range(season, BACK + 1, season):
        middle = place - days * seen.per_day
        near = [seen.values[at] for at in range(middle - span, middle + span + 1) if at < origin and seen.usable(at)]
        if near:
            found.append(sum(near) / len(near))
            if len(found) == most:
                break
    return found


def _ratio(seen: Calendar, origin: int) -> float:
    """The last hour against what was usual for it."""
    hour = an_hour(seen)
    now = level(seen, origin, hour)
    if now is None:
        return 1.0
    before = sum(usual(seen, origin - hour, place) for place in range(origin - hour, origin)) / hour
    small = SMALL * seen.usual
    return (now + small) / (before + small) if before + small > 0 else 1.0


def fit_yesterday(seen: Calendar, until: int) -> Seasonal:  # noqa: ARG001 - nothing to learn
    return Seasonal(1)


def fit_last_week(seen: Calendar, until: int) -> Seasonal:  # noqa: ARG001
    return Seasonal(7)


def fit_usual(seen: Calendar, until: int) -> Usual:  # noqa: ARG001
    return Usual()
