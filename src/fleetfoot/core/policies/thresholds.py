"""Any/all thresholds: out when ANY signal is above its bound, in only when ALL are below theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from fleetfoot.core.contract import ADVISES
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Abstain, Blind, Data, Reason, Vote, Want
from fleetfoot.core.policies import breach
from fleetfoot.core.policies.base import ERRORS, advise, blind, modest, part_blind
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
        roles = view.settings.roles
        refused = self._in_roles(view, means) if roles else None
        for name, bound in self.out_any:  # errors last: they count for least
            mean = means[name]
            if mean is not None and mean > bound and name not in roles:
                return self._out(view, mine, {"signal": name, "value": round(mean, 3), "threshold": bound})
        breach.over(view, mine)
        unsure = self._unsure(view, means)
        if unsure is not None:
            return unsure
        if refused is not None:
            return Want(view.current, Reason(Code.VETOES, refused))
        return self._calm(view, mine, means)

    def _in_roles(self, view: View, means: Mapping[str, float | None]) -> Data | None:
        """Tell of the advising signals that are past their bound; the first vetoing one that is, if any."""
        refused: Data | None = None
        for name, bound in self.out_any:
            mean = means[name]
            if mean is None or mean <= bound or name not in view.settings.roles:
                continue
            data: Data = {"signal": name, "value": round(mean, 3), "bound": bound}
            if view.settings.roles[name] == ADVISES:
                advise(view, data)
            elif refused is None:
                refused = data
        return refused

    def _calm(self, view: View, mine: Slice, means: Mapping[str, float | None]) -> Vote:
        calm = [row for row in self.in_all if self._counts(view, row[0])]
        for name, bound in calm:
            mean = means[name] or 0.0
            if mean >= bound:
                data: Data = {"signal": name, "value": round(mean, 3), "threshold": bound}
                return Want(view.current, Reason(Code.NOT_BREACHED, data))
        return self._in(view, mine) if calm else Abstain(Reason(Code.NOT_BREACHED, self._first()))

    def _counts(self, view: View, name: str) -> bool:
        """Whether ``name`` has a say in a scale-in: not when it advises, nor when it is gone and may be."""
        return view.settings.roles.get(name) != ADVISES and not view.left_out(name)

    def _unsure(self, view: View, means: Mapping[str, float | None]) -> Blind | Abstain | None:
        """Calm is believed only when every signal it reads is seen well, those that may only grow it too."""
        if self.in_all and not any(self._counts(view, name) for name, _ in self.in_all):
            return blind(view, self.in_all[0][0])
        for name in self.reads:
            unseen = self._counts(view, name) and (blind(view, name) or part_blind(view, name))
            if unseen:
                return unseen
        for name, mean in means.items():
            if mean is None and self._counts(view, name):
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
