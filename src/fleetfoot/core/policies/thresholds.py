"""Any/all thresholds: out when ANY signal is above its bound, in only when ALL are below theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Abstain, Blind, Data, Reason, Vote, Want
from fleetfoot.core.policies import breach
from fleetfoot.core.policies.base import ERRORS, blind, modest, part_blind
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

if TYPE_CHECKING:
    from fleetfoot.spec.policies.thresholds import ThresholdsPolicy

COVERED = 0.5


@dataclass(frozen=True, slots=True)
class Thresholds:
    name: str
    out_any: tuple[tuple[str, float], ...]
    in_all: tuple[tuple[str, float], ...]
    add: int = 1
    remove: int = 1
    cooldown: int = 300_000  # ms
    window: int = 10_000  # ms

    reads: tuple[str, ...] = ()

    monotone = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "out_any", tuple(sorted(self.out_any, key=lambda row: row[0] in ERRORS)))
        object.__setattr__(self, "reads", tuple(dict.fromkeys(name for name, _ in (*self.out_any, *self.in_all))))

    @property
    def looks_back(self) -> int:
        return self.window

    @classmethod
    def of(cls, spec: ThresholdsPolicy) -> Self:
        """As written in the file."""
        out_any, in_all = tuple(spec.out_any.items()), tuple(spec.in_all.items())
        return cls(spec.name, out_any, in_all, spec.add, spec.remove, spec.cooldown, spec.window)

    def vote(self, view: View, mine: Slice) -> Vote:
        breach.confirm(view, mine, self.cooldown)
        means = {name: self._mean(view, name) for name in self.reads}
        for name, bound in self.out_any:  # errors last: they count for least
            mean = means[name]
            if mean is not None and mean > bound:
                return self._out(view, mine, {"signal": name, "value": round(mean, 3), "threshold": bound})
        breach.over(view, mine)
        unsure = self._unsure(view, means)
        if unsure is not None:
            return unsure
        for name, bound in self.in_all:
            mean = means[name] or 0.0
            if mean >= bound:
                data: Data = {"signal": name, "value": round(mean, 3), "threshold": bound}
                return Want(view.current, Reason(Code.NOT_BREACHED, data))
        return self._in(view, mine) if self.in_all else Abstain(Reason(Code.NOT_BREACHED, self._first()))

    def _unsure(self, view: View, means: Mapping[str, float | None]) -> Blind | Abstain | None:
        """Calm is believed only when every signal it reads is seen well, those that may only grow it too."""
        for name in self.reads:
            unseen = blind(view, name) or part_blind(view, name)
            if unseen is not None:
                return unseen
        for name, mean in means.items():
            if mean is None:
                return Abstain(Reason(Code.TOO_FEW_SAMPLES, {"signal": name}))
        return None

    def _first(self) -> dict[str, float | str]:
        return {"signal": self.out_any[0][0], "threshold": self.out_any[0][1]} if self.out_any else {}

    def _mean(self, view: View, name: str) -> float | None:
        if not view.usable(name):
            return None
        mean, covered = view.mean(name, self.window)
        return mean if covered >= COVERED * self.window else None

    def _out(self, view: View, mine: Slice, data: Data) -> Vote:
        want = modest(view, str(data["signal"]), breach.base(view, mine) + self.add)
        if want <= view.current:
            return Want(view.current, Reason(Code.STEP_COOLDOWN, data))
        return Want(breach.ask(view, mine, want), Reason(Code.ANY_BREACHED, {**data, "to": want}))

    def _in(self, view: View, mine: Slice) -> Vote:
        data: Data = {"signals": ", ".join(name for name, _ in self.in_all)}
        if not breach.may_shrink(view, mine):
            return Want(view.current, Reason(Code.STEP_COOLDOWN, {"signal": self.in_all[0][0]}))
        want = max(0, view.current - self.remove)
        return Want(breach.ask(view, mine, want), Reason(Code.ALL_CLEAR, {**data, "to": want}))
