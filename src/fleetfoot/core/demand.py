"""Is the rate above what the fleet is meant to carry, or is it noise? Fast for big surges, slow for small ones.

The same rate is looked at over several trailing spans, a quarter of a second to a minute. Over each,
a count of k has a standard deviation of about sqrt(D k), where D is the dispersion of this traffic
over that span, learnt from its own past (1 for Poisson). Growth needs one span on which the rate
clears the line by ``z`` of these deviations: a surge of x10 clears it within a fraction of a second,
one of x1.2 within half a minute or so, and steady traffic about never.

``z`` falls where a second, independent signal agrees (work piling up at the tasks), and again for
the refinements of a surge already established.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from fleetfoot.core.memory import Slice
from fleetfoot.core.windows import Window

SPANS = (250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000)  # ms
AT_SECOND, AT_TEN = SPANS.index(1_000), SPANS.index(10_000)
DOUBLED = sorted({*SPANS, *(2 * span for span in SPANS)})
LEARN_EVERY = 10_000  # ms
MIN_COUNT = 12  # requests a span must hold before it may speak
COVERED = 0.8  # of a span that must have been measured
NEEDED = tuple(round(COVERED * span) for span in SPANS)  # ms
ALONE, AGREED, FOLLOWING = 5.0, 4.2, 2.0  # z: rate alone; work piles up too; within a surge already answered
FIRST_GUESS = 1.5  # dispersion before any was learnt
CEILING = 64.0
MEMORY, FASTEST = 3_600_000, 120_000  # ms over which dispersion is learnt: in the long run, and at first
OUTLIER = 9.0  # x the known variance: further out is a surge, not noise


@dataclass(slots=True)
class Demand:
    """Rates in requests/s. ``rising`` is None unless growth is justified; ``span`` is the ms that justified it."""

    rising: float | None
    high: float  # what a scale-in must still carry
    rate: float  # over the shortest usable span of a second or more
    span: int = 0


def assess(window: Window, noise: Slice, line: float, z: float) -> Demand:
    """Compare the rate with ``line`` (requests/s the ordered tasks are meant to carry)."""
    first = earliest(window)
    return weigh(first, window.means(SPANS[first:]), noise, line, z)


def earliest(window: Window) -> int:
    """Which of ``SPANS`` is the shortest one the samples are fine enough for; the longest when none is."""
    first = bisect_left(SPANS, window.span)
    return first if first < len(SPANS) else len(SPANS) - 1


def weigh(first: int, means: Sequence[tuple[float, float]], noise: Slice, line: float, z: float) -> Demand:
    """``assess`` with the means over ``SPANS[first:]`` at hand."""
    spread = noise.get("dispersion")
    if spread is None:
        spread = noise["dispersion"] = [FIRST_GUESS] * len(SPANS)
    rising, span_used, high, floor, i = None, 0, 0.0, 1.0, first
    for value, covered in means:
        if covered < NEEDED[i]:
            break
        if spread[i] > floor:
            floor = spread[i]
        if value > line:
            span = SPANS[i]
            clear = value - z * sqrt(floor * value * 1000.0 / span) > line
            if clear and value * span >= MIN_COUNT * 1000.0 and (rising is None or value > rising):
                rising, span_used = value, span
        if i >= AT_TEN:
            upper = value if i == AT_TEN else value + 2.0 * sqrt(floor * value * 1000.0 / SPANS[i])
            if upper > high:
                high = upper
        i += 1
    second = AT_SECOND - first if first < AT_SECOND else 0
    rate = means[second][0] if i > first + second else means[-1][0]
    return Demand(rising, high or rate, rate, span_used)


def learn(window: Window, noise: Slice, now: int) -> None:
    """Update the dispersion of every span, now and then; call it only while no surge is on.

    Two neighbouring spans of steady traffic differ with a variance of 2 D rate / span. A step in the
    rate shows in that difference for two spans only, and clipped: it is demand, not noise.
    """
    last = noise.get("at")
    if last is not None and now - last < LEARN_EVERY:
        return
    noise["at"] = now
    if last is None:
        return
    passed = min(now - last, 2 * LEARN_EVERY)
    known = noise["known"] = noise.get("known", 0) + passed
    gain = passed / min(MEMORY, max(2 * known, FASTEST))
    spread = noise.get("dispersion") or [FIRST_GUESS] * len(SPANS)
    first = bisect_left(SPANS, window.span)
    spans = DOUBLED[bisect_left(DOUBLED, window.span) :]
    means = dict(zip(spans, window.means(spans), strict=True))
    for i, span in enumerate(SPANS[first:], first):
        late, covered = means[span]
        both, known_for = means[2 * span]
        if known_for < COVERED * 2 * span:
            break
        early = (both * known_for - late * covered) / (known_for - covered) if known_for > covered else 0.0
        if both > 0:
            seen = (late - early) ** 2 * span / 2000.0 / both
            spread[i] += gain * (min(seen, OUTLIER * spread[i]) - spread[i])
            spread[i] = min(max(spread[i], 1.0), CEILING)
    noise["dispersion"] = spread
