"""How many tasks to keep warm: as many as the sharpest rise seen lately needs and the present fleet has not to spare.

    rise   the most the rate grew within one cold start-up, beyond what chance makes; halved every hour
    spare  what the ordered tasks carry at the utilisation, above the present rate
    pool   (rise - spare) / (throughput x utilisation), rounded up: it grows at once and halves in an hour

What the rate does within one start-up no order can answer in time, only tasks that are started already.
The pool lies inside its own bounds and never holds more tasks than capacity leaves above the ordered count.
"""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any, NamedTuple

from fleetfoot.core.learn import Learnt
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Data, Observation, Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import KEEP, Settings

SLICE = "warm pool"
SMOOTH = 5_000  # ms: a rate is the mean over this; a start-up counts as no shorter
LONGEST = KEEP - 2 * SMOOTH  # ms: of a longer start-up this much is looked back
COVERED = 0.8  # of a span that must have been measured
CHANCE = 4.0  # standard deviations of two Poisson counts: a smaller difference is no rise
HALF_LIFE = 3_600_000  # ms


class Pool(NamedTuple):
    """The size of the warm pool, and why."""

    tasks: int
    reason: Reason


def size(settings: Settings, memory: Memory, seen: Observation, desired: int) -> Pool | None:
    """The pool beside ``desired`` ordered tasks, after the step that saw ``seen``; None where its size is fixed."""
    if settings.warm is None:
        return None
    mine, now = memory.slice(SLICE), memory.now if memory.now is not None else seen.now
    learnt = memory.learnt.get(seen.fleet.revision) or Learnt()
    span = min(max(learnt.startup_p95 or settings.startup, SMOOTH), LONGEST)
    faded = 0.5 ** (max(0, now - mine.get("at", now)) / HALF_LIFE)
    rise, rate = _rates(memory, span)
    mine["rise"] = rise = max(rise, mine.get("rise", 0.0) * faded)
    carried = (learnt.throughput or settings.throughput or 0.0) * settings.warm.utilisation
    spare = max(desired * carried - rate, 0.0)
    needed = min(max(rise - spare, 0.0) / carried, settings.warm.maximum) if carried else 0.0
    mine["size"] = kept = min(max(needed, mine.get("size", 0.0) * faded), settings.warm.maximum)
    mine["at"] = now
    data: Data = {"rise": round(rise, 1), "spare": round(spare, 1), "per_task": round(carried, 2), "span": span}
    left = settings.maximum - desired
    room = memory.slices.get("connections", {}).get("room")  # warm tasks hold a pool too
    if room is not None:
        left = min(left, seen.fleet.warm + room)
    pool = _bounded(settings, needed, kept, left, {**data, "maximum": desired + left})
    mine["tasks"], mine["reason"] = pool.tasks, [str(pool.reason.code), dict(pool.reason.data)]
    return pool


def last(slices: dict[str, Any]) -> Pool | None:
    """The newest size, from the slices of a memory; None when there is none."""
    mine = slices.get(SLICE, {})
    return Pool(mine["tasks"], Reason(*mine["reason"])) if "reason" in mine else None


def _bounded(settings: Settings, needed: float, kept: float, left: int, data: Data) -> Pool:
    assert settings.warm is not None
    low, high = settings.warm.minimum, settings.warm.maximum
    wish = max(ceil(kept), low)
    tasks = max(min(wish, left), 0)
    if tasks < wish:
        return Pool(tasks, Reason(Code.WARM_NO_ROOM, {"wish": wish, "maximum": data["maximum"]}))
    data = {name: value for name, value in data.items() if name != "maximum"}
    if not data["per_task"]:
        return Pool(tasks, Reason(Code.WARM_UNKNOWN))
    if ceil(kept) <= low:
        return Pool(tasks, Reason(Code.WARM_MINIMUM, {**data, "minimum": low}))
    if needed >= high:
        return Pool(tasks, Reason(Code.WARM_MAXIMUM, {**data, "maximum": high}))
    if tasks > ceil(needed):
        return Pool(tasks, Reason(Code.WARM_FADING, {**data, "needed": ceil(needed)}))
    return Pool(tasks, Reason(Code.WARM_RISE, data))


def _rates(memory: Memory, span: int) -> tuple[float, float]:
    """(how much the rate grew over the last ``span`` ms, the rate a scale-out would have to carry), requests/s."""
    window = memory.windows.get("requests")
    if window is None or not len(window):
        return 0.0, 0.0
    rate, covered = window.mean(SMOOTH)
    before, covered_before = window.mean(SMOOTH, window.end - span)
    present = max(rate, window.rate(60_000))
    if min(covered, covered_before) < COVERED * SMOOTH:
        return 0.0, present
    rise = rate - before
    chance = CHANCE * sqrt((rate + before) * 1000.0 / SMOOTH)
    return (rise if rise > chance else 0.0), present
