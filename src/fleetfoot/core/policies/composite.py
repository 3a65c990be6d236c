"""Composite score: several signals, each with its weight, become one number for more tasks and one for fewer.

A signal above its upper bound adds its weight times how far it is beyond, at most 1; one under its lower bound adds
the same to the other score. Over 0.6 is a high urgency, over 0.3 a medium one; over 0.5 of the other lets go.

Weights are shared anew among the signals that are seen. One that the service has never given is left out for good;
one that it gave and gives no more holds every scale-in, and when less than half of the weight is seen the policy is
blind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, NamedTuple, Self

from fleetfoot.core.contract import ADVISES, VETOES, VOTES
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Abstain, Blind, Data, Reason, Vote, Want
from fleetfoot.core.policies import breach
from fleetfoot.core.policies.base import ERRORS, advise, blind, modest, part_blind
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

if TYPE_CHECKING:
    from fleetfoot.spec.policies.composite import CompositePolicy

HIGH, MEDIUM, LOW = 0.6, 0.3, 0.5
COVERED = 0.5  # of a window that must have been measured
SEEN = 0.5  # of the weight that must be seen
EDGE = 1e-9


class Row(NamedTuple):
    """A signal, its weight, and the values above and under which it speaks."""

    signal: str
    weight: float
    up: float
    down: float

    def urgency(self, value: float) -> float:
        """How far ``value`` is above the upper bound, as a share of it, at most 1."""
        return min((value - self.up) / self.up, 1.0) if value > self.up else 0.0

    def ease(self, value: float) -> float:
        """How far it is under the lower bound, as a share of it."""
        return (self.down - value) / self.down if value < self.down else 0.0


Seen = Sequence[tuple[Row, float]]


def score(parts: Sequence[tuple[Row, float]]) -> float:
    """Urgencies (0..1) by their weights, shared anew among these rows."""
    weight = sum(row.weight for row, _ in parts)
    return sum(row.weight * part for row, part in parts) / weight if weight > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Composite:
    name: str
    rows: tuple[Row, ...]
    medium: float = 0.2  # growth, as a share of the count when the breach began
    high: float = 0.5
    remove: int = 1
    cooldown: int = 300_000  # ms
    window: int = 10_000  # ms

    monotone = True

    @classmethod
    def of(cls, spec: CompositePolicy) -> Self:
        """As written in the file."""
        rows = tuple(Row(*row) for row in spec.rows)
        return cls(spec.name, rows, spec.medium, spec.high, spec.remove, spec.cooldown, spec.window)

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(row.signal for row in self.rows)

    @property
    def looks_back(self) -> int:
        return self.window

    def vote(self, view: View, mine: Slice) -> Vote:
        breach.confirm(view, mine, self.cooldown)
        given = self._given(view, mine)
        seen = [(row, value) for row in given if (value := self._value(view, row.signal)) is not None]
        if sum(row.weight for row, _ in seen) < SEEN * sum(row.weight for row in given) or not seen:
            return self._dark(view, given)
        roles = view.settings.roles
        votes = [(row, value) for row, value in seen if row.signal not in roles] if roles else seen
        up = [(row, row.urgency(value)) for row, value in votes]
        found = score(up)
        refused = self._in_roles(view, seen) if roles else None
        if found > MEDIUM + EDGE:
            return self._out(view, mine, found, up)
        breach.over(view, mine)
        unsure = self._unsure(view, given, seen)
        if unsure is not None:
            return unsure
        if refused is not None:
            return Want(view.current, Reason(Code.VETOES, refused))
        return self._in(view, mine, found, [(row, row.ease(v)) for row, v in seen if roles.get(row.signal) != ADVISES])

    def _given(self, view: View, mine: Slice) -> list[Row]:
        """The rows whose signal the service has ever given, less those that are gone and may be."""
        known = mine.setdefault("given", [])
        for row in self.rows:
            if row.signal not in known and view.usable(row.signal):
                known.append(row.signal)
        return [row for row in self.rows if row.signal in known and not view.left_out(row.signal)]

    def _value(self, view: View, name: str) -> float | None:
        if not view.usable(name):
            return None
        mean, covered = view.mean(name, self.window)
        return mean if covered >= COVERED * self.window else None

    def _dark(self, view: View, given: Sequence[Row]) -> Vote:
        for row in given or self.rows:
            unseen = blind(view, row.signal)
            if unseen is not None:
                return unseen
        return Abstain(Reason(Code.TOO_FEW_SAMPLES, {"signal": given[0].signal}))

    def _unsure(self, view: View, given: Sequence[Row], seen: Seen) -> Blind | Abstain | None:
        """A scale-in needs every signal the service gives, seen well."""
        values = {row.signal for row, _ in seen}
        for row in given:
            if view.settings.roles.get(row.signal) == ADVISES:
                continue
            unseen = blind(view, row.signal) or part_blind(view, row.signal)
            if unseen is not None:
                return unseen
            if row.signal not in values:
                return Abstain(Reason(Code.TOO_FEW_SAMPLES, {"signal": row.signal}))
        return None

    def _in_roles(self, view: View, seen: Seen) -> Data | None:
        """Tell of the advising signals above their bound; the first vetoing one that is."""
        refused: Data | None = None
        for row, value in seen:
            role = view.settings.roles.get(row.signal, VOTES)
            if value <= row.up or role == VOTES:
                continue
            data: Data = {"signal": row.signal, "value": round(value, 3), "bound": row.up}
            if role == ADVISES:
                advise(view, data)
            elif role == VETOES and refused is None:
                refused = data
        return refused

    def _out(self, view: View, mine: Slice, found: float, parts: Seen) -> Vote:
        share, level = (self.high, "high") if found > HIGH + EDGE else (self.medium, "medium")
        base = breach.base(view, mine)
        want = max(view.current, base + max(1, ceil(base * share - EDGE)))
        speaking = [row.signal for row, part in parts if part > 0]
        if all(name in ERRORS for name in speaking):
            want = modest(view, speaking[0], want)
        data: Data = {"score": round(found, 3), "level": level, "signals": _told(parts)}
        if want <= view.current:
            return Want(view.current, Reason(Code.STEP_COOLDOWN, {"signal": "score", **data}))
        return Want(breach.ask(view, mine, want), Reason(Code.SCORE_UP, {**data, "to": want}))

    def _in(self, view: View, mine: Slice, up: float, parts: Seen) -> Vote:
        found = score(parts)
        data: Data = {"score": round(found, 3), "signals": _told(parts)}
        if found <= LOW + EDGE or view.current == 0:
            return Want(view.current, Reason(Code.SCORE_HOLD, {"up": round(up, 3), "down": round(found, 3)}))
        if not breach.may_shrink(view, mine):
            return Want(view.current, Reason(Code.STEP_COOLDOWN, {"signal": "score", **data}))
        want = max(0, view.current - self.remove)
        return Want(breach.ask(view, mine, want), Reason(Code.SCORE_DOWN, {**data, "to": want}))


def _told(parts: Seen) -> str:
    """The signals that speak and how strongly, the strongest first."""
    speaking = sorted(((row.weight * part, row.signal) for row, part in parts if part > 0), key=lambda p: (-p[0], p[1]))
    return ", ".join(f"{signal} {share:.3f}" for share, signal in speaking)
