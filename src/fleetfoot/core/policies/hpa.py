"""Kubernetes' HorizontalPodAutoscaler as a policy: its metrics, its rules, its sync (``core/hpa``).

The fleet's counts stand for the pods: a starting task is Pending, a serving one whose report is lacking has no
sample, and for CPU one that serves for less than the sample's window is too young to be trusted. Between two
syncs the policy holds to what it said. What it asked becomes part of its past when the count really moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from fleetfoot.core.hpa.behavior import Behavior, Policy, Rules
from fleetfoot.core.hpa.replicas import EACH, SHARED, UNIT, UTILISATION, VALUE, proposal
from fleetfoot.core.hpa.sync import SYNC, Outcome, moved, sync
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Abstain, Blind, Data, Reason, Vote, Want
from fleetfoot.core.policies.base import blind, modest, part_blind
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import is_total
from fleetfoot.core.view import View

if TYPE_CHECKING:
    from fleetfoot.spec.policies.hpa import HpaIn, HpaMetric, HpaOut, HpaPolicy

COVERED = 0.5  # of a window that must have been measured


class Metric(NamedTuple):
    """``target``: whole per cent of a utilisation, else thousandths of the signal's unit."""

    signal: str
    form: str
    target: int
    window: int = 30_000  # ms

    @classmethod
    def of(cls, spec: HpaMetric) -> Metric:
        scale = 100 if spec.form == UTILISATION else UNIT
        return cls(spec.signal, spec.form, round(scale * spec.target), spec.window)

    @property
    def aim(self) -> float:
        """The target in the signal's unit."""
        return self.target / (100 if self.form == UTILISATION else UNIT)


def _rules(spec: HpaOut | HpaIn) -> Rules:
    kinds = {"tasks": "pods", "percent": "percent"}
    rates = tuple(Policy(kinds[rate.unit], int(rate.value), rate.period) for rate in spec.rates)
    return Rules(rates, "disabled" if spec.select == "off" else spec.select, spec.stabilisation)


