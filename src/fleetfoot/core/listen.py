"""Listen: how far each signal may be believed, and the way of those that may into their windows."""

from __future__ import annotations

from collections.abc import Mapping

from fleetfoot.core.memory import Memory
from fleetfoot.core.model import CENSORED, EMPTY, FRESH, MISSING, STALE, Signal, State
from fleetfoot.core.settings import Settings
from fleetfoot.core.windows import Window

STALE_PERIODS = 3  # a signal is stale when older than this many of its periods
AHEAD = 3_000  # ms a sample may lie in the future, whatever its period
ABSURD = 1e12  # no rate, latency or count reaches this
GROWS = (FRESH, EMPTY, CENSORED)  # may support growth; a tuple: found by identity, where a set would hash


def judge(signal: Signal, now: int, oldest: int | None = None) -> State:
    """How far ``signal`` may be believed at ``now`` (ms); the receiver's clock judges age.

    ``oldest``: ms it may be old, None for three of its periods.
    """
    _, value, end, _, _, period, coverage, state = signal
    if state is not FRESH:
        if state is MISSING:
            return state
        if state is EMPTY:
            value = 0.0
    if not (0 <= value <= ABSURD and 0 <= coverage <= ABSURD):  # false for NaN too
        return State.ABSURD
    age = now - end
    if age > (STALE_PERIODS * period if oldest is None else oldest):
        return STALE
    return state if age >= -AHEAD else State.ABSURD  # measured in the future: it would shut out every sample until then


def listen(settings: Settings, memory: Memory, signals: Mapping[str, Signal], now: int) -> dict[str, State]:
    """Judge every signal, and take those that can be believed into their windows."""
    states: dict[str, State] = {}
    kept, windows = settings.windows, memory.windows
    for name, signal in signals.items():
        _, value, end, _, span, period, coverage, state = signal
        if state is FRESH and coverage == 1.0 and 0 <= now - end <= period and 0.0 <= value <= ABSURD:
            states[name] = state  # no need to look closer
        else:
            state = states[name] = _judged(settings, name, signal, now)
            if state not in GROWS:
                continue
            value = _counted(signal, state, name in settings.totals)
        keep = kept.get(name)
        if keep is not None:
            window = windows.get(name)
            if window is None:
                window = windows[name] = Window(keep)
            if window.keep != keep:  # the settings changed since it was begun
                window.keep = keep
            window.add(end, span, value)
    return states


def _judged(settings: Settings, name: str, signal: Signal, now: int) -> State:
    """``judge``, by what the signal's contract says."""
    state = judge(signal, now, settings.ages.get(name))
    return MISSING if state is EMPTY and name in settings.never_zero else state


def _counted(signal: Signal, state: State, total: bool) -> float:
    """What a window takes of ``signal``: of a ``total`` the missing tasks' share is added."""
    if state is EMPTY:
        return 0.0
    if total and 0 < signal.coverage < 1:
        return min(signal.value / signal.coverage, ABSURD)
    return signal.value
