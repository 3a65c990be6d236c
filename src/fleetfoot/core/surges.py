"""Surges that come back: jumps of the rate are remembered, and where they keep a period the next one is expected.

A jump is a change of level within seconds that counts cannot make by chance. A period is believed when three
jumps up stand that far apart, or two do and the falls after them as well. Expectations are about moments, so
they work where a season of whole levels says little: on a service whose surges come every two hours, at any
height of the day. An expectation that passes unfulfilled costs trust, one that comes true gains it; without
trust nothing is ordered.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from fleetfoot.core.memory import Slice

JUMP = 1.4  # x, up or down
STANDS_OUT = 6.0  # standard deviations
APART = 120_000  # ms between two jumps
GROWS = 60_000  # ms after a jump up in which its height is still looked for
SHORTEST = 180_000  # ms: a shorter period is no surge, it is the traffic
EXACT, WITHIN = 0.01, 10_000  # a period is met within this share of it, or this many ms
KEPT = 32  # jumps
ROOM = 1.1  # x the height of the last one at most
FIRST, TRUST, DISTRUST = 1, 3, -1  # trust to begin with, at most and at least; none below 0

UP, DOWN = 1, -1


class Expected(NamedTuple):
    """A surge around ``at`` (ms), give or take ``within`` ms, to ``rate`` requests/s; seen every ``period`` ms."""

    at: int
    within: int
    rate: float
    period: int


def watch(mine: Slice, now: int, m10: float, m60: float, spread: float) -> None:
    """Remember a jump that the means over 10 s and 60 s (requests/s) show at ``now``."""
    jumps: list[list[float]] = mine.setdefault("jumps", [])  # [at, before, after, direction]
    last = jumps[-1] if jumps else None
    if last is not None and now - last[0] < APART:
        if last[3] == UP and now - last[0] < GROWS and m10 > last[2]:
            last[2] = m10
        return
    before = (6.0 * m60 - m10) / 5.0
    change = m10 - before
    if abs(change) < STANDS_OUT * sqrt(spread * max(before, 1.0) * 0.12):  # 1/10 s + 1/50 s
        return
    if m10 > JUMP * before:
        direction = UP
    elif m10 < before / JUMP:
        direction = DOWN
    else:
        return
    at = now - 5_000
    if direction == UP:
        _settle(mine, at)
    jumps.append([at, before, m10, direction])
    del jumps[:-KEPT]
    _expect(mine, _returns(jumps))


def expected(mine: Slice, now: int, lead: int, rate: float) -> Expected | None:
    """The highest surge for which a task ordered now (serving ``lead`` ms later) is due; None without any."""
    returns: list[list[float]] = mine.get("returns", [])
    if not returns:
        return None
    while returns and returns[0][0] + returns[0][1] < now:
        _missed(mine, returns.pop(0))
    if mine.get("trust", FIRST) < 0:
        return None
    best: Expected | None = None
    for at, within, period, origin in returns:
        if at - within > now + lead:
            continue
        jump = next((row for row in mine["jumps"] if row[0] == origin), None)
        if jump is None or rate >= jump[2]:
            continue
        surge = min(jump[2] * ROOM, rate * jump[2] / max(jump[1], 1.0))
        if best is None or surge > best.rate:
            best = Expected(int(at), int(within), surge, int(period))
    return best


def awaited(mine: Slice) -> list[Expected]:
    """All that is expected, the next one first, each to the height of its last time; nothing without trust."""
    if mine.get("trust", FIRST) < 0:
        return []
    heights = {row[0]: row[2] for row in mine.get("jumps", [])}
    return [
        Expected(int(at), int(within), heights[origin], int(period))
        for at, within, period, origin in mine.get("returns", [])
        if origin in heights
    ]


def _expect(mine: Slice, rows: list[list[float]]) -> None:
    """Add what is not expected already; of one moment the shortest period knows it best."""
    returns: list[list[float]] = mine.setdefault("returns", [])
    for row in rows:
        same = [known for known in returns if abs(row[0] - known[0]) <= max(row[1], known[1])]
        if all(row[1] <= known[1] for known in same):
            returns[:] = [known for known in returns if known not in same] + [row]
    returns.sort()
    del returns[KEPT:]


def _missed(mine: Slice, row: list[float]) -> None:
    """It did not come: less trust, and while there is some, its next time is waited for."""
    trust = mine["trust"] = max(DISTRUST, mine.get("trust", FIRST) - 1)
    if trust >= 0:
        at, within, period, origin = row
        _expect(mine, [[at + period, within, period, origin]])


def _settle(mine: Slice, at: float) -> None:
    """A jump up came: what was expected here has come true, once."""
    returns = mine.get("returns", [])
    true = [row for row in returns if abs(row[0] - at) <= row[1]]
    if true:
        mine["trust"] = min(TRUST, max(mine.get("trust", FIRST), 0) + 1)
        mine["returns"] = [row for row in returns if row not in true]


def tolerance(period: float) -> float:
    return max(WITHIN, EXACT * period)


def _returns(jumps: list[list[float]]) -> list[list[float]]:
    """When the newest jump up will return, by every period it has kept: [at, within, period, its own time]."""
    ups = [row for row in jumps if row[3] == UP]
    if not ups:
        return []
    newest = ups[-1]
    found: list[list[float]] = []
    for earlier in ups[:-1]:
        period = newest[0] - earlier[0]
        within = tolerance(period)
        if period < SHORTEST or any(abs(row[2] - period) <= within for row in found):
            continue
        if _kept(jumps, ups, earlier, newest, period, within):
            found.append([newest[0] + period, within, period, newest[0]])
    return sorted(found)


def _kept(
    jumps: list[list[float]], ups: list[list[float]], earlier: list[float], newest: list[float], period: float,
    within: float,
) -> bool:  # fmt: skip
    """Whether a third jump up, or both falls, stand ``period`` apart too."""
    if any(abs(earlier[0] - period - row[0]) <= within for row in ups):
        return True
    falls = [row[0] for row in jumps if row[3] == DOWN]
    first = next((at for at in falls if at > earlier[0]), None)
    second = next((at for at in falls if at > newest[0]), None)
    return first is not None and second is not None and abs(second - first - period) <= within
