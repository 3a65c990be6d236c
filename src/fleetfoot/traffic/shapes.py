"""The shapes traffic takes. Straight pieces are one class, ``Lines``; only curves need more.

rate                                     a flash crowd: sudden rise, exponential decay
 |        .
 |       / `-._
 |------'      `----___________
 +------------------------------ t
        at  at + rise
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from fleetfoot.traffic.shape import Shape, need


@dataclass(frozen=True)
class Piece:
    """``seconds`` of traffic that goes in a straight line from ``first`` to ``last`` requests/s."""

    seconds: float
    first: float
    last: float


@dataclass(frozen=True)
class Lines(Shape):
    """Straight pieces one after the other, with jumps where they do not meet; the last may be endless and level."""

    pieces: tuple[Piece, ...]
    _ends: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _sums: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        need(bool(self.pieces), "a shape needs at least one piece")
        for piece in self.pieces:
            _check(piece)
        need(all(math.isfinite(p.seconds) for p in self.pieces[:-1]), "only the last piece may be endless")
        object.__setattr__(self, "_ends", tuple(accumulate(p.seconds for p in self.pieces)))
        object.__setattr__(self, "_sums", tuple(accumulate(_area(p) for p in self.pieces)))

    @property
    def duration(self) -> float:
        return self._ends[-1]

    def _piece(self, i: int) -> tuple[Piece, float, float]:
        """Piece ``i``, the second it starts at and the requests offered before it."""
        return (self.pieces[i], self._ends[i - 1], self._sums[i - 1]) if i else (self.pieces[0], 0.0, 0.0)

    def rate(self, t: float) -> float:
        if t < 0 or t >= self.duration:
            return 0.0
        piece, start, _ = self._piece(bisect_right(self._ends, t))
        return piece.first + _slope(piece) * (t - start)

    def total(self, t: float) -> float:
        if t <= 0:
            return 0.0
        if t >= self.duration:
            return self._sums[-1]
        piece, start, before = self._piece(bisect_right(self._ends, t))
        x = t - start
        return before + (piece.first + _slope(piece) * x / 2) * x

    def when(self, n: float) -> float:
        if n <= 0:
            return 0.0
        i = bisect_left(self._sums, n)
        if i == len(self._sums):
            return math.inf
        piece, start, before = self._piece(i)
        rest = n - before
        root = math.sqrt(max(0.0, piece.first**2 + 2 * _slope(piece) * rest))
        below = piece.first + root
        return start + min(2 * rest / below, piece.seconds) if below > 0 else math.inf


def _check(piece: Piece) -> None:
    for rate in (piece.first, piece.last):
        need(math.isfinite(rate) and rate >= 0, f"a rate must be 0/s or more, not {rate:g}")
    need(piece.seconds > 0, f"a duration must be over 0 s, not {piece.seconds:g} s")
    need(math.isfinite(piece.seconds) or piece.first == piece.last, "an endless piece must be level")


def _slope(piece: Piece) -> float:
    return (piece.last - piece.first) / piece.seconds if piece.first != piece.last else 0.0


def _area(piece: Piece) -> float:
    mean = (piece.first + piece.last) / 2
    return mean * piece.seconds if mean else 0.0  # an endless piece of nothing offers nothing


def steady(rate: float, seconds: float = math.inf) -> Lines:
    """``rate`` requests/s for ``seconds``."""
    return Lines((Piece(seconds, rate, rate),))


def step(before: float, after: float, at: float, seconds: float = math.inf) -> Lines:
    """``before``/s until second ``at``, then ``after``/s until second ``seconds``."""
    return Lines((Piece(at, before, before), Piece(seconds - at, after, after)))


def ramp(start: float, end: float, over: float, hold: float = 0.0) -> Lines:
    """From ``start``/s to ``end``/s in ``over`` seconds, then ``hold`` seconds more at ``end``."""
    up = Piece(over, start, end)
    return Lines((up, Piece(hold, end, end)) if hold else (up,))


def stages(parts: Iterable[tuple[float, float]]) -> Lines:
    """Steady stages one after the other, each ``(rate, seconds)``."""
    return Lines(tuple(Piece(seconds, rate, rate) for rate, seconds in parts))


def spike(base: float, peak: float, at: float, width: float, seconds: float = math.inf) -> Lines:
    """``base``/s, but a triangle up to ``peak``/s and back that starts at second ``at`` and lasts ``width``."""
    up = Piece(width / 2, base, peak)
    down = Piece(width / 2, peak, base)
    quiet = (Piece(at, base, base),) if at else ()
    return Lines((*quiet, up, down, Piece(seconds - at - width, base, base)))


def sawtooth(low: float, high: float, period: float, times: int = 1) -> Shape:
    """From ``low``/s to ``high``/s in ``period`` seconds, falling back at once, ``times`` times."""
    return Lines((Piece(period, low, high),)).repeat(times)


def onoff(on: float, off: float, on_for: float, off_for: float, times: int = 1) -> Shape:
    """``on``/s for ``on_for`` seconds, ``off``/s for ``off_for`` seconds, ``times`` times."""
    return stages([(on, on_for), (off, off_for)]).repeat(times)


def joined_points(points: Sequence[tuple[float, float]]) -> Lines:
    """Straight lines through ``(second, rate)`` points; the first point is second 0."""
    return Lines(tuple(Piece(t1 - t0, v0, v1) for (t0, v0), (t1, v1) in pairwise(points)))


@dataclass(frozen=True)
class Day(Shape):
    """A sine around ``mean``/s, up and down by ``swing``/s in ``period`` seconds; starts at its lowest.

    ``start`` is how far into the period it begins: a quarter of the period starts at the mean, rising.
    """

    mean: float
    swing: float
    period: float = 86_400.0
    start: float = 0.0
    seconds: float = math.inf

    def __post_init__(self) -> None:
        need(self.period > 0, f"period must be over 0 s, not {self.period:g} s")
        need(0 <= self.swing <= self.mean < math.inf, "swing must be between 0 and the mean (no negative rate)")
        need(self.seconds > 0, f"a duration must be over 0 s, not {self.seconds:g} s")

    @property
    def duration(self) -> float:
        return self.seconds

    def rate(self, t: float) -> float:
        if t < 0 or t >= self.seconds:
            return 0.0
        return self.mean - self.swing * math.cos(math.tau * (t + self.start) / self.period)

    def total(self, t: float) -> float:
        t = min(max(t, 0.0), self.seconds)
        turn = math.tau / self.period
        return self.mean * t - self.swing / turn * (math.sin(turn * (t + self.start)) - math.sin(turn * self.start))


@dataclass(frozen=True)
class Flash(Shape):
    """A flash crowd: ``base``/s, at second ``at`` up to ``peak``/s within ``rise`` seconds, then an exponential decay.

    ``half`` is the seconds in which what is above the base halves.
    """

    base: float
    peak: float
    at: float = 0.0
    rise: float = 1.0
    half: float = 60.0
    seconds: float = math.inf
    _before: Shape | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        need(0 <= self.base <= self.peak < math.inf, "peak must be at least the base, and the base 0/s or more")
        need(self.at >= 0 and self.rise >= 0, "a flash crowd starts at second 0 or later and rises in 0 s or more")
        need(self.half > 0 and self.seconds > 0, "half and the duration must be over 0 s")
        pieces = [Piece(self.at, self.base, self.base)] if self.at else []
        if self.rise:
            pieces.append(Piece(self.rise, self.base, self.peak))
        object.__setattr__(self, "_before", Lines(tuple(pieces)) if pieces else None)

    @property
    def duration(self) -> float:
        return self.seconds

    def rate(self, t: float) -> float:
        if t < 0 or t >= self.seconds:
            return 0.0
        past = t - self.at - self.rise
        if past < 0 and self._before is not None:
            return self._before.rate(t)
        return self.base + (self.peak - self.base) * math.exp2(-past / self.half)

    def total(self, t: float) -> float:
        t = min(max(t, 0.0), self.seconds)
        past = max(0.0, t - self.at - self.rise)
        before = self._before.total(t) if self._before is not None else 0.0
        life = self.half / math.log(2)
        return before + self.base * past - (self.peak - self.base) * life * math.expm1(-past / life)
