"""What would flip a decision: the engine played on from it with one signal at another level, all else as it is.

Worked out when a person asks, never in a step. ``memory`` is the JSON form after the step that is asked about. The
fleet obeys and stands still otherwise: what was ordered keeps starting, so nothing here is a forecast.
"""

from __future__ import annotations

from copy import deepcopy
from math import sqrt
from typing import Any, NamedTuple

from fleetfoot.core.engine import step
from fleetfoot.core.listen import GROWS
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Decision, Observation, Reason, Signal, State
from fleetfoot.core.settings import EACH, Settings

SOON = 60_000  # ms another level must last to count for growth
LATEST = 3_600_000  # ms ahead a scale-in is looked for, at the most
STEPS = 600  # of one look ahead, at the most
HALVINGS = 10
UPWARD = (1.5, 4.0, 16.0, 64.0)  # times the present level, or one task's worth, at which a growth is looked for
DOWNWARD = (0.9, 0.7, 0.4, 0.1, 0.0)  # shares of the present level at which a scale-in is
ALONG = {"requests": ("completed",)}  # what goes with a signal


class Flip(NamedTuple):
    """With ``signal`` at ``value`` from now on the count becomes ``tasks``, ``after`` so many ms."""

    signal: str
    value: float
    tasks: int
    after: int


class Held(NamedTuple):
    """No level of ``signal`` moves the count within ``span`` ms; ``reason``: what holds it in the end."""

    signal: str
    span: int
    reason: Reason


class Flips(NamedTuple):
    """``now``: what becomes of it with everything as it is, if anything does within ``span`` ms."""

    now: Flip | None
    span: int
    grows: tuple[Flip | Held, ...]
    shrinks: tuple[Flip | Held, ...]


def flips(settings: Settings, memory: dict[str, Any], seen: Observation, decision: Decision) -> Flips:
    """The nearest levels, of every signal a policy reads and of the requests, at which it would order otherwise."""
    ahead = _Ahead(settings, memory, seen, decision)
    span = _patience(settings)
    names = dict.fromkeys(("requests", *(name for policy in settings.policies for name in policy.reads)))
    known = [name for name in names if name in seen.signals and seen.signals[name].state in GROWS]
    return Flips(
        ahead.stays(span), span,
        tuple(ahead.growth(name) for name in known), tuple(ahead.shrink(name, span) for name in known),
    )  # fmt: skip


def _patience(settings: Settings) -> int:
    """ms after which every window, hold and rest of a scale-in has passed, give or take."""
    guards = settings.guards
    hold = guards.incident_hold if guards.incident else 0
    return min(LATEST, 2 * max(settings.seeing, guards.stabilise_in, guards.cooldown_in, 300_000) + hold)


class _Ahead:
    def __init__(self, settings: Settings, memory: dict[str, Any], seen: Observation, decision: Decision) -> None:
        self.settings, self.memory, self.seen, self.count = settings, memory, seen, decision.desired
        fleet = seen.fleet
        coming = max(0, decision.desired - fleet.serving - fleet.warming)
        self.fleet = fleet._replace(desired=decision.desired, starting=coming, starts=())

    def stays(self, span: int) -> Flip | None:
        """Either way, with nothing changed. The name is empty: no signal need change."""
        found, _ = self._play("", 0.0, span, way=0)
        return Flip("", 0.0, found[0], found[1]) if found is not None else None

    def growth(self, name: str) -> Flip | Held:
        value, unit = self._value(name), self._unit(name)
        levels = [times * max(value, unit) for times in UPWARD]
        if name in EACH and name != "latency":  # a share: looked for no further than all of it
            levels = list(dict.fromkeys(min(level, max(1.0, UPWARD[0] * value)) for level in levels))
        return self._nearest(name, max(value, unit / 1000), levels, SOON, 1)

    def shrink(self, name: str, span: int) -> Flip | Held:
        value = self._value(name)
        return self._nearest(name, value, [share * value for share in DOWNWARD], span, -1)

    def _nearest(self, name: str, near: float, levels: list[float], span: int, way: int) -> Flip | Held:
        """The level nearest to ``near`` that moves the count: the first of ``levels`` that does, and then halving.

        The furthest level need not do: what would flap, or look like an incident, is held.
        """
        last = Reason("")
        for far in levels:
            found, last = self._play(name, far, span, way)
            if found is None:
                near = far
                continue
            level = far
            for _ in range(HALVINGS):
                middle = sqrt(near * level) if way > 0 else (near + level) / 2
                at = self._play(name, middle, span, way)[0]
                if at is None:
                    near = middle
                else:
                    level, found = middle, at
            return Flip(name, level, *found)
        return Held(name, span, last)

    def _value(self, name: str) -> float:
        signal = self.seen.signals[name]
        return 0.0 if signal.state is State.EMPTY else signal.value

    def _unit(self, name: str) -> float:
        """One task's worth of a total, all of a share, the objective of a latency."""
        settings = self.settings
        own = settings.metrics.get(name, name).removeprefix("app.")
        return {"requests": settings.throughput or 1.0, "latency": float(settings.objective)}.get(own, 1.0)

    def _play(self, name: str, value: float, span: int, way: int) -> tuple[tuple[int, int] | None, Reason]:
        """((count, ms) of the first order that goes ``way``, 0 for either; None without), what held it last."""
        memory = Memory.from_json(deepcopy(self.memory))
        tick = max(1_000, span // STEPS)
        count, fleet, last = self.count, self.fleet, Reason("")
        for after in range(tick, span + 1, tick):
            at = self.seen.now + after
            fleet = fleet._replace(at=at)
            seen = self.seen._replace(
                now=at, wall=self.seen.wall + after, fleet=fleet, gap=0, signals=self._signals(name, value, after, tick)
            )
            decision = step(self.settings, memory, seen)
            moved = decision.desired - count
            if moved and (way == 0 or moved * way > 0):
                return (decision.desired, after), last
            if decision.desired != decision.current:
                coming = max(0, decision.desired - fleet.serving - fleet.warming)
                fleet = fleet._replace(desired=decision.desired, starting=coming)
            last = decision.trail[-1].reason if decision.trail else decision.reasons[0]
        return None, last

    def _signals(self, name: str, value: float, after: int, tick: int) -> dict[str, Signal]:
        """Every signal a tick later, ``name`` at ``value``, and what goes along with it in proportion."""
        found = {}
        before = self._value(name) if name else 0.0
        for own, signal in self.seen.signals.items():
            shown = signal._replace(end=signal.end + after, received=signal.received + after, span=tick)
            if own == name:
                shown = shown._replace(value=value, state=State.FRESH if signal.state is State.EMPTY else signal.state)
            elif own in ALONG.get(name, ()):
                shown = shown._replace(value=signal.value * value / before if before else value)
            found[own] = shown
        return found
