"""The outlook: what is forecast for the next hours, by which model, and how good its forecasts were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from math import isfinite, nan
from typing import Any, NamedTuple, Self

from fleetfoot.predict.backtest import Score, Tested, around, backtest
from fleetfoot.predict.calendar import Calendar, calendar
from fleetfoot.predict.history import DAY, History
from fleetfoot.predict.models import KINDS, Kind, Model
from fleetfoot.predict.models.base import SMALL

RETEST = 6 * 3600  # s of history after which the models are tried and trained again; AWS forecasts as often
PAST = 2 * DAY  # s of history an outlook shows


class Point(NamedTuple):
    """The mean rate (1/s) forecast for the slot that begins at ``at`` (s since 1970), and its band."""

    at: int
    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """Made at ``made`` (s since 1970) from what was measured before; ``past``: its newest slots, NaN for unknown."""

    made: int
    step: int
    model: str
    points: tuple[Point, ...]
    past: tuple[float, ...]
    scores: tuple[Score, ...]
    days: float

    def highest(self, begin: float, end: float) -> Point | None:
        """The point of the highest upper band among the slots that touch ``[begin, end]``; None past its ends."""
        if not self.points or begin < self.made or end < begin or end >= self.points[-1].at + self.step:
            return None
        return max((p for p in self.points if p.at + self.step > begin and p.at <= end), key=lambda p: p.high)

    def to_json(self) -> dict[str, Any]:
        return {
            "made": self.made, "step": self.step, "model": self.model, "days": self.days,
            "points": [[p.at, *(round(v, 4) for v in p[1:])] for p in self.points],
            "past": [round(v, 4) if isfinite(v) else None for v in self.past],
            "scores": [score.to_json() for score in self.scores],
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(
            data["made"], data["step"], data["model"], tuple(Point(*row) for row in data["points"]),
            tuple(nan if v is None else v for v in data["past"]), tuple(Score(**row) for row in data["scores"]),
            data["days"],
        )  # fmt: skip


@dataclass(slots=True)
class Forecaster:
    """Makes outlooks of one service. ``near``: s ahead that order tasks; ``horizon``: s ahead that are told.

    Tries and trains the models every ``RETEST``; in between it only looks at the newest past. A forecaster in
    another process goes on with what ``choice`` gave.
    """

    near: int
    horizon: int = DAY
    zone: tzinfo = UTC
    holidays: frozenset[date] = frozenset()
    kinds: Sequence[Kind] = KINDS
    tested: Tested | None = None
    at: int = 0  # end of the history that was tried
    _model: Model | None = field(default=None)

    def look(self, history: History, progress: Callable[[str], None] = lambda _: None) -> Outlook:
        """The outlook from the end of ``history``. Raises TooShort."""
        seen = calendar(history, self.zone, self.holidays)
        made, step = history.end, history.step
        if self.tested is None or made - self.at >= RETEST or made < self.at:
            near = max(1, -(-self.near // step))
            self.tested, self.at, self._model = backtest(seen, near, self.kinds, progress), made, None
        if self._model is None:
            progress(self.tested.best.name)
            self._model = self.tested.best.fit(seen, seen.known)
        points = self._points(seen, self._model, self.tested, made, step)
        past = history.values[-PAST // step :]
        return Outlook(made, step, self.tested.best.name, points, past, self.tested.scores, history.days)

    def _points(self, seen: Calendar, model: Model, tested: Tested, made: int, step: int) -> tuple[Point, ...]:
        times = range(made, made + self.horizon, step)
        origin = seen.place(made)
        places = [max(seen.place(at), origin) for at in times]
        small, points = SMALL * seen.usual, []
        for at, place, said in zip(times, places, model.predict(seen, origin, places), strict=True):
            low, high = around(said, max(1, place - origin), tested.band, small)
            points.append(Point(at, said, low, high))
        return tuple(points)

    def choice(self) -> dict[str, Any] | None:
        """What the back-test found, for another process."""
        if self.tested is None:
            return None
        scores, best, band = self.tested
        return {
            "at": self.at, "best": best.name, "band": [[a, *b] for a, b in band.items()],
            "scores": [score.to_json() for score in scores],
        }  # fmt: skip

    def resume(self, choice: dict[str, Any]) -> None:
        """Go on with the choice of another process."""
        best = next(kind for kind in self.kinds if kind.name == choice["best"])
        band = {ahead: (low, high) for ahead, low, high in choice["band"]}
        self.tested, self.at = Tested(tuple(Score(**row) for row in choice["scores"]), best, band), choice["at"]
