"""What the rate will be when a task ordered now serves, and how wrong such forecasts have been.

A small panel forecasts side by side, from means every step has at hand:

    level    the rate goes on as it is
    quick    it goes on changing as in the last ten seconds
    steady   it goes on changing as in the last minute

A slope counts only as far as it stands out from the noise of counts (of a slope of s with a standard error e the
share 1 - SHRINK e2 / s2 is believed); where none does, all say the same, so that only changes tell them apart.
When a forecast's time has come it is judged by what it would have cost: rate that nobody was ready for weighs
more than tasks that stood idle (the pinball loss at ``QUANTILE``; Koenker and Bassett 1978). The member with the
least loss lately speaks for the panel, and adds the margin by which it has been too low at that quantile.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import NamedTuple

from fleetfoot.core.memory import Slice

MEMBERS = ("level", "quick", "steady")
QUANTILE = 0.95
LOSS_MEMORY = 1_200_000  # ms: time constant with which old losses fade
SHRINK = 5.0
TREND = 0.85  # share of a slope that is believed to last until the task serves
CHANGED = 3.5  # standard deviations between 5 s and 30 s from which the shorter mean is the level
GAIN = 0.04  # of the quantile's steps
STEP_LEAST, MARGIN_MOST = 0.01, 2.0
FEW = 10.0  # requests/s: relative errors are of at least this
STEPS_AT_MOST = 900  # forecasts waiting for their time


class Forecast(NamedTuple):
    """Requests/s at the moment a task ordered now serves; ``margin`` is a share on top. ``level``: the rate now."""

    rate: float
    margin: float
    level: float
    by: str


def level(m5: float, m30: float, spread: float) -> float:
    """The rate now: a long mean while nothing changes, a short one when something does. ``spread`` is the
    dispersion of counts."""
    return m5 if abs(m5 - m30) > CHANGED * sqrt(spread * max(m30, 1.0) / 5.0) else m30


def trend(late: float, both: float, span: float, lead: float, spread: float, still: float) -> float:
    """The rate ``lead`` s ahead: ``late`` is the mean of the last ``span`` s, ``both`` that of twice as long;
    ``still`` where they show no slope."""
    slope = 2.0 * (late - both) / span
    noise = SHRINK * 2.0 * spread * max(late, 1.0) / span**3
    square = slope * slope
    if square <= noise:
        return still
    shown = 1.0 - noise / square
    found = still + shown * (late + slope * (span / 2.0 + lead * TREND) - still)
    return max(0.0, found)


def panel(m5: float, m10: float, m30: float, m60: float, lead: float, spread: float) -> list[float]:
    """Every member's forecast ``lead`` s ahead, from the means over the last 5, 10, 30 and 60 s."""
    still = level(m5, m30, spread)
    return [still, trend(m5, m10, 5.0, lead, spread, still), trend(m30, m60, 30.0, lead, spread, still)]


def learn(mine: Slice, now: int, due: int, forecasts: list[float], seen: float) -> None:
    """Judge what was forecast for ``now`` by the rate ``seen``, and keep ``forecasts`` until ``due`` (ms)."""
    if "forecasts" not in mine:
        mine["forecasts"] = []
        for name in ("loss", "margin", "size"):
            mine[name] = [0.0] * len(MEMBERS)
    waiting: list[list[float]] = mine["forecasts"]
    while waiting and waiting[0][0] <= now:
        row = waiting.pop(0)
        if row[0] > now - 4_000:  # after a gap nobody knows what the rate was
            _judge(mine, row, seen, now - mine.get("judged", now - 2_000))
            mine["judged"] = now
    waiting.append([due, *forecasts])
    if len(waiting) > STEPS_AT_MOST:
        del waiting[0]


def _judge(mine: Slice, row: list[float], seen: float, passed: int) -> None:
    losses, margins, sizes = mine["loss"], mine["margin"], mine["size"]
    gain = 1.0 - exp(-min(passed, 10_000) / LOSS_MEMORY)
    for i in range(len(MEMBERS)):
        forecast = row[i + 1]
        error = seen - forecast
        loss = QUANTILE * error if error > 0.0 else (QUANTILE - 1.0) * error
        losses[i] += gain * (loss - losses[i])
        error /= max(FEW, forecast)
        size = abs(error)
        sizes[i] += gain * (size - sizes[i])
        step = GAIN * (max(STEP_LEAST, sizes[i]))
        margin = margins[i] + step * (QUANTILE - 1.0 if error < margins[i] else QUANTILE)
        margins[i] = 0.0 if margin < 0.0 else min(MARGIN_MOST, margin)


def speak(mine: Slice, forecasts: list[float]) -> Forecast:
    """What the member that has lost least lately says."""
    best = _best(mine)
    return Forecast(forecasts[best], mine["margin"][best], forecasts[0], MEMBERS[best])


def learnt(mine: Slice) -> tuple[str, float] | None:
    """The member that speaks, and its margin; None before anything was forecast."""
    if "loss" not in mine:
        return None
    best = _best(mine)
    return MEMBERS[best], mine["margin"][best]


def _best(mine: Slice) -> int:
    losses: list[float] = mine["loss"]
    return losses.index(min(losses))
