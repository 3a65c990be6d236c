"""Step scaling with AWS's rules (Application Auto Scaling API: StepScalingPolicyConfiguration).

Steps are distances from the threshold. Above it a step holds for ``lower <= d < upper``, below it for
``lower < d <= upper``; None is open. Changes round as AWS does: a percentage under one task is one task,
else it is cut towards zero; then the minimum adjustment.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import trunc
from typing import TYPE_CHECKING, Self

from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Abstain, Data, Reason, Vote, Want
from fleetfoot.core.policies import breach
from fleetfoot.core.policies.base import blind, modest, part_blind
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

if TYPE_CHECKING:
    from fleetfoot.spec.policies.step import StepPolicy

CHANGE, PERCENT, EXACT = "change", "percent", "exact"
COVERED = 0.5  # of a period that must have been measured for it to be a datapoint
EXACT_TO = 9  # decimals a distance is rounded to: 90 % is ten points above 80 %, not a hair less


def change(kind: str, adjustment: float, count: int, at_least: int = 1) -> int:
    """The signed change of ``count`` tasks an adjustment makes, before minimum and maximum.

    >>> change(PERCENT, 10, 10), change(PERCENT, 30, 11), change(PERCENT, -10, 14), change(PERCENT, -30, 13)
    (1, 3, -1, -3)
    """
    if kind == EXACT:
        return trunc(adjustment) - count
    if kind == CHANGE:
        return trunc(adjustment)
    # tenths of a per cent are exact in decimal and not in binary: round away what the division added
    exact = round(count * adjustment / 100.0, 9)
    if exact == 0:
        return 0
    whole = trunc(exact) if abs(exact) >= 1 else (1 if exact > 0 else -1)
    if abs(whole) < at_least:
        whole = at_least if whole > 0 else -at_least
    return whole


@dataclass(frozen=True, slots=True)
class Step:
    """``steps``: (lower, upper, adjustment) as signed distances from ``threshold``, in the signal's own unit."""

    name: str
    signal: str
    threshold: float
    above: bool
    kind: str
    steps: tuple[tuple[float | None, float | None, float], ...]
    at_least: int = 1
    cooldown: int = 300_000  # ms
    period: int = 10_000  # ms
    datapoints: int = 1
    statistic: str = "mean"

    @classmethod
    def of(cls, spec: StepPolicy) -> Self:
        """As written in the file."""
        above = spec.above is not None
        threshold = spec.above if spec.above is not None else spec.below
        assert threshold is not None  # one of them is written
        return cls(
            spec.name, spec.signal, threshold, above, spec.kind_of_change, tuple(spec.steps),
            spec.at_least, spec.cooldown, spec.period, spec.datapoints, spec.statistic,
        )  # fmt: skip

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.signal,)

    @property
    def looks_back(self) -> int:
        return self.datapoints * self.period

    @property
    def monotone(self) -> bool:
        """Relative steps above a threshold that rise with the distance are.

        An exact count, or a smaller step further out, is not; nor is a step below a threshold: past it the
        policy has no opinion, and a deeper scale-in of another policy goes through.
        """
        grows = [row[2] for row in self.steps]
        return self.above and self.kind != EXACT and grows == sorted(grows)

    def pick(self, distance: float) -> float | None:
        """The adjustment for ``distance`` from the threshold, None inside it."""
        for lower, upper, adjustment in self.steps:
            low = float("-inf") if lower is None else lower
            high = float("inf") if upper is None else upper
            if (low <= distance < high) if self.above else (low < distance <= high):
                return adjustment
        return None

    def vote(self, view: View, mine: Slice) -> Vote:
        breach.confirm(view, mine, self.cooldown)
        unseen = blind(view, self.signal)
        if unseen is not None:
            return unseen
        points = self._points(view)
        if points is None:
            return Abstain(Reason(Code.TOO_FEW_SAMPLES, {"signal": self.signal}))
        distances = [round(point - self.threshold, EXACT_TO) for point in points]
        breached = min(distances) > 0 if self.above else max(distances) < 0
        found = self.pick(distances[0]) if breached else None
        data: Data = {"signal": self.signal, "value": round(points[0], 3), "threshold": self.threshold}
        if found is None:
            breach.over(view, mine)
            return part_blind(view, self.signal) or Abstain(Reason(Code.NOT_BREACHED, data))
        return self._act(view, mine, found, data)

    def _points(self, view: View) -> list[float] | None:
        """The statistic of the last ``datapoints`` periods, newest first; None when one of them was not measured."""
        if self.signal in view.fallen:
            return [view.fallen[self.signal]] * self.datapoints
        window = view.window(self.signal)
        if self.datapoints == 1 and self.statistic == "mean":
            mean, covered = view.mean(self.signal, self.period)
            return [mean] if covered >= COVERED * self.period else None
        points = []
        for i in range(self.datapoints):
            until = window.end - i * self.period
            mean, covered = window.mean(self.period, until)
            if covered < COVERED * self.period:
                return None
            points.append(mean if self.statistic == "mean" else window.extreme(self.period, until, self.statistic))
        return points

    def _act(self, view: View, mine: Slice, adjustment: float, data: Data) -> Vote:
        current, flip = view.current, self._next(float(data["value"]))
        start = current if self.kind == EXACT or adjustment < 0 else breach.base(view, mine)
        want = modest(view, self.signal, max(0, start + change(self.kind, adjustment, start, self.at_least)))
        if want > current:
            reason = Reason(Code.STEP, {**data, "from": start, "to": want})
            return Want(breach.ask(view, mine, want), reason, flip=flip)
        if want == current or (adjustment >= 0 and self.kind != EXACT):
            return Want(current, Reason(Code.STEP_COOLDOWN, data), flip=flip)
        dim = part_blind(view, self.signal)
        if dim is not None:
            return dim
        if not breach.may_shrink(view, mine):
            return Want(current, Reason(Code.STEP_COOLDOWN, data))
        return Want(breach.ask(view, mine, want), Reason(Code.STEP, {**data, "from": current, "to": want}))

    def _next(self, value: float) -> float | None:
        """The value at which the next larger step begins."""
        later = [row[0] for row in self.steps if row[0] is not None and row[0] > value - self.threshold]
        return self.threshold + min(later) if later and self.above else None
