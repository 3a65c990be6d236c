"""One incarnation of one task as its pushes show it: from cumulative counts to what grew, and when.

A task's clock is used for lengths only. When an interval ended is told by our clock: the smallest
(arrival - end) of the last minute is taken as no delay, so a push that was held up is known as late.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fleetfoot_agent.histogram import Histogram, index_of
from fleetfoot_agent.wire import Push

LATE_MS = 2000  # an interval that arrives later after its end is history, not the present
LONGEST_MS = 10_000  # nor is one that long the present
SHORTEST_MS = 100  # a shorter one says nothing about a rate; it is joined to the next
_HALF_MINUTE = 30_000


class Growth(NamedTuple):
    """What was counted in ``span`` ms that ended at ``end``, by the receiver's clock."""

    end: int
    span: float
    requests: int
    errors: int
    ended: int
    latency: Histogram  # of the ended, and of those known to be open for long
    counts: Mapping[str, int]


class Fell(ValueError):
    """Counts fell, or time did, within one incarnation."""


class _Delay:
    """How much later than the fastest push of the last minute one arrives."""

    def __init__(self) -> None:
        self._turned = self._now = self._before = None  # type: int | None

    def of(self, arrived: int, end: int) -> int:
        offset = arrived - end
        if self._turned is None or self._now is None or arrived - self._turned >= _HALF_MINUTE:
            self._turned, self._before, self._now = arrived, self._now, offset
        self._now = min(self._now, offset)
        return offset - min(self._now, offset if self._before is None else self._before)


class Member:
    """The newest pushes of one incarnation. Times in ms by the receiver's clock."""

    def __init__(self, task: str, incarnation: str) -> None:
        self.task = task
        self.incarnation = incarnation
        self.last: Push | None = None
        self.growth: Growth | None = None  # the present rate; None when not known
        self.arrived = 0  # the last push of any kind
        self.seen: int | None = None  # the last push that was not late
        self.end = 0  # of the interval of that push
        self._base: Push | None = None  # the push the next growth is measured from
        self._delay = _Delay()
        self._stuck = (0, 0.0)  # requests open since nothing ended, and for how long (ms) at least

    @property
    def final(self) -> bool:
        return self.last is not None and self.last.final

    def repeats(self, push: Push) -> bool:
        """Whether this push, or a newer one, is known already."""
        return self.last is not None and push.sequence <= self.last.sequence

    def take(self, push: Push, now: int, period: int, up: int) -> tuple[Growth | None, bool]:
        """What grew for history, and whether the push was late. Raises Fell.

        ``period``: ms between pushes; ``up``: ms for which the receiver has been there to see all.
        """
        self._check(push)
        age = self._delay.of(now, push.end)
        late = age > LATE_MS
        longest = max(LONGEST_MS, 3 * period)
        grown = self._grown(push, now - age, known=push.end <= max(longest, up))
        self.last, self.arrived = push, now
        if not late:
            self.seen, self.end = now, now - age
            if self._base is push:
                self.growth = grown if grown is not None and grown.span <= longest else None
        return grown, late

    def _check(self, push: Push) -> None:
        last = self.last
        if last is None:
            return
        for name in ("end", "requests", "errors", "ended"):
            old, new = getattr(last, name), getattr(push, name)
            if new < old:
                raise Fell(f"{'to' if name == 'end' else name} fell from {old} to {new} within one incarnation")

    def _grown(self, push: Push, end: int, known: bool) -> Growth | None:
        """What grew since the base, which moves on; None when the interval is too short, or only a baseline."""
        base = self._base
        if base is None:
            span = float(push.end)
        else:
            span = push.length if push.sequence == base.sequence + 1 else float(push.end - base.end)
        if span < SHORTEST_MS and not push.final:
            return None
        self._base = push
        if base is None:
            if not known:
                return None
            counts, latency = dict(push.counts), push.latency
            return Growth(end, span, push.requests, push.errors, push.ended, latency, counts)
        ended = push.ended - base.ended
        return Growth(
            end,
            span,
            push.requests - base.requests,
            push.errors - base.errors,
            ended,
            self._with_open(push.latency.minus(base.latency), ended, base.in_flight, span),
            {name: max(n - base.counts.get(name, 0), 0) for name, n in push.counts.items()},
        )

    def _with_open(self, latency: Histogram, ended: int, open_before: int, span: float) -> Histogram:
        """Where nothing ended, all that was open before still is: it counts with the time that is known."""
        if ended or not open_before:
            self._stuck = (0, 0.0)
            return latency
        count, ms = self._stuck
        count, ms = (count or open_before), ms + span
        self._stuck = (count, ms)
        latency.counts[index_of(int(ms * 1e6))] += count
        latency.counts[index_of(int(span * 1e6))] += max(open_before - count, 0)
        return latency
