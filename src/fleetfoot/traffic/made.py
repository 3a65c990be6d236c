"""Made-up traffic with more to it than a line: noise on any shape, and a day of a big sale."""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from dataclasses import dataclass, field

from fleetfoot.traffic.shape import Shape, need
from fleetfoot.traffic.shapes import Lines, joined_points

EVERY = 10.0  # seconds between two levels of noise
MOST_LEVELS = 5_000_000

# (hour, share of the way from the low to the peak): customers wait for midnight and come back when the doors
# open at eight, most at noon and in the evening. Made up; it is steeper than a common day, which is its use.
_SALE = (
    (0.0, 0.02), (0.01, 0.45), (0.5, 0.30), (1.5, 0.10), (3.0, 0.01), (5.0, 0.0), (7.0, 0.12), (8.0, 0.20),
    (8.02, 0.70), (9.0, 0.62), (11.0, 0.85), (12.0, 1.0), (13.0, 0.95), (15.0, 0.70), (17.0, 0.72), (19.5, 0.93),
    (21.0, 0.85), (22.5, 0.45), (24.0, 0.10),
)  # fmt: skip


def black_friday(low: float = 20.0, peak: float = 200.0, seconds: float = 86_400.0) -> Lines:
    """A sale's day between ``low``/s and ``peak``/s: jumps at midnight and at eight, the peak at noon.

    ``seconds`` is how long the day takes: shorter makes the same rises steeper.
    """
    need(0 <= low <= peak < math.inf, "peak must be at least the low, and the low 0/s or more")
    need(0 < seconds < math.inf, f"a duration must be over 0 s, not {seconds:g} s")
    return joined_points([(hour / 24.0 * seconds, low + share * (peak - low)) for hour, share in _SALE])


@dataclass(frozen=True)
class Noisy(Shape):
    """``shape`` whose rate is multiplied by a random level that changes every ``every`` seconds.

    The levels are log-normal with mean 1 and standard deviation ``noise`` (0.2: a fifth of the rate), drawn
    from ``seed``: equal values are equal traffic. The shape must end.
    """

    shape: Shape
    noise: float
    every: float = EVERY
    seed: int = 1
    _levels: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _sums: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        need(0 <= self.noise <= 3, f"noise must be between 0 and 3 (300 %), not {self.noise:g}")
        need(self.every > 0, f"noise must change every so many seconds over 0, not {self.every:g}")
        need(math.isfinite(self.shape.duration), "noise needs traffic that ends; give it seconds")
        many = math.ceil(self.shape.duration / self.every)
        need(many <= MOST_LEVELS, f"{many:,} levels of noise, {MOST_LEVELS:,} are the most; change it less often")
        spread = math.sqrt(math.log1p(self.noise**2))
        rng = random.Random(self.seed)
        levels = tuple(math.exp(rng.gauss(-(spread**2) / 2, spread)) for _ in range(many))
        sums = [0.0]
        for i, level in enumerate(levels):
            part = self.shape.total((i + 1) * self.every) - self.shape.total(i * self.every)
            sums.append(sums[-1] + level * part)
        object.__setattr__(self, "_levels", levels)
        object.__setattr__(self, "_sums", tuple(sums))

    @property
    def duration(self) -> float:
        return self.shape.duration

    def rate(self, t: float) -> float:
        if t < 0 or t >= self.duration:
            return 0.0
        return self.shape.rate(t) * self._levels[int(t // self.every)]

    def total(self, t: float) -> float:
        if t <= 0:
            return 0.0
        if t >= self.duration:
            return self._sums[-1]
        i = int(t // self.every)
        return self._sums[i] + self._levels[i] * (self.shape.total(t) - self.shape.total(i * self.every))

    def when(self, n: float) -> float:
        if n <= 0:
            return 0.0
        i = bisect_left(self._sums, n)
        if i == len(self._sums):
            return math.inf
        rest = (n - self._sums[i - 1]) / self._levels[i - 1]
        found = self.shape.when(self.shape.total((i - 1) * self.every) + rest)
        return min(found, i * self.every, self.duration)
