"""Bounds nobody can beat: the clairvoyant minimum with its own gap, and the limit of whoever only reacts.

Rules of the game, the same for every bound (docs/bounds.md has the argument):

* Time is whole seconds 0..T-1, and only what is billed inside them counts. A task serves from ``lead`` seconds
  after its order and is billed from the order (image pull) to the end of its drain.
* So a count of serving tasks c costs its area, ``lead`` for each task that begins and ``drain`` for each that
  ends. That sum splits by level: level k is the one task that is on while c >= k, and where it is needed twice
  with a gap between, it is kept or given back, whichever is cheaper. The cheapest of each level together are the
  cheapest of all, exactly; one pass over the changes of the need with a stack finds them.

Everything is counted in task-seconds; whoever knows a price multiplies.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from fleetfoot.sim.scaler import Counts, Feed

Numbers = NDArray[np.float64]
Tasks = NDArray[np.int64]
EDGE = 1e-9  # so that 3.0000000001 tasks of work are three tasks
SPANS = (2, 5, 10, 20, 40, 80, 160)  # seconds of arrivals the lower bound looks at together; the best of them counts


@dataclass(frozen=True)
class Terms:
    """What starting and stopping take, in seconds, and the counts allowed.

    ``lead`` is start-up + registration: from the order to the first request. ``drain`` is billed.
    """

    lead: float
    drain: float
    minimum: int = 0
    maximum: int | None = None

    def __post_init__(self) -> None:
        if min(self.lead, self.drain) < 0 or self.minimum < 0:
            raise ValueError("lead, drain and the minimum must be 0 or more")
        if self.maximum is not None and self.maximum < max(1, self.minimum):
            raise ValueError(f"the maximum must be at least 1 and the minimum, not {self.maximum}")

    def bounded(self, need: Numbers) -> Numbers:
        """``need`` within the counts allowed."""
        return np.clip(need, self.minimum, inf if self.maximum is None else self.maximum)


@dataclass(frozen=True)
class Plan:
    """Capacity second by second and what it costs. ``short``: seconds in which it serves with fewer than needed."""

    cost: float  # task-seconds billed
    serving: Tasks
    desired: Tasks  # to be ordered at each second so that ``serving`` comes out
    short: int


def needed(rates: NDArray[np.generic], carried: NDArray[np.generic]) -> Tasks:
    """The fewest tasks for each second's rate, where ``i + 1`` tasks carry up to ``carried[i]`` requests/s.

    A rate beyond the table needs one more than it has: give it up to the maximum, and such a second is short.
    """
    given, table = _checked(rates), _checked(carried)
    if (np.diff(table) < 0).any():
        raise ValueError("more tasks cannot carry less")
    return np.where(given > 0, 1 + np.searchsorted(table, given - EDGE), 0).astype(np.int64)


def clairvoyant(need: NDArray[np.generic], terms: Terms) -> Plan:
    """The cheapest capacity that is at least ``need[t]`` (tasks) in every second t, known in advance. Exact.

    Before second 0 it may have ordered what it likes; a need over the maximum is served with the maximum and
    counted as short.
    """
    asked = _checked(need)
    bounded = terms.bounded(np.ceil(asked - EDGE))
    cost, serving = _cheapest(bounded, terms)
    plan = np.rint(serving).astype(np.int64)
    return Plan(cost, plan, _orders(plan, ceil(terms.lead)), int(np.count_nonzero(plan < asked - EDGE)))


def floor(
    arrivals: NDArray[np.generic], throughput: float, terms: Terms, within: float = 1.0, share: float = 0.95
) -> float:
    """A cost in task-seconds below which no scaler keeps every second, whatever it knows and however it queues.

    ``arrivals[t]`` requests come in second t; ``share`` of them must be served by ``within`` s after they came,
    by tasks that carry at most ``throughput`` requests/s each. The work may wait and be smoothed inside that.
    """
    if not (throughput > 0 and within >= 0 and 0 < share <= 1):
        raise ValueError("throughput must be over 0, within 0 or more, share over 0 and at most 1")
    coming = _checked(arrivals) * share / throughput
    wait = 1 + ceil(within - EDGE)  # the last request of a second is due this many seconds after its first came
    best = terms.minimum * float(len(coming))
    for span in SPANS:
        window = span + wait - 1  # whoever came in span seconds is served within these
        if window > len(coming):
            break
        work = np.convolve(coming, np.ones(span), "valid")[: len(coming) - window + 1] / window
        best = max(best, _cheapest(terms.bounded(work), terms)[0], _whole(work, window, terms))
    return best


def reactive(need: NDArray[np.generic], terms: Terms, hold: float | None = None) -> Plan:
    """What a scaler comes to that sees the need of the present second exactly, acts at once, and foresees nothing.

    It orders what is needed now and gives a task back after ``hold`` s without need; the default is what a new
    start would cost, lead + drain: whatever comes, no level then pays more than twice the clairvoyant's, the edges
    of the span apart (and no rule without foresight can promise less). It begins in the state its first second needs.
    """
    asked = _checked(need)
    held = terms.lead + terms.drain if hold is None else hold
    if held < 0:
        raise ValueError("hold must be 0 or more")
    desired = _trailing(np.maximum, terms.bounded(np.ceil(asked - EDGE)), ceil(held) + 1)
    serving = _trailing(np.minimum, desired, ceil(terms.lead) + 1)
    ended = np.maximum(0.0, -np.diff(serving))
    left = np.arange(len(serving) - 1, 0, -1)
    cost = float(desired.sum() + (ended * np.minimum(terms.drain, left)).sum())
    plan = serving.astype(np.int64)
    return Plan(cost, plan, desired.astype(np.int64), int(np.count_nonzero(plan < asked - EDGE)))


@dataclass(frozen=True)
class Scheduled:
    """A scaler that orders what a plan says: how a bound is tried in the simulated world beside its rivals."""

    name: str
    plan: Plan
    period: int = 1000

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:  # noqa: ARG002
        """The plan's count of this second; the last one after its end."""
        desired = self.plan.desired
        return int(desired[min(now // 1000, len(desired) - 1)])


def _checked(values: NDArray[np.generic]) -> Numbers:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or not len(numbers) or not np.isfinite(numbers).all() or numbers.min() < 0:
        raise ValueError("give one number a second, each finite and 0 or more")
    return numbers


def _cheapest(need: Numbers, terms: Terms) -> tuple[float, Numbers]:
    """The least cost of serving at least ``need`` (whole or not) and the capacity that has it.

    Walks the changes of the need. What falls goes on a stack, so the lowest level lies on top; what rises takes
    from it: those levels have a gap from then to now. A rise beyond the stack begins for the first time.
    """
    length = len(need)
    kept = np.zeros(length + 1)  # what gaps kept add to the need, as changes
    fallen: list[tuple[int, float]] = []  # (second, how much of the need ended there)
    cost = float(need.sum())
    at = np.flatnonzero(np.diff(need)) + 1
    for second, change in zip(at.tolist(), (need[at] - need[at - 1]).tolist(), strict=True):
        if change < 0:
            fallen.append((second, -change))
        rise = change
        while rise > 0:
            since, height = fallen.pop() if fallen else (-1, rise)
            part = min(height, rise)
            if part < height:
                fallen.append((since, height - part))
            rise -= part
            start = min(terms.lead, second)
            again = start + min(terms.drain, length - since) if since >= 0 else start
            gap = second - max(since, 0)
            if gap <= again:
                kept[max(since, 0)] += part
                kept[second] -= part
            cost += part * min(gap, again)
    for since, height in fallen:
        tail = length - since
        if tail <= terms.drain:
            kept[since] += height
        cost += height * min(tail, terms.drain)
    return cost, need + np.cumsum(kept[:-1])


def _whole(work: Numbers, window: int, terms: Terms) -> float:
    """The floor by whole tasks: somewhere in each window as many tasks serve as its mean work, rounded up.

    The largest count of a window begins at most ``window - 1`` seconds before the count itself, and changes no
    oftener; so it is the same problem with a lead that much shorter.
    """
    shorter = terms.lead - (window - 1)
    if shorter < 0:
        return 0.0
    return _cheapest(terms.bounded(np.ceil(work - EDGE)), Terms(shorter, terms.drain, terms.minimum, terms.maximum))[0]


def _orders(serving: Tasks, lead: int) -> Tasks:
    """What to order when, so that ``serving`` serves: growth ``lead`` seconds before, shrink at the moment."""
    change = np.diff(serving, prepend=0)
    orders = np.minimum(change, 0)
    grown = np.flatnonzero(change > 0)
    np.add.at(orders, np.maximum(grown - lead, 0), change[grown])
    return np.cumsum(orders)


def _trailing(pick: np.ufunc, values: Numbers, width: int) -> Numbers:
    """The largest (or smallest) of the last ``width`` values at each place; doubling, so log2(width) passes."""
    found, span = values, 1
    while span < min(width, len(values)):
        step = min(span, width - span)
        found = np.concatenate((found[:step], pick(found[step:], found[:-step])))
        span += step
    return found
