"""Target tracking: hold a signal at a value, in proportion.

A share or a latency is a property of each serving task: wanted = ceil(serving x value / target). A total
(``per task``) is shared out: wanted = ceil(total / target). Tasks that start are not counted twice, since
the wish is absolute. Inside the tolerance nothing changes (both ends included, as in Kubernetes' HPA).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Self

from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Abstain, Data, Reason, Vote, Want
from fleetfoot.core.policies.base import blind, modest, part_blind
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

if TYPE_CHECKING:
    from fleetfoot.spec.policies.target import TargetPolicy

COVERED = 0.5
EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    signal: str
    value: float
    per_task: bool = False
    window: int = 10_000  # ms
    tolerance: float = 0.1
    scale_in: bool = True
    gain: float = 1.0  # share of the way from the serving tasks to what the ratio asks for

    monotone = True

    @classmethod
    def of(cls, spec: TargetPolicy) -> Self:
        """As written in the file."""
        return cls(spec.name, spec.signal, spec.value, spec.per_task, spec.window, spec.tolerance, spec.scale_in)

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.signal,)

    @property
    def looks_back(self) -> int:
        return self.window

    def vote(self, view: View, mine: Slice) -> Vote:  # noqa: ARG002
        unseen = blind(view, self.signal)
        if unseen is not None:
            return unseen
        mean, covered = view.mean(self.signal, self.window)
        if covered < COVERED * self.window:
            return Abstain(Reason(Code.TOO_FEW_SAMPLES, {"signal": self.signal}))
        serving = view.fleet.serving + view.fleet.warming
        tasks = view.current if self.per_task else serving
        if tasks == 0 and not self.per_task:
            return Abstain(Reason(Code.TOO_FEW_SAMPLES, {"signal": self.signal}))
        target = self.value * tasks if self.per_task else self.value
        ratio = mean / target if target > 0 else (0.0 if mean == 0 else float("inf"))
        data: Data = {"signal": self.signal, "value": round(mean, 3), "target": self.value, "tasks": tasks}
        flip = (1.0 + self.tolerance) * target
        if tasks > 0 and 1.0 - self.tolerance - EDGE <= ratio <= 1.0 + self.tolerance + EDGE:
            return self._hold(view, Reason(Code.WITHIN_TOLERANCE, data), flip)
        want = ceil(mean / self.value - EDGE) if self.per_task else ceil(tasks * ratio - EDGE)
        want = modest(view, self.signal, self._part_of(want, serving))
        if want > view.current:
            return Want(want, Reason(Code.TRACKING, {**data, "to": want}), flip=flip)
        dim = part_blind(view, self.signal)
        if dim is not None:
            return dim
        if want == view.current or not self.scale_in or ratio > 1.0:
            return self._hold(
                view, Reason(Code.ENOUGH if ratio <= 1.0 else Code.STARTING, {**data, "starting": view.coming()}), flip
            )
        return Want(want, Reason(Code.TRACKING, {**data, "to": want}), flip=flip)

    def _part_of(self, want: int, serving: int) -> int:
        """As far towards ``want`` as the gain goes; one task fewer at the least, or a scale-in would stall."""
        if self.gain == 1.0:
            return want
        part = ceil(serving + self.gain * (want - serving) - EDGE)
        return max(0, min(part, serving - 1) if want < serving else part)

    def _hold(self, view: View, reason: Reason, flip: float) -> Vote:
        return Want(view.current, reason, flip=flip)
