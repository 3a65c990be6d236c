"""Signals made of other signals. The formula itself is parsed in ``spec/formula.py``; here is what its inputs lend it.

It is as old as the oldest input, covers as few tasks as the one that covers fewest, and is no better than the worst:
absurd, missing, stale, only a lower bound. An empty input counts as zero, unless its contract says otherwise; with
nothing but empty ones the result is empty too. Dividing nothing by nothing is empty, anything else by zero is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fleetfoot.core.listen import judge
from fleetfoot.core.model import Signal, State
from fleetfoot.core.settings import Settings, is_total

WORST_FIRST = (State.ABSURD, State.MISSING, State.STALE, State.CENSORED)
LOST = WORST_FIRST[:3]


class Input(NamedTuple):
    """One signal as a formula takes it."""

    signal: Signal
    state: State
    value: float


def derive(settings: Settings, signals: Mapping[str, Signal], now: int) -> Mapping[str, Signal]:
    """``signals`` and beside them those of the formulas, each of which may read the ones before it."""
    if not settings.formulas:
        return signals
    found = dict(signals)
    for name, formula in settings.formulas.items():
        inputs = [_input(settings, found.get(read), read, now) for read in formula.reads]
        found[name] = _made(name, formula.of, inputs, now)
    return found


def _input(settings: Settings, signal: Signal | None, name: str, now: int) -> Input:
    state = State.MISSING if signal is None else judge(signal, now, settings.ages.get(name))
    if state is State.EMPTY and name in settings.never_zero:
        state = State.MISSING
    if signal is None or (state in LOST and name in settings.fallbacks):
        signal = Signal(name, settings.fallbacks.get(name, 0.0), now, now)
        return Input(signal, State.CENSORED if name in settings.fallbacks else state, signal.value)
    value = 0.0 if state is State.EMPTY else signal.value
    if 0 < signal.coverage < 1 and is_total(settings.metrics.get(name, name)):
        value /= signal.coverage
    return Input(signal, state, value)


def _made(name: str, of: Callable[[Mapping[str, float]], float | None], inputs: list[Input], now: int) -> Signal:
    states = [one.state for one in inputs]
    state = next((worst for worst in WORST_FIRST if worst in states), State.FRESH)
    if all(one is State.EMPTY for one in states):
        state = State.EMPTY
    value: float | None = 0.0
    if state not in LOST:
        value = of({one.signal.name: one.value for one in inputs})
        if value is None:
            state = State.EMPTY if all(one.value == 0 for one in inputs) else State.MISSING
    sources = [one.signal for one in inputs]
    if state is State.ABSURD:
        value = -1.0  # so that it stays absurd when it grows old
    return Signal(
        name, value or 0.0, min((s.end for s in sources), default=now), min((s.received for s in sources), default=now),
        max(s.span for s in sources), max(s.period for s in sources), min(s.coverage for s in sources), state,
    )  # fmt: skip