@dataclass(frozen=True, slots=True)
class Hpa:
    name: str
    metrics: tuple[Metric, ...]
    behavior: Behavior | None = None
    period: int = SYNC
    up: float = 0.1  # tolerance
    down: float = 0.1

    #: A missing or starting task is filled in with what speaks against a change, so a little more load may want less.
    monotone = False

    @classmethod
    def of(cls, spec: HpaPolicy) -> Self:
        """As written in the file."""
        from fleetfoot.spec.policies.hpa import HpaIn, HpaOut

        out, back = spec.out or HpaOut(), spec.in_ or HpaIn()
        plain = spec.out is None and spec.in_ is None
        behavior = None if plain else Behavior(_rules(out), _rules(back))
        metrics = tuple(Metric.of(metric) for metric in spec.metrics)
        return cls(spec.name, metrics, behavior, spec.sync, out.tolerance, back.tolerance)

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(metric.signal for metric in self.metrics))

    @property
    def looks_back(self) -> int:
        return max(metric.window for metric in self.metrics)

    def vote(self, view: View, mine: Slice) -> Vote:
        self._confirm(view, mine)
        last = mine.get("synced")
        if last is None or not 0 <= view.now - last < self.period:
            mine["synced"] = view.now
            mine["said"] = self._sync(view, mine)
        said = mine["said"]
        unseen = self._unseen(view)
        if said is None:
            return unseen or Abstain(Reason(Code.TOO_FEW_SAMPLES, {"signal": self.reads[0]}))
        tasks, code, data, flip = said
        if tasks < view.current:
            dim = unseen or self._dim(view)
            if dim is not None:
                return dim
        return Want(tasks, Reason(code, data), flip=flip)

    def _confirm(self, view: View, mine: Slice) -> None:
        """What the last sync asked has happened, all of it or as far as the guards let it."""
        asked = mine.get("asked")
        if asked is None:
            return
        at, before, want = asked
        if before < view.current <= want or before > view.current >= want:
            moved(mine, at, before, view.current)
            mine["asked"] = None if view.current == want else [view.now, view.current, want]
        elif view.current != before:
            mine["asked"] = None  # somebody else's doing
        else:
            asked[0] = view.now

    def _sync(self, view: View, mine: Slice) -> list[object] | None:
        """What is said until the next sync: (tasks, code, data, flip); None: nothing is known."""
        served = self._served(view, mine)
        if view.current == 0 and (view.minimum > 0 or not any(m.form in (SHARED, VALUE) for m in self.metrics)):
            return None  # switched off by hand; only a total can tell when to come back
        proposals = [self._propose(view, metric, served) for metric in self.metrics]
        found = sync(mine, view.now, view.current, view.minimum, view.maximum, self.behavior, lambda: proposals)
        if found.replicas is None:
            return None
        if found.replicas != view.current:
            mine["asked"] = [view.now, view.current, found.replicas]
        valid = [number for number, count in enumerate(proposals) if count is not None]
        leader = self.metrics[max(valid, key=lambda number: proposals[number] or 0)] if valid else self.metrics[0]
        code, data = self._reason(view, found, leader)
        return [found.replicas, code, data, self._flip(view, leader)]

    def _served(self, view: View, mine: Slice) -> Sequence[list[int]]:
        """The serving tasks of the syncs within twice the longest window, oldest first."""
        rows: list[list[int]] = mine.setdefault("served", [])
        rows[:] = [row for row in rows if view.now - 2 * self.looks_back - self.period < row[0] <= view.now]
        rows.append([view.now, view.fleet.serving + view.fleet.warming])
        return rows

    def _propose(self, view: View, metric: Metric, served: Sequence[list[int]]) -> int | None:
        name = metric.signal
        if not view.usable(name):
            return None
        mean, covered = view.mean(name, metric.window)
        if covered < COVERED * metric.window:
            return None
        current, serving = view.current, view.fleet.serving + view.fleet.warming
        if metric.form == EACH and is_total(view.settings.metrics.get(name, name)):
            mean = mean / serving if serving else 0.0
        old = min(serving, next((n for at, n in reversed(served) if at <= view.now - metric.window), served[0][1]))
        ready = serving if name != "cpu" else old
        coverage = 1.0 if name in view.fallen else view.seen.signals[name].coverage
        missing = round(ready * (1.0 - coverage)) if 0 < coverage < 1 else 0
        count = proposal(
            metric.form, metric.target, mean, current, serving, ready, view.fleet.starting, missing, self.down, self.up
        )
        return None if count is None else modest(view, name, count)

    def _reason(self, view: View, found: Outcome, leader: Metric) -> tuple[str, Data]:
        current, count = view.current, found.replicas
        value = view.mean(leader.signal, leader.window)[0] if view.usable(leader.signal) else 0.0
        data: Data = {"signal": leader.signal, "value": round(value, 3), "target": leader.aim, "to": count or 0}
        if count != found.calm:
            if found.condition.startswith("Too"):
                return _bound(view, found.calm, found.condition)
            return Code.RATE_OF_CHANGE, {**data, "wish": found.calm, "allowed": count or 0}
        if found.calm != found.metrics:
            window = 300_000
            if self.behavior is not None:
                window = (self.behavior.up if found.metrics > found.calm else self.behavior.down).window
            return Code.STABILISING, {**data, "wish": found.metrics, "window": window, "largest": found.calm}
        if count != current:
            return Code.TRACKING, data
        if view.coming() > 0:
            return Code.STARTING, {**data, "starting": view.coming()}
        return Code.WITHIN_TOLERANCE, data

    def _flip(self, view: View, metric: Metric) -> float:
        """The value at which it would want more than the present count."""
        tasks = view.current if metric.form == SHARED else view.fleet.serving + view.fleet.warming
        own = metric.form in (UTILISATION, VALUE) or not is_total(
            view.settings.metrics.get(metric.signal, metric.signal)
        )
        return metric.aim * (1.0 + self.up) * (1 if own else tasks)

    def _unseen(self, view: View) -> Blind | None:
        return next((found for name in self.reads if (found := blind(view, name)) is not None), None)

    def _dim(self, view: View) -> Blind | None:
        return next((found for name in self.reads if (found := part_blind(view, name)) is not None), None)


def _bound(view: View, wish: int, condition: str) -> tuple[str, Data]:
    if condition == "TooManyReplicas":
        return Code.ABOVE_MAXIMUM, {"wish": wish, "maximum": view.maximum}
    return Code.BELOW_MINIMUM, {"wish": wish, "minimum": view.minimum}
