"""What the rate will be when a task ordered now serves, and how wrong such forecasts have been.

A small panel forecasts side by side, from means every step has at hand:

    level    the rate goes on as it is
    quick    it goes on changing as in the last ten seconds
    steady   it goes on changing as in the last minute

A slope counts only as far as it stands out from the noise of counts (of a slope of s with a standard error e the
share 1 - SHRINK e2 / s2 is believed); where none does, all say the same, so that only changes tell them apart.
When a forecast's time has come it is judged by what it would have cost: rate that nobody was ready for weighs
more than tasks that stood idle (the pinball loss at ``QUANTILE``; Koenker and Bassett 1978). Of the
members that have lost hardly more than the best one lately the highest speaks for the panel, since a rise missed
costs more than one made up; what was said has a margin of its own, by which it has been too low at that quantile.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import NamedTuple

from fleetfoot.core.memory import Slice

MEMBERS = ("level", "quick", "steady")
QUANTILE = 0.92
LOSS_MEMORY = 1_200_000  # ms: time constant with which old losses fade
NEAR = 1.1  # x the least loss up to which a member is believed
SHRINK = 8.0
MOST = 2.0  # x the rate now that a slope may reach
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
    return min(max(0.0, found), MOST * max(late, still))


def panel(m5: float, m10: float, m30: float, m60: float, lead: float, spread: float) -> list[float]:
    """Every member's forecast ``lead`` s ahead, from the means over the last 5, 10, 30 and 60 s."""
    still = level(m5, m30, spread)
    return [still, trend(m5, m10, 5.0, lead, spread, still), trend(m30, m60, 30.0, lead, spread, still)]


def learn(mine: Slice, now: int, due: int, forecasts: list[float], seen: float) -> None:
    """Judge what was forecast for ``now`` by the rate ``seen``, and keep ``forecasts`` until ``due`` (ms)."""
    if "room" not in mine:
        mine.update(forecasts=[], loss=[0.0] * len(MEMBERS), room=0.0, size=0.0)
    waiting: list[list[float]] = mine["forecasts"]
    while waiting and waiting[0][0] <= now:
        row = waiting.pop(0)
        if row[0] > now - 4_000:  # after a gap nobody knows what the rate was
            _judge(mine, row, seen, now - mine.get("judged", now - 2_000))
            mine["judged"] = now
    waiting.append([due, *forecasts, forecasts[_spokesman(mine, forecasts)]])
    if len(waiting) > STEPS_AT_MOST:
        del waiting[0]


def _judge(mine: Slice, row: list[float], seen: float, passed: int) -> None:
    """Every member by its loss, and what was said by how much room it should have had."""
    losses, margin = mine["loss"], mine["room"]
    gain = 1.0 - exp(-min(passed, 10_000) / LOSS_MEMORY)
    for i in range(len(MEMBERS)):
        error = seen - row[i + 1]
        loss = QUANTILE * error if error > 0.0 else (QUANTILE - 1.0) * error
        losses[i] += gain * (loss - losses[i])
    said = row[-1]
    error = (seen - said) / max(FEW, said)
    mine["size"] += gain * (abs(error) - mine["size"])
    step = GAIN * max(STEP_LEAST, mine["size"])
    margin += step * (QUANTILE - 1.0 if error < margin else QUANTILE)
    mine["room"] = 0.0 if margin < 0.0 else min(MARGIN_MOST, margin)


def speak(mine: Slice, forecasts: list[float]) -> Forecast:
    """The highest that is said by a member nearly as good as the best."""
    i = _spokesman(mine, forecasts)
    return Forecast(forecasts[i], mine["room"], forecasts[0], MEMBERS[i])


def learnt(mine: Slice) -> tuple[str, float] | None:
    """The member that has lost least lately, and the margin on what is said; None before anything was forecast."""
    if "room" not in mine:
        return None
    losses: list[float] = mine["loss"]
    return MEMBERS[losses.index(min(losses))], mine["room"]


def _spokesman(mine: Slice, forecasts: list[float]) -> int:
    """Which member's forecast is said: the highest of those that are believed."""
    losses: list[float] = mine["loss"]
    most, found, highest = NEAR * min(losses), 0, -1.0
    for i, loss in enumerate(losses):
        if loss <= most and forecasts[i] > highest:
            found, highest = i, forecasts[i]
    return found
