"""Compiled: when the data plane wakes the loop before its tick, as ``fleet/balancer/pressure.py`` and ``run/pulse.py``.

The balancer looks twenty times a second. It tells the admin socket of a queue that stands and of arrivals no chance
explains, the socket tells the loop, and the loop steps at most five times a second; four times, since each of these
takes some ms. Where these are changed, this is.
"""

from __future__ import annotations

from math import sqrt

from fleetfoot.sim.draws import compiled, inlined

# isort: off
from fleetfoot.sim.layout import (
    COUNTED, DUE, LATER, LONG, NEXT, SHORT, SLOTS, STEPPED, TICKS, TOLD, TOLD_ARRIVALS, TOLD_QUEUE,
)  # fmt: skip
# isort: on

GAP = TICKS // 5  # ticks between two steps, and between two words of the same kind
SHORTER = TICKS // 2  # of the two spans of arrivals; the longer is a second
STANDS = 0.1  # s: a queue that empties sooner is the grain of arrivals
PILED = 0.5  # s of the tasks' work handed to them, where they take all and nothing waits in the balancer
SIGMAS = 4.0
NEVER = -1


@compiled
def begin(w, second):  # type: ignore[no-untyped-def]
    """The loop steps with the second; until the next one it can be woken."""
    w[STEPPED], w[DUE], w[COUNTED], w[NEXT] = TICKS * second, NEVER, 0, TICKS * second + 1


@inlined
def beyond_chance(count, expected):  # type: ignore[no-untyped-def]
    """Whether so many arrivals cannot be a fluctuation of ``expected`` ones."""
    return count > expected and count - SIGMAS * sqrt(count) > expected


@compiled
def look(w, arrived, stands, capacity):  # type: ignore[no-untyped-def]
    """The balancer's look at the tick ``w[NEXT]``: whether the loop steps now.

    ``arrived``: requests of this second so far; ``stands``: work waits; ``capacity``: requests/s, 0 for not known.
    """
    tick = w[NEXT]
    w[NEXT] += 1
    slot, place = int(arrived) - w[COUNTED], SLOTS + tick % TICKS
    w[COUNTED] += slot
    w[LONG] += slot - w[place]
    w[SHORT] += slot - w[SLOTS + (tick + TICKS - SHORTER) % TICKS]
    w[place] = slot
    said = False
    if stands and tick - w[TOLD_QUEUE] >= GAP:
        w[TOLD_QUEUE], said = tick, True
    if capacity > 0.0 and (
        beyond_chance(w[SHORT], capacity * SHORTER / TICKS) or beyond_chance(w[LONG], capacity)
    ) and tick - w[TOLD_ARRIVALS] >= GAP:  # fmt: skip
        w[TOLD_ARRIVALS], said = tick, True
    if said and w[LATER] == NEVER:
        w[LATER] = max(w[TOLD] + GAP, tick)
    if tick == w[LATER]:
        w[TOLD], w[LATER] = tick, NEVER
        soonest = max(w[STEPPED] + GAP, tick)
        # At the last moment allowed a real clock is some ms past it, and the second's end comes first.
        if w[DUE] == NEVER and soonest < TICKS * ((tick - 1) // TICKS + 1) - GAP:
            w[DUE] = soonest
    if tick != w[DUE]:
        return False
    w[STEPPED], w[DUE] = tick, NEVER
    return True
