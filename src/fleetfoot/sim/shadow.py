"""A shadow beside the present scaler: both counts over the same recorded arrivals, through the same simulated plant.

What a shadow would have meant to users cannot be measured: nobody was served by it. So both series of counts are
put through the plant with the same requests. The present scaler's figure is there twice, measured and simulated:
how far these two are apart says how far the estimate may be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetfoot.core.listen import GROWS, judge
from fleetfoot.core.model import Fleet, Observation, Signal
from fleetfoot.core.over import second_is_over
from fleetfoot.sim.scaler import Counts, Feed
from fleetfoot.sim.score import Score
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.world import Run, run

PRESENT = "present."
SMOOTH = 5  # s of arrivals in a mean: the plant makes its own chance, the recorded one must not double it
LEAST = 10  # s
BEFORE = 60  # s a surge is measured against
RISE = 1.3  # times: a smaller rise is none
CHANCE = 4.0  # standard deviations
LONGEST = 600  # s in which an answer belongs to its surge


class Series(NamedTuple):
    """What one scaler had, a value a second: tasks ordered, and tasks billed (serving, starting, draining)."""

    desired: NDArray[np.float64]
    billed: NDArray[np.float64]

    @property
    def hours(self) -> float:
        return float(self.billed.sum()) / 3600.0


@dataclass(frozen=True)
class Watched:
    """A stretch of a shadow's journal, a value for every second that was watched. ``bad``: of the present fleet, as
    measured; ``wall``: when each second was, ms. ``throughput`` requests/s and task and ``startup`` ms: as learnt."""

    wall: NDArray[np.int64]
    arrivals: NDArray[np.float64]
    bad: NDArray[np.float64]
    present: Series
    shadow: Series
    throughput: float
    startup: int
    unwatched: int  # seconds between the first and the last

    @property
    def seconds(self) -> int:
        return len(self.wall)

    def seconds_over(self, percentile: float) -> int:
        """Of the present fleet, as measured."""
        pairs = zip(self.arrivals.tolist(), self.bad.tolist(), strict=True)
        return sum(second_is_over(round(arrived), bad, percentile) for arrived, bad in pairs)


class NotWatched(Exception):
    """There is nothing to compare; the text says why."""


@dataclass
class _Taken:
    """One second in the making."""

    wall: int
    arrivals: float = 0.0
    bad: float = 0.0
    counts: list[tuple[float, ...]] = field(default_factory=list)


def watched(seen: Iterable[Observation]) -> Watched:
    """The observations of a shadow's journal, by second. Raises NotWatched."""
    seconds: dict[int, _Taken] = {}
    newest, learnt = 0, (0.0, 0.0)
    for one in seen:
        if PRESENT + "desired" not in one.signals:
            continue
        newest = _interval(seconds, one, newest)
        second = seconds.setdefault(one.now // 1000, _Taken(one.wall))
        real = {name: _value(one, PRESENT + name) for name in ("desired", "serving", "warming", "starting", "draining")}
        billed = real["serving"] + real["warming"] + real["starting"] + real["draining"]
        second.counts.append((real["desired"], billed, float(one.fleet.desired), _billed(one.fleet)))
        learnt = _value(one, PRESENT + "throughput"), _value(one, PRESENT + "startup")
    known = sorted(at for at, second in seconds.items() if second.counts)
    if not known:
        raise NotWatched("no shadow watched here: `fleetfoot control --shadow` or `fleetfoot up --shadow` does")
    if len(known) < LEAST:
        raise NotWatched(f"the shadow has watched for {len(known)} s: {LEAST} s are the least to compare")
    rows = [seconds[at] for at in known]
    counts = np.array([row.counts[-1] for row in rows], np.float64)
    return Watched(
        wall=np.array([row.wall for row in rows], np.int64),
        arrivals=np.array([row.arrivals for row in rows], np.float64),
        bad=np.array([row.bad for row in rows], np.float64),
        present=Series(counts[:, 0], counts[:, 1]),
        shadow=Series(counts[:, 2], counts[:, 3]),
        throughput=learnt[0],
        startup=round(learnt[1]),
        unwatched=known[-1] - known[0] + 1 - len(known),
    )


def _interval(seconds: dict[int, _Taken], one: Observation, newest: int) -> int:
    """Put the arrivals of a new interval into the seconds they fell in; the end of the newest one taken."""
    requests, bad = one.signals.get("requests"), one.signals.get(PRESENT + "bad")
    if requests is None or requests.end <= newest or judge(requests, one.now) not in GROWS:
        return newest
    begin, end = requests.end - requests.span, requests.end
    for second in range(begin // 1000, (end - 1) // 1000 + 1):
        share = (min(end, 1000 * second + 1000) - max(begin, 1000 * second)) / 1000.0
        row = seconds.setdefault(second, _Taken(one.wall - one.now + 1000 * second))
        row.arrivals += requests.value * share
        row.bad += bad.value * share if bad is not None and judge(bad, one.now) in GROWS else 0.0
    return end


def _value(one: Observation, name: str) -> float:
    signal: Signal | None = one.signals.get(name)
    return signal.value if signal is not None else 0.0


def _billed(fleet: Fleet) -> float:
    return float(fleet.serving + fleet.warming + fleet.starting + fleet.draining)


@dataclass(slots=True)
class Follow:
    """A scaler that orders a recorded series, second by second."""

    name: str
    counts: NDArray[np.float64]
    period: int = 1000

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:  # noqa: ARG002 - the scaler protocol
        return int(self.counts[min(now // 1000, len(self.counts) - 1)])


class Surge(NamedTuple):
    """A rise of traffic in second ``at``, requests/s before and after, and when who grew: s after it, None: not."""

    at: int
    before: float
    after: float
    present: int | None
    shadow: int | None


@dataclass(frozen=True)
class Beside:
    """The comparison. ``present`` and ``shadow``: simulated; what was measured is in ``watched``."""

    watched: Watched
    setup: Setup
    present: Run
    shadow: Run
    surges: tuple[Surge, ...]
    task_hour: float

    def to_json(self) -> dict[str, Any]:
        seen, percentile = self.watched, self.setup.percentile
        requests = float(seen.arrivals.sum())
        measured = {
            "requests": round(requests), "bad": round(float(seen.bad.sum())),
            "share_bad": float(seen.bad.sum()) / requests if requests else 0.0,
            "seconds_over": seen.seconds_over(percentile), **_cost(seen.present, self.task_hour),
        }  # fmt: skip
        return {
            "seconds": seen.seconds,
            "unwatched": seen.unwatched,
            "throughput": seen.throughput,
            "startup_ms": seen.startup,
            "present": {"measured": measured, "simulated": _figures(self.present.score)},
            "shadow": {"simulated": _figures(self.shadow.score), **_cost(seen.shadow, self.task_hour)},
            "surges": [
                {"wall": int(seen.wall[one.at]), **one._asdict()} for one in self.surges
            ],
        }  # fmt: skip


def _cost(series: Series, task_hour: float) -> dict[str, float]:
    return {"task_hours": series.hours, "money": series.hours * task_hour, "most_tasks": float(series.desired.max())}


def _figures(score: Score) -> dict[str, float]:
    return {
        "requests": score.requests, "bad": score.bad, "share_bad": score.share_bad, "seconds_over": score.seconds_over,
    }  # fmt: skip


def beside(seen: Watched, setup: Setup, task_hour: float = 0.0) -> Beside:
    """Both scalers' counts through the plant ``setup``, in which throughput and start-up become those learnt."""
    most = int(max(seen.present.desired.max(), seen.shadow.desired.max(), setup.maximum))
    setup = replace(setup, minimum=1, maximum=most, startup=seen.startup or setup.startup, registration=0)
    if seen.throughput > 0:
        setup = replace(setup, service=1000.0 * setup.concurrency / seen.throughput)
    rates = smooth(seen.arrivals)

    def one(name: str, counts: NDArray[np.float64]) -> Run:
        first = max(int(counts[0]), 1)
        return run(rates, setup, Follow(name, counts), initial=first, judged_from=0, task_hour=task_hour)

    present, shadow = one("present", seen.present.desired), one("shadow", seen.shadow.desired)
    return Beside(seen, setup, present, shadow, tuple(surges(seen)), task_hour)


def smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over ``SMOOTH`` entries around each."""
    ones = np.ones(SMOOTH)
    mean: NDArray[np.float64] = np.convolve(values, ones, "same") / np.convolve(np.ones(len(values)), ones, "same")
    return mean


def surges(seen: Watched) -> list[Surge]:
    """Rises by a third or more that are no chance, and when each scaler first grew after them."""
    total = np.concatenate([[0.0], np.cumsum(seen.arrivals)])
    found: list[Surge] = []
    second, last = BEFORE, seen.seconds - SMOOTH
    while second <= last:
        before = (total[second] - total[second - BEFORE]) / BEFORE
        after = (total[second + SMOOTH] - total[second]) / SMOOTH
        if after < RISE * before or after - before < CHANCE * sqrt((before + after) / SMOOTH):
            second += 1
            continue
        at = _steepest(seen.arrivals, second)
        until = min(at + LONGEST, seen.seconds)
        peak = float(smooth(seen.arrivals)[at : at + BEFORE].max())
        found.append(Surge(at, before, peak, *(_grew(s.desired, at, until) for s in (seen.present, seen.shadow))))
        second = at + BEFORE + SMOOTH
    return found


def _steepest(arrivals: NDArray[np.float64], second: int) -> int:
    """The second of the largest step within the window that showed the rise."""
    steps = np.diff(arrivals[second - 1 : second + SMOOTH])
    return second + int(steps.argmax())


def _grew(desired: NDArray[np.float64], at: int, until: int) -> int | None:
    grown = np.flatnonzero(np.diff(desired[max(at - 1, 0) : until]) > 0)
    return int(grown[0]) + (0 if at else 1) if len(grown) else None
