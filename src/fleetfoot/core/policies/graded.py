"""Graded steps: phases by how full the tasks are, each with its own step and its own patience.

The highest phase whose threshold the signal has been at or over for as long as the phase waits grows the count by its
percent of the count at which the breach began; a level bounds that step in tasks. An emergency doubles the count,
whatever the level, but not past ``ROOM`` times what is known to be enough: a full task says that it is too much, and
not by how much. A phase waits as long again before its next step, and until its tasks serve; a lower one waits for
both; a higher one adds only the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, NamedTuple, Self

from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Abstain, Data, Reason, Vote, Want
from fleetfoot.core.policies import breach
from fleetfoot.core.policies.base import blind, modest, part_blind
from fleetfoot.core.reasons import Code
from fleetfoot.core.urgency import urgency
from fleetfoot.core.view import View

if TYPE_CHECKING:
    from fleetfoot.spec.policies.graded import GradedPolicy

COVERED = 0.5
MODERATE, AGGRESSIVE = 1.5, 3.0  # urgency from which on the level is that
ROOM = 2.0  # times what the requests need at full throughput; past it an emergency adds one task at a time
EXACT_TO = 9  # decimals: 20 % of 10 are 2 tasks, not a hair more


class Level(NamedTuple):
    """Tasks of one step: at least and at most out, and in."""

    least: int
    most: int
    down: int


LEVELS = {"conservative": Level(1, 2, 1), "moderate": Level(2, 5, 1), "aggressive": Level(4, 10, 2)}


class Phase(NamedTuple):
    """``percent`` None: an emergency."""

    threshold: float
    percent: float | None
    hold: int  # ms


@dataclass(frozen=True, slots=True)
class Graded:
    """``phases`` by rising threshold. ``level``: a name of ``LEVELS``, "by urgency", or "off"."""

    name: str
    signal: str
    phases: tuple[Phase, ...]
    level: str = "off"
    below: float | None = None
    calm: int = 300_000  # ms
    window: int = 10_000  # ms

    @classmethod
    def of(cls, spec: GradedPolicy) -> Self:
        """As written in the file."""
        phases = tuple(Phase(value, *phase) for value, phase in sorted(spec.phases.items()))
        return cls(spec.name, spec.signal, phases, spec.level, spec.below, spec.calm, spec.window)

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.signal,)

    @property
    def looks_back(self) -> int:
        return self.window

    @property
    def monotone(self) -> bool:
        """Phases that rise; by urgency the level follows other signals as well."""
        grows = [float("inf") if phase.percent is None else phase.percent for phase in self.phases]
        return grows == sorted(grows) and self.level != "by urgency"

    def vote(self, view: View, mine: Slice) -> Vote:
        breach.confirm(view, mine, mine.get("hold", 0))
        unseen = blind(view, self.signal)
        if unseen is not None:
            mine["since"] = None  # time nobody saw is no time at it
            return unseen
        mean, covered = view.mean(self.signal, self.window)
        if covered < COVERED * self.window:
            return Abstain(Reason(Code.TOO_FEW_SAMPLES, {"signal": self.signal}))
        phase = self._phase(view, mine, mean)
        if self.below is None or mean >= self.below:
            mine["calm"] = None
        data: Data = {"signal": self.signal, "value": round(mean, 3)}
        if phase is not None:
            return self._out(view, mine, phase, {**data, "threshold": phase.threshold, "hold": phase.hold})
        if mean >= self.phases[0].threshold:
            left = min(
                p.hold - view.now + at for p, at in zip(self.phases, mine["since"], strict=True) if at is not None
            )
            return Want(view.current, Reason(Code.PHASE_WAITS, {**data, "left": left}))
        breach.over(view, mine)
        return self._in(view, mine, mean, data)

    def _phase(self, view: View, mine: Slice, mean: float) -> Phase | None:
        """The highest phase that has lasted; keeps since when each has been reached.

        One below the last step's begins when that step's tasks serve: the load falls through it then.
        """
        before = mine.get("since")
        if before is None or len(before) != len(self.phases):  # also: the settings have changed
            before = [None] * len(self.phases)
        answered = mine.get("answered", 0.0) if view.coming() else 0.0
        since = mine["since"] = [
            (view.now if at is None or phase.threshold < answered else at) if mean >= phase.threshold else None
            for phase, at in zip(self.phases, before, strict=True)
        ]
        lasted = [p for p, at in zip(self.phases, since, strict=True) if at is not None and view.now - at >= p.hold]
        return lasted[-1] if lasted else None

    def _level(self, view: View) -> tuple[str, Level | None]:
        name = self.level
        if name == "by urgency":
            score = urgency(view)
            name = "aggressive" if score >= AGGRESSIVE else "moderate" if score >= MODERATE else "conservative"
        return name, LEVELS.get(name)

    def _out(self, view: View, mine: Slice, phase: Phase, data: Data) -> Vote:
        start, (name, level) = breach.base(view, mine), self._level(view)
        if phase.percent is None:
            step, name = self._doubling(view, start), "emergency"
        else:
            step = max(1, ceil(round(start * phase.percent / 100.0, EXACT_TO)))
            if level is not None:
                step = min(max(step, level.least), level.most)
        want = modest(view, self.signal, start + step)
        if want <= view.current:
            return Want(view.current, Reason(Code.STEP_COOLDOWN, data))
        mine["hold"], mine["answered"] = phase.hold, phase.threshold
        reason = Reason(Code.GRADED, {**data, "from": start, "to": want, "level": name})
        return Want(breach.ask(view, mine, want), reason, urgent=phase.percent is None)

    def _doubling(self, view: View, start: int) -> int:
        """Tasks of an emergency: as many as there are, or up to what is known to be enough."""
        carries = max(view.settings.throughput or 0.0, view.learnt.most)  # what saturation taught is no measure here
        if not carries or not view.usable("requests"):
            return max(start, 1)
        enough = ceil(ROOM * view.window("requests").rate(self.window) / carries)
        return max(min(start, enough - start), 1)

    def _in(self, view: View, mine: Slice, mean: float, data: Data) -> Vote:
        dim = part_blind(view, self.signal)
        if dim is not None:
            return dim
        reason = Reason(Code.NOT_BREACHED, {**data, "threshold": self.phases[0].threshold})
        if self.below is None:
            return Abstain(reason)
        if mean >= self.below:
            return Want(view.current, reason)
        since = mine["calm"] = view.now if mine.get("calm") is None else mine["calm"]
        if view.now - since < self.calm or not breach.may_shrink(view, mine):
            left = max(self.calm - (view.now - since), 0)
            return Want(view.current, Reason(Code.PHASE_WAITS, {**data, "left": left}))
        level = self._level(view)[1]
        want = max(0, view.current - (level.down if level is not None else 1))
        mine["hold"] = self.calm
        told: Data = {**data, "threshold": self.below, "hold": self.calm, "from": view.current, "to": want}
        return Want(breach.ask(view, mine, want), Reason(Code.GRADED, {**told, "level": "calm"}))
