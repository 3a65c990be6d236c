"""Any/all thresholds: out when ANY signal is above its bound, in only when ALL are below theirs."""

from __future__ import annotations

from dataclasses import dataclass

from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Abstain, Blind, Data, Reason, Vote, Want
from fleetfoot.core.policies import breach
from fleetfoot.core.policies.base import blind, part_blind
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

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
        object.__setattr__(self, "reads", tuple(dict.fromkeys(name for name, _ in (*self.out_any, *self.in_all))))

    def vote(self, view: View, mine: Slice) -> Vote:
        breach.confirm(view, mine, self.cooldown)
        unseen: Blind | None = None
        means = {name: self._mean(view, name) for name in self.reads}
        for name, bound in self.out_any:
            mean = means[name]
            if mean is None:
                unseen = unseen or blind(view, name)
            elif mean > bound:
                return self._out(view, mine, {"signal": name, "value": round(mean, 3), "threshold": bound})
        breach.over(view, mine)
        if not self.in_all:
            return unseen or Abstain(Reason(Code.NOT_BREACHED, self._first()))
        for name, bound in self.in_all:
            unseen = unseen or blind(view, name) or part_blind(view, name)
            if unseen is not None:
                return unseen
            mean = means[name]
            if mean is None:
                return Abstain(Reason(Code.TOO_FEW_SAMPLES, {"signal": name}))
            if mean >= bound:
                return Want(
                    view.current,
                    Reason(Code.NOT_BREACHED, {"signal": name, "value": round(mean, 3), "threshold": bound}),
                )
        return unseen or self._in(view, mine)

    def _first(self) -> dict[str, float | str]:
        return {"signal": self.out_any[0][0], "threshold": self.out_any[0][1]} if self.out_any else {}

    def _mean(self, view: View, name: str) -> float | None:
        if not view.usable(name):
            return None
        mean, covered = view.mean(name, self.window)
        return mean if covered >= COVERED * self.window else None

    def _out(self, view: View, mine: Slice, data: Data) -> Vote:
        want = breach.base(view, mine) + self.add
        if want <= view.current:
            return Want(view.current, Reason(Code.STEP_COOLDOWN, data))
        return Want(breach.ask(view, mine, want), Reason(Code.ANY_BREACHED, {**data, "to": want}))

    def _in(self, view: View, mine: Slice) -> Vote:
        data: Data = {"signals": ", ".join(name for name, _ in self.in_all)}
        if not breach.may_shrink(view, mine):
            return Want(view.current, Reason(Code.STEP_COOLDOWN, {"signal": self.in_all[0][0]}))
        want = max(0, view.current - self.remove)
        return Want(breach.ask(view, mine, want), Reason(Code.ALL_CLEAR, {**data, "to": want}))
