"""Backlog: workers by the length of a queue, by the time to drain it, or by the age of its oldest message.

A length is an integral of load, no rate that scatters: one reading is believed, and the wish is absolute. Messages
that are being worked on count beside those that wait, or the last of them would be cut off. Above ``activation`` there
is at least one worker, at or under it none is wanted. An age says that the workers are too few and not by how many:
it grows in proportion, to the double at most and not again before those serve, and lets go of one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Self

from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Blind, Data, Reason, Vote, Want
from fleetfoot.core.policies.base import blind, part_blind
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

if TYPE_CHECKING:
    from fleetfoot.spec.policies.backlog import BacklogPolicy

NEWEST = 1_000  # ms: the newest sample; a signal's contract may have a window of its own
EDGE = 1e-9
MOST = 2  # times as many workers in one step of an age
CALM = 0.5  # of the age allowed, under which a worker is let go


@dataclass(frozen=True, slots=True)
class Backlog:
    """One of ``per_task`` (messages), ``drain`` (ms) and ``age`` (s, as the signal counts it) is the objective."""

    name: str
    signal: str
    per_task: float | None = None
    drain: int | None = None
    age: float | None = None
    in_flight: str = ""  # a signal; empty: the first one counts those too
    activation: float = 0.0

    looks_back = NEWEST
    monotone = True

    @classmethod
    def of(cls, spec: BacklogPolicy) -> Self:
        """As written in the file."""
        age = None if spec.age is None else spec.age / 1000.0
        return cls(spec.name, spec.signal, spec.per_task, spec.drain, age, spec.in_flight or "", spec.activation)

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.signal, self.in_flight) if self.in_flight else (self.signal,)

    def vote(self, view: View, mine: Slice) -> Vote:  # noqa: ARG002
        unseen = blind(view, self.signal)
        if unseen is not None:
            return unseen
        waiting = view.mean(self.signal, NEWEST)[0]
        busy = view.mean(self.in_flight, NEWEST)[0] if self.in_flight and view.usable(self.in_flight) else 0.0
        short = waiting + busy if self.age is None else waiting if busy <= 0 else self.activation + 1
        if short <= self.activation:
            data: Data = {"signal": self.signal, "total": round(waiting + busy, 1), "activation": self.activation}
            return self._fewer(view, Want(0, Reason(Code.BACKLOG_EMPTY, data)))
        if self.age is not None:
            return self._by_age(view, waiting, self.age)
        each = self._each(view)
        want = max(1, ceil((waiting + busy) / each - EDGE))
        data = {
            "signal": self.signal,
            "waiting": round(waiting, 1),
            "busy": round(busy, 1),
            "per_task": each,
            "to": want,
        }
        vote = Want(want, Reason(Code.BACKLOG, data), flip=max(view.current * each, self.activation))
        return vote if want >= view.current else self._fewer(view, vote)

    def _each(self, view: View) -> float:
        """Messages one worker stands for: as written, or what it drains in the time allowed."""
        if self.per_task is not None:
            return self.per_task
        return (self.drain or 0) / 1000.0 * (view.settings.throughput or view.throughput)

    def _by_age(self, view: View, age: float, allowed: float) -> Vote:
        current = view.current
        data: Data = {"signal": self.signal, "value": round(age, 1), "target": allowed}
        if current == 0:
            return Want(1, Reason(Code.BACKLOG_AGE, {**data, "to": 1}), flip=self.activation)
        if age > allowed and view.coming() == 0:
            want = min(ceil(current * age / allowed - EDGE), MOST * current)
            return Want(want, Reason(Code.BACKLOG_AGE, {**data, "to": want}), flip=allowed)
        if age >= CALM * allowed or current == 1:
            return Want(
                current,
                Reason(
                    Code.WITHIN_TOLERANCE if age <= allowed else Code.STARTING,
                    {
                        **data,
                        "starting": view.coming(),
                    },
                ),
                flip=allowed,
            )
        return self._fewer(view, Want(current - 1, Reason(Code.BACKLOG_AGE, {**data, "to": current - 1}), flip=allowed))

    def _fewer(self, view: View, vote: Want) -> Vote:
        """A smaller wish stands only on messages that are all seen."""
        if vote.tasks >= view.current:
            return vote
        unseen: Blind | None = part_blind(view, self.signal)
        if unseen is None and self.in_flight:
            unseen = blind(view, self.in_flight) or part_blind(view, self.in_flight)
        return unseen or vote
