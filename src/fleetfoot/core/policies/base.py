"""What a policy is: settings compiled to plain values, a unique name, and one pure ``vote``."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from fleetfoot.core.listen import GROWS
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import CENSORED, FRESH, MISSING, Blind, Data, Reason, Vote
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import COVERAGE, View

ERRORS = ("errors", "app.errors")
PILING = 0.5  # seconds of the serving tasks' work outstanding: the second signal that agrees with a surge


class Policy(Protocol):
    """``vote`` reads the view and its own slice of the memory, and may update that slice only."""

    @property
    def name(self) -> str: ...

    @property
    def reads(self) -> tuple[str, ...]:
        """The signals it votes on."""
        ...

    @property
    def looks_back(self) -> int:
        """How many ms of those signals' past it needs."""
        ...

    @property
    def monotone(self) -> bool:
        """Whether more load never makes it want fewer tasks."""
        ...

    def vote(self, view: View, mine: Slice) -> Vote: ...


@runtime_checkable
class Learns(Protocol):
    """A policy that can say what its slice of the memory has taught it."""

    def learnt(self, mine: Slice) -> dict[str, Any]:
        """Facts as JSON values; ``words.learnt`` tells them."""
        ...


def modest(view: View, signal: str, want: int) -> int:
    """Errors alone ask for one task more, and not again before it serves: more tasks seldom mend errors."""
    if signal not in ERRORS or want <= view.current:
        return want
    return view.current if view.coming() > 0 else view.current + 1


def advise(view: View, data: Data) -> Reason:
    """Remember for the decision that an advising signal is past its bound; ``data`` has signal, value and bound."""
    reason = Reason(Code.ADVISES, data)
    view.remarks.append(reason)
    return reason


def blind(view: View, name: str) -> Blind | None:
    """A Blind vote when ``name`` cannot be used at all; None when it can."""
    state = view.states.get(name, MISSING)
    if state in GROWS:
        return None
    return Blind(name, state, Reason(Code.SIGNAL_UNUSABLE, {"signal": name, "state": str(state)}))


def part_blind(view: View, name: str) -> Blind | None:
    """A Blind vote when ``name`` is usable for growth and not for a scale-in: low coverage, or only a lower bound."""
    if name in view.fallen:
        return Blind(name, MISSING, Reason(Code.FALLBACK, {"signal": name, "value": view.fallen[name]}))
    coverage = view.seen.signals[name].coverage
    if coverage < COVERAGE:
        data: Data = {"signal": name, "coverage": round(coverage, 3)}
        return Blind(name, FRESH, Reason(Code.COVERAGE_LOW, data))
    if view.states[name] is CENSORED:
        return Blind(name, CENSORED, Reason(Code.SIGNAL_UNUSABLE, {"signal": name, "state": "censored"}))
    return None


def slow(view: View) -> bool:
    """A second sign that tasks are too few, where the throughput is not declared and a rate proves nothing yet:
    requests wait for a task, or take long.

    Requests in flight are no such sign: how many are usual is not known before the throughput is.
    """
    waiting = view.value("queue") if view.usable("queue") else 0.0
    if waiting >= PILING * max(view.fleet.serving, 1) * view.throughput:
        return True
    return view.usable("latency") and view.value("latency") > view.settings.objective / 2
