"""The rolling back-test: what each model would have said through the newest days, and how far off it was.

Every fold is a day: the model is trained on what was before it and asked every hour of it, over seven spans ahead.
Its errors, as shares of what it said, also give the band (split conformal, Vovk; across the folds: Barber et al.
2021): no assumption about their shape, only that tomorrow's errors are like those of the last days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any, NamedTuple

from fleetfoot.predict.calendar import Calendar
from fleetfoot.predict.models import AS_NOW, KINDS, Kind, available
from fleetfoot.predict.models.base import SMALL, an_hour

FOLDS = 7  # days
AHEAD = (0.25, 0.5, 1.0, 3.0, 6.0, 12.0, 24.0)  # hours
LOW, HIGH = 0.05, 0.95  # the quantiles of the band: nine in ten values are to lie inside
SEASONS = 2  # whole days of history it needs at least

Band = Mapping[int, tuple[float, float]]  # slots ahead -> what is added to the median, as shares of it


class TooShort(ValueError):
    """There are not two seasons of history yet. The text is for a person; ``days``: what there is."""

    def __init__(self, text: str, days: float) -> None:
        super().__init__(text)
        self.days = days


class Guess(NamedTuple):
    """One forecast and what came: of ``fold``, ``ahead`` slots after it was made, in requests/s."""

    fold: int
    ahead: int
    said: float
    came: float


@dataclass(frozen=True, slots=True)
class Score:
    """How one model did. Errors are shares of the traffic's mean; ``near`` is the span ahead that orders tasks.

    ``pinball``: mean loss of the band's two ends and the median, over all spans; ``inside``: share of values in the
    band, each day judged by the other days' errors. ``why``: why there is no figure, for a person.
    """

    name: str
    near: float = 0.0  # WAPE: sum of the absolute errors over the sum of what came
    near_pinball: float = 0.0
    wape: float = 0.0
    pinball: float = 0.0
    inside: float = 0.0
    guesses: int = 0
    why: str = ""
    yardstick: bool = False

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Tested(NamedTuple):
    """``band``: of the best model, by slots ahead."""

    scores: tuple[Score, ...]
    best: Kind
    band: Band


def spans(seen: Calendar) -> tuple[int, ...]:
    """The spans ahead in slots."""
    hour = an_hour(seen)
    return tuple(sorted({max(1, round(hours * hour)) for hours in AHEAD}))


def backtest(
    seen: Calendar, near: int, kinds: Sequence[Kind] = KINDS, progress: Callable[[str], None] = lambda _: None
) -> Tested:
    """Every kind tried on the newest days; the one with the least pinball loss ``near`` slots ahead is the best.

    ``progress`` is told the name before each model. Raises TooShort.
    """
    folds = _folds(seen)
    if not folds:
        days = (seen.known - _first(seen)) / seen.per_day
        text = f"{days:.1f} days of history are too short: a forecast needs two seasons, {SEASONS} whole days at least"
        raise TooShort(text, days)
    ahead = spans(seen)
    near = next((span for span in ahead if span >= near), ahead[-1])
    told, tried = dict[str, Score](), dict[str, tuple[Kind, list[Guess]]]()
    for kind in (*kinds, AS_NOW):
        progress(kind.name)
        why = _unfit(kind, seen, folds)
        if why:
            told[kind.name] = Score(kind.name, why=why)
            continue
        tried[kind.name] = kind, _guesses(seen, kind, folds, ahead)
    same = frozenset.intersection(*(frozenset(guess.fold for guess in found) for _, found in tried.values()))
    if not same:
        days = seen.known / seen.per_day
        raise TooShort("the last days of the history have no measured hour to test a forecast on", days)
    for name, (kind, found) in tried.items():
        told[name] = _score(kind, [guess for guess in found if guess.fold in same], near, seen)
    first = min((score for score in told.values() if not score.why and not score.yardstick), key=_loss)
    kind, guesses = tried[first.name]
    return Tested(tuple(told[kind.name] for kind in (*kinds, AS_NOW)), kind, _band(guesses, seen))


def _loss(score: Score) -> float:
    return score.near_pinball


def _folds(seen: Calendar) -> list[tuple[int, int]]:
    """``[begin, end)`` of each day that is tested, the newest first."""
    many = min(FOLDS, (seen.known - _first(seen)) // seen.per_day - SEASONS + 1)
    ends = [seen.known - i * seen.per_day for i in range(max(0, many))]
    return [(end - seen.per_day, end) for end in ends]


def _unfit(kind: Kind, seen: Calendar, folds: Sequence[tuple[int, int]]) -> str:
    """Why this kind cannot be tried; empty when it can. It must be able to do half of the days at least: all are
    judged by the days that all could do."""
    if not available(kind):
        return f"needs {kind.extra}: make dev in the clone brings it"
    first = _first(seen)
    if 2 * sum(begin - first >= kind.days * seen.per_day for begin, _ in folds) < len(folds):
        days = next(n for n in range(kind.days, 99) if 2 * (n - kind.days) >= min(FOLDS, n - SEASONS + 1))
        return f"needs {days} days"
    return ""


def _first(seen: Calendar) -> int:
    return next((place for place in range(seen.known) if isfinite(seen.values[place])), seen.known)


def _guesses(seen: Calendar, kind: Kind, folds: Sequence[tuple[int, int]], ahead: Sequence[int]) -> list[Guess]:
    first, found = _first(seen), []
    for fold, (begin, end) in enumerate(folds):
        if begin - first < kind.days * seen.per_day:
            continue
        model = kind.fit(seen, begin)
        for origin in range(begin, end, an_hour(seen)):
            places = [origin + span for span in ahead if origin + span < seen.known and seen.usable(origin + span)]
            said = model.predict(seen, origin, places) if places else []
            found += [Guess(fold, p - origin, s, seen.values[p]) for p, s in zip(places, said, strict=True)]
    return found


def error(said: float, came: float, small: float) -> float:
    """By how much ``came`` was more, as a share of what was said."""
    return (came - said) / (said + small)


def quantile(errors: Sequence[float], share: float) -> float:
    """The conformal quantile: so high that of one more error like these ``share`` lie below; the extreme of few."""
    ranked = sorted(errors)
    if share < 0.5:
        return -quantile([-e for e in ranked], 1.0 - share)
    return ranked[min(len(ranked), ceil((len(ranked) + 1) * share)) - 1]


def _band(guesses: Sequence[Guess], seen: Calendar, without: int | None = None) -> Band:
    """From the errors of all folds, or all but one."""
    small, by = SMALL * seen.usual, dict[int, list[float]]()
    for guess in guesses:
        if guess.fold != without:
            by.setdefault(guess.ahead, []).append(error(guess.said, guess.came, small))
    return {ahead: (quantile(errors, LOW), quantile(errors, HIGH)) for ahead, errors in sorted(by.items())}


def around(said: float, ahead: int, band: Band, small: float) -> tuple[float, float]:
    """The band (1/s) around a median said ``ahead`` slots before: that of the next longer span that was tested."""
    low, high = band[next((span for span in sorted(band) if span >= ahead), max(band))]
    return max(0.0, min(said, said + low * (said + small))), max(said, said + high * (said + small))


def pinball(said: float, came: float, share: float) -> float:
    """The loss of a quantile forecast: what is above costs ``share``, what is below 1 - ``share``."""
    return (came - said) * share if came >= said else (said - came) * (1.0 - share)


def _score(kind: Kind, guesses: Sequence[Guess], near: int, seen: Calendar) -> Score:
    small, bands = SMALL * seen.usual, dict[int, Band]()
    folds = {guess.fold for guess in guesses}
    for fold in sorted(folds):
        bands[fold] = _band(guesses, seen, without=fold if len(folds) > 1 else None)
    all_of, near_of, inside = _Sums(), _Sums(), 0
    for guess in guesses:
        low, high = around(guess.said, guess.ahead, bands[guess.fold], small)
        inside += low <= guess.came <= high
        for sums in (all_of, near_of) if guess.ahead == near else (all_of,):
            sums.add(guess, low, high)
    near_of = near_of if near_of.guesses else all_of
    return Score(
        kind.name, near_of.wape, near_of.pinball, all_of.wape, all_of.pinball, inside / len(guesses), len(guesses),
        yardstick=kind is AS_NOW,
    )  # fmt: skip


class _Sums:
    def __init__(self) -> None:
        self.off = self.loss = self.came = 0.0
        self.guesses = 0

    def add(self, guess: Guess, low: float, high: float) -> None:
        self.guesses += 1
        self.came += guess.came
        self.off += abs(guess.came - guess.said)
        for said, share in ((low, LOW), (guess.said, 0.5), (high, HIGH)):
            self.loss += pinball(said, guess.came, share) / 3

    @property
    def wape(self) -> float:
        return self.off / self.came if self.came else 0.0

    @property
    def pinball(self) -> float:
        return self.loss / self.came if self.came else 0.0
