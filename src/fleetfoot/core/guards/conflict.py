"""Conflict: somebody else writes the count too.

The count the fleet is meant to have changed, and it is none we ordered lately. A deployment is expected to do so;
anybody else is told, by name where the target knows it, and a stated rule is followed for a while after each such
change: ``hold`` lets nothing go that the other wanted and still grows, ``yield`` leaves the count to the other,
``reassert`` decides on as if nothing had been.
"""

from __future__ import annotations

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.memory import Memory, Slice
from fleetfoot.core.model import FRESH, Data, Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import HOLD, YIELD
from fleetfoot.core.view import View

SLICE = "conflict"
LATELY = 60_000  # ms an order of ours may take to show, and a deployment to settle
OURS = 4  # orders that are remembered


def ordered(memory: Memory, count: int, now: int) -> None:
    """Remember an order of ours; called by the engine when it gives one."""
    ours: list[list[int]] = memory.slice(SLICE).setdefault("ours", [])
    ours.append([count, now])
    del ours[:-OURS]


def conflict(count: int, view: View, mine: Slice) -> Verdict:
    fleet = view.fleet
    if fleet.state is FRESH:
        _watch(view, mine)
    if count == view.current:
        return None
    rule, at = view.settings.guards.conflict, mine.get("at")
    if at is None or rule not in (HOLD, YIELD):
        return None
    left = view.settings.guards.conflict_for - (view.now - at)
    if left <= 0 or (count > view.current and rule == HOLD):
        return None
    return view.current, Reason(Code.CONFLICT_HOLD, {"left": left, **_told(mine)})


def _watch(view: View, mine: Slice) -> None:
    """Compare what the fleet is meant to have with what it had and what we ordered."""
    fleet, now = view.fleet, view.now
    before, seen, desired = mine.get("count"), mine.get("seen", now), fleet.desired
    mine["count"], mine["seen"] = desired, now
    if fleet.deploying:
        mine["deployed"] = now
    if desired == before or before is None or now - seen > LATELY:  # nobody watched: it is taken as it is found
        return
    ours = [count for count, at in mine.get("ours", []) if now - at <= LATELY]
    if desired in ours or ("deployed" in mine and now - mine["deployed"] <= LATELY):
        return
    mine.update({"at": now, "from": before, "to": desired, "who": fleet.writer})
    view.remarks.append(Reason(Code.CONFLICT, {**_told(mine), "rule": view.settings.guards.conflict}))


def _told(mine: Slice) -> Data:
    return {"from": mine["from"], "to": mine["to"], "writer": mine["who"] or "somebody else"}
