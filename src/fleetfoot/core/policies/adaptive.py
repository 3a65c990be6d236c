"""Adaptive thresholds: grow above, and shrink below, what is usual at this time of day.

Every five minutes the mean of the signal becomes a point; a day of them is kept. From 50 points on

    out = max(usual + 2 sd, 0.9 x p95, above), but never over the hard limit ``at_most``
    in  = min(usual - sd, 1.2 x p05, below), but never under ``at_least``

``usual`` is the mean of the points of the present hour of the day, sd, p95 and p05 those of all points. Hours are
those of ``zone``: the hour that is skipped in spring is a hole in the points, the one that comes twice in autumn takes
the place of the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Abstain, Data, Reason, Vote, Want
from fleetfoot.core.policies import breach
from fleetfoot.core.policies.base import blind, modest, part_blind
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

if TYPE_CHECKING:
    from fleetfoot.spec.policies.adaptive import AdaptivePolicy

POINT = 300_000  # ms
HOUR = 3_600_000 // POINT  # points
DAY = 24 * HOUR
ENOUGH = 50  # points, before which what is written holds
LONGEST = 10_000  # ms a value may stand for: what was not seen is not counted
COVERED = 0.5
DIGITS = 6  # kept of a point


class Usual(NamedTuple):
    """What the points say: of the present hour, and the spread and the ends of all."""

    mean: float
    sd: float
    p95: float
    p05: float


def percentile(ordered: list[float], share: float) -> float:
    """Between the two nearest points, in proportion (NumPy's default)."""
    at = share * (len(ordered) - 1)
    low = floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def usual(points: list[float | None], slot: int) -> Usual | None:
    """``points`` end right before ``slot`` (local, counted from 1970); None while fewer than ``ENOUGH`` are known."""
    known = [point for point in points if point is not None]
    if len(known) < ENOUGH:
        return None
    mean = sum(known) / len(known)
    sd = sqrt(sum((point - mean) ** 2 for point in known) / (len(known) - 1))
    first, hour = slot - len(points), slot % DAY // HOUR
    same = [p for i, p in enumerate(points, first) if p is not None and i % DAY // HOUR == hour]
    ordered = sorted(known)
    return Usual(sum(same) / len(same) if same else mean, sd, percentile(ordered, 0.95), percentile(ordered, 0.05))


@dataclass(frozen=True, slots=True)
class Adaptive:
    """``below`` None: it never shrinks."""

    name: str
    signal: str
    above: float
    at_most: float
    below: float | None = None
    at_least: float = 0.0
    keep: int = DAY  # points
    add: int = 1
    remove: int = 1
    cooldown: int = 300_000  # ms
    window: int = 10_000  # ms
    zone: str = "UTC"  # whose hours the season keeps

    monotone = True

    @classmethod
    def of(cls, spec: AdaptivePolicy) -> Self:
        """As written in the file."""
        least = spec.at_least if spec.at_least is not None else (spec.below or 0.0) / 2
        return cls(
            spec.name, spec.signal, spec.above, spec.at_most, spec.below, least, spec.history // POINT, spec.add,
            spec.remove, spec.cooldown, spec.window, spec.zone,
        )  # fmt: skip

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.signal,)

    @property
    def looks_back(self) -> int:
        return self.window

    def learnt(self, mine: Slice) -> dict[str, Any]:
        """The thresholds in force, and how many points they rest on."""
        if "out" not in mine:
            return {}
        known = sum(point is not None for point in mine["points"])
        return {"above": mine["out"], "below": mine["in"], "points": known}

    def vote(self, view: View, mine: Slice) -> Vote:
        breach.confirm(view, mine, self.cooldown)
        self._remember(view, mine)
        unseen = blind(view, self.signal)
        if unseen is not None:
            return unseen
        mean, covered = view.mean(self.signal, self.window)
        if covered < COVERED * self.window:
            return Abstain(Reason(Code.TOO_FEW_SAMPLES, {"signal": self.signal}))
        points = mine["known"]
        data: Data = {"signal": self.signal, "value": round(mean, 3), "threshold": round(mine["out"], 3)}
        if mean > mine["out"]:
            return self._out(view, mine, {**data, "points": points})
        breach.over(view, mine)
        low = mine["in"]
        dim = part_blind(view, self.signal)
        if dim is not None:
            return dim
        if low is None:
            return Abstain(Reason(Code.NOT_BREACHED, data))
        if mean >= low:
            return Want(view.current, Reason(Code.NOT_BREACHED, data))
        return self._in(view, mine, {**data, "threshold": round(low, 3), "points": points})

    def _out(self, view: View, mine: Slice, data: Data) -> Vote:
        want = modest(view, self.signal, breach.base(view, mine) + self.add)
        if want <= view.current:
            return Want(view.current, Reason(Code.STEP_COOLDOWN, data))
        return Want(breach.ask(view, mine, want), Reason(Code.UNUSUAL, {**data, "to": want}))

    def _in(self, view: View, mine: Slice, data: Data) -> Vote:
        if not breach.may_shrink(view, mine):
            return Want(view.current, Reason(Code.STEP_COOLDOWN, data))
        want = max(0, view.current - self.remove)
        return Want(breach.ask(view, mine, want), Reason(Code.UNUSUALLY_QUIET, {**data, "to": want}))

    def _remember(self, view: View, mine: Slice) -> None:
        """Close the point that is over, then count what is seen now into the present one."""
        slot = (view.now + self._offset(view, mine)) // POINT
        if mine.get("slot") != slot:
            self._close(mine, slot)
        if view.usable(self.signal):
            span = min(view.now - mine.get("at", view.now - 1000), LONGEST)
            mine["sum"] += view.value(self.signal) * span
            mine["span"] += span
        mine["at"] = view.now

    def _offset(self, view: View, mine: Slice) -> int:
        """ms from UTC, as last told."""
        told = view.seen.offsets.get(self.zone)
        if told is not None:
            mine["offset"] = told[0]
        return int(mine.get("offset", 0))

    def _close(self, mine: Slice, slot: int) -> None:
        points = mine.setdefault("points", [])
        before = mine.get("slot")
        if before is not None:
            point = mine["sum"] / mine["span"] if mine["span"] >= COVERED * POINT else None
            points.append(None if point is None else float(f"{point:.{DIGITS}g}"))
            points += [None] * min(slot - before - 1, self.keep)
            del points[max(0, len(points) - max(0, before + 1 - slot)) :]  # the local clock went back
            del points[: -self.keep]
        mine.update(slot=slot, sum=0.0, span=0)
        found = usual(points, slot)
        mine["known"] = sum(point is not None for point in points)
        mine["out"], mine["in"] = self.thresholds(found)

    def thresholds(self, found: Usual | None) -> tuple[float, float | None]:
        """(grow above, shrink below): as written while nothing is ``found``."""
        if found is None:
            return self.above, self.below
        out = min(max(found.mean + 2 * found.sd, 0.9 * found.p95, self.above), self.at_most)
        if self.below is None:
            return out, None
        return out, max(min(found.mean - found.sd, 1.2 * found.p05, self.below), self.at_least)
