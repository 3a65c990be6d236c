"""What every traffic shape is: a pure function of elapsed seconds, and the ways to put shapes together.

Rules for whoever adds a shape:

* ``rate(t)`` is requests per second at ``t`` seconds after the start: never negative, and 0 before the
  start and from ``duration`` on.
* ``total(t)`` is its exact integral from 0 to ``t``: how many requests were offered by then. It never
  falls. Nothing sums in steps, so a shape read at any pace is the same traffic.
* ``when(n)`` is the earliest ``t`` with ``total(t) >= n``, or infinity when that is never reached. The
  one here searches and needs only ``rate`` and ``total``; a shape that can solve it should.
* No clock and no random number: a shape is a value, and equal shapes are equal traffic.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

HORIZON = 1e9  # seconds (30 years): an endless shape that has not offered n requests by then never will


class Shape(ABC):
    """Traffic over time. Put together with ``a.then(b)``, ``a + b``, ``a * 2``, ``a.cut(60)`` and ``a.repeat(3)``."""

    @property
    @abstractmethod
    def duration(self) -> float:
        """Seconds until the traffic ends; infinity when it does not."""

    @abstractmethod
    def rate(self, t: float) -> float:
        """Requests per second at ``t`` seconds after the start."""

    @abstractmethod
    def total(self, t: float) -> float:
        """Requests offered from the start to ``t`` seconds after it: the exact integral of the rate."""

    def when(self, n: float) -> float:
        """The earliest second at which ``n`` requests have been offered; infinity when never."""
        if n <= 0:
            return 0.0
        high = self._bracket(n)
        return high if math.isinf(high) else _earliest(self, n, high)

    def _bracket(self, n: float) -> float:
        if math.isfinite(self.duration):
            return self.duration if self.total(self.duration) >= n else math.inf
        high = 1.0
        while self.total(high) < n:
            high *= 2
            if high > HORIZON:
                return math.inf
        return high

    def then(self, after: Shape) -> Shape:
        """This shape to its end, then ``after``."""
        return Joined((self, after))

    def cut(self, seconds: float) -> Shape:
        """The first ``seconds`` of this shape."""
        return Cut(self, seconds)

    def repeat(self, times: int) -> Shape:
        """This shape ``times`` times, one after the other."""
        return Repeated(self, times)

    def __mul__(self, factor: float) -> Shape:
        return Scaled(self, factor)

    def __add__(self, other: Shape) -> Shape:
        return Sum((self, other))


def _earliest(shape: Shape, n: float, high: float) -> float:
    """Newton's steps inside a bracket that halves when they would leave it; the left edge where the total is flat."""
    low, t = 0.0, high / 2
    for _ in range(200):
        if high - low <= 1e-12 * max(1.0, high):
            break
        have, slope = shape.total(t), shape.rate(t)
        if have >= n:
            high = t
        else:
            low = t
        step = t + (n - have) / slope if slope > 0 else low
        if abs(step - t) < 1e-10 and have < n:
            step = t + 1e-10  # close from the left: put the right edge just past the root
        t = step if low < step < high else (low + high) / 2
    return high


def need(ok: bool, message: str) -> None:
    """Raise ValueError with ``message`` unless ``ok``."""
    if not ok:
        raise ValueError(message)


@dataclass(frozen=True)
class Scaled(Shape):
    """``shape`` with every rate multiplied by ``factor``."""

    shape: Shape
    factor: float

    def __post_init__(self) -> None:
        need(math.isfinite(self.factor) and self.factor >= 0, f"factor must be 0 or more, not {self.factor:g}")

    @property
    def duration(self) -> float:
        return self.shape.duration

    def rate(self, t: float) -> float:
        return self.shape.rate(t) * self.factor

    def total(self, t: float) -> float:
        return self.shape.total(t) * self.factor

    def when(self, n: float) -> float:
        if n <= 0:
            return 0.0
        return self.shape.when(n / self.factor) if self.factor else math.inf


@dataclass(frozen=True)
class Sum(Shape):
    """Several shapes at once; lasts as long as the longest."""

    parts: tuple[Shape, ...]

    @property
    def duration(self) -> float:
        return max(part.duration for part in self.parts)

    def rate(self, t: float) -> float:
        return sum(part.rate(t) for part in self.parts)

    def total(self, t: float) -> float:
        return sum(part.total(t) for part in self.parts)


@dataclass(frozen=True)
class Cut(Shape):
    """The first ``seconds`` of ``shape``."""

    shape: Shape
    seconds: float

    def __post_init__(self) -> None:
        need(self.seconds > 0, f"a duration must be over 0 s, not {self.seconds:g} s")

    @property
    def duration(self) -> float:
        return min(self.seconds, self.shape.duration)

    def rate(self, t: float) -> float:
        return self.shape.rate(t) if t < self.seconds else 0.0

    def total(self, t: float) -> float:
        return self.shape.total(min(t, self.seconds))

    def when(self, n: float) -> float:
        t = self.shape.when(n)
        return t if t <= self.seconds else math.inf


@dataclass(frozen=True)
class Joined(Shape):
    """Shapes one after the other; all but the last must end."""

    parts: tuple[Shape, ...]

    def __post_init__(self) -> None:
        need(bool(self.parts), "nothing to join")
        need(
            all(math.isfinite(part.duration) for part in self.parts[:-1]),
            "only the last of several joined shapes may be endless; give the others a duration",
        )

    @property
    def duration(self) -> float:
        return sum(part.duration for part in self.parts)

    def rate(self, t: float) -> float:
        for part in self.parts:
            if t < part.duration:
                return part.rate(t)
            t -= part.duration
        return 0.0

    def total(self, t: float) -> float:
        done = 0.0
        for part in self.parts:
            if t < part.duration:
                return done + part.total(t)
            done += part.total(part.duration)
            t -= part.duration
        return done

    def when(self, n: float) -> float:
        start = 0.0
        for part in self.parts:
            t = part.when(n)
            if math.isfinite(t):
                return start + t
            if math.isinf(part.duration):
                break
            start += part.duration
            n -= part.total(part.duration)
        return math.inf


@dataclass(frozen=True)
class Repeated(Shape):
    """``shape`` again and again, ``times`` times."""

    shape: Shape
    times: int

    def __post_init__(self) -> None:
        need(self.times >= 1, f"repeat must be 1 or more, not {self.times}")
        need(math.isfinite(self.shape.duration), "an endless shape cannot be repeated; give it a duration")

    @property
    def duration(self) -> float:
        return self.shape.duration * self.times

    def rate(self, t: float) -> float:
        return self.shape.rate(t % self.shape.duration) if 0 <= t < self.duration else 0.0

    def total(self, t: float) -> float:
        once = self.shape.total(self.shape.duration)
        if t >= self.duration:
            return once * self.times
        if t <= 0:
            return 0.0
        rounds, rest = divmod(t, self.shape.duration)
        return once * rounds + self.shape.total(rest)

    def when(self, n: float) -> float:
        if n <= 0:
            return 0.0
        once = self.shape.total(self.shape.duration)
        if once * self.times < n:
            return math.inf
        rounds = min(max(0, math.ceil(n / once) - 1), self.times - 1)
        inside = self.shape.when(n - once * rounds)
        return rounds * self.shape.duration + min(inside, self.shape.duration)
