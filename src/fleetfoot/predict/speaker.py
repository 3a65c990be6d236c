"""What the engine hears of a forecast: ordinary signals, and silence while the forecast is not to be trusted.

``forecast.upper``   the highest upper band (1/s) from now until a task ordered now, plus the buffer, would serve
``forecast.median``  the median (1/s) of that slot
``forecast.error``   how far off the forecasts of the last two hours were: sum of errors over sum of traffic
``forecast.days``    days of history there are
Silence is ``forecast.upper`` missing. The error that was tracked is of forecasts really made, each judged as it was
said last before the tasks it asked for had to be ordered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from fleetfoot.core.model import Signal, State
from fleetfoot.core.policies.forecast import AGAIN, DAYS, ERROR, MEDIAN, UPPER
from fleetfoot.predict.history import DAY
from fleetfoot.predict.outlook import Outlook, Point

TRACKED = 7_200  # s whose error is tracked
LEAST = 6  # slots of them, before they count
OLD = 2 * 3600  # s after which an outlook that nobody renewed says nothing


@dataclass(slots=True)
class Speaker:
    """``lead``: s from an order until its task serves, with the buffer. ``bound``: the largest error, as a share."""

    lead: int
    bound: float
    outlook: Outlook | None = None
    why: str = "the forecast is being made"
    days: float | None = None  # of history there are
    silent: bool = False  # its error passed the bound
    said: dict[int, Point] = field(default_factory=dict)
    came: dict[int, float] = field(default_factory=dict)

    def take(self, outlook: Outlook) -> None:
        """A new outlook: what came meanwhile judges what was said before."""
        step = outlook.step
        first = outlook.made - len(outlook.past) * step
        for i, value in enumerate(outlook.past):
            at = first + i * step
            if at in self.said and isfinite(value):
                self.came[at] = value
        for point in outlook.points:
            if point.at >= outlook.made + self.lead - step:
                self.said[point.at] = point
        for table in (self.said, self.came):
            for at in [at for at in table if at < outlook.made - DAY]:
                del table[at]
        self.outlook, self.why, self.days = outlook, "", outlook.days
        error = self.error
        if error is not None:
            self.silent = error > self.bound * (AGAIN if self.silent else 1.0)

    def fail(self, why: str, days: float | None = None) -> None:
        """No new outlook; the text is for a person. ``days``: of history there are, where that is known."""
        self.why = why
        self.days = self.days if days is None else days

    @property
    def error(self) -> float | None:
        """WAPE of the tracked time; None while too little was tracked."""
        if self.outlook is None:
            return None
        ats = [at for at in self.came if at >= self.outlook.made - max(TRACKED, LEAST * self.outlook.step)]
        total = sum(self.came[at] for at in ats)
        if len(ats) < LEAST or total <= 0:
            return None
        return sum(abs(self.came[at] - self.said[at].median) for at in ats) / total

    @property
    def inside(self) -> float | None:
        """The share of the last day's slots that came to lie in the band; None while there are few."""
        if len(self.came) < LEAST:
            return None
        return sum(self.said[at].low <= came <= self.said[at].high for at, came in self.came.items()) / len(self.came)

    def signals(self, now: int, wall: int, period: int) -> dict[str, Signal]:
        """At ``now`` (controller's ms), which on the wall is ``wall`` (ms); ``period`` ms until they are renewed."""
        outlook, at = self.outlook, wall / 1000
        point = None
        if outlook is not None and not self.silent and at - outlook.made <= OLD + outlook.step:
            point = outlook.highest(max(at, outlook.made), max(at + self.lead, outlook.made))
        found = {}
        for name, value in (
            (UPPER, point and point.high),
            (MEDIAN, point and point.median),
            (ERROR, self.error),
            (DAYS, self.days),
        ):
            state = State.MISSING if value is None else State.FRESH
            found[name] = Signal(name, value or 0.0, now, now, period, period, 1.0, state)
        return found

    def notes(self) -> dict[str, Any]:
        """For people: ``status`` shows it."""
        outlook, error, inside = self.outlook, self.error, self.inside
        return {
            "model": outlook.model if outlook else "",
            "made": outlook.made * 1000 if outlook else None,
            "days": None if self.days is None else round(self.days, 2),
            "error": None if error is None else round(error, 4),
            "bound": self.bound,
            "inside": None if inside is None else round(inside, 4),
            "silent": self.silent,
            "why": self.why,
        }
