"""Cooldown of the combined order: after growth only a larger growth passes, and shrink waits for its own time.

With ``adapt`` the time is worked out anew at every step, as docs/guards.md has it: what is written, times a factor of
how often the count changed within ten minutes, divided by the urgency (growth) or times the load (shrink).
"""

from __future__ import annotations

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.urgency import load, urgency
from fleetfoot.core.view import View

RECENT = 600_000  # ms in which a change is recent
EACH, MOST = 0.5, 2.0  # factor of one recent change, and of all together
LEAST = 60_000  # ms an adapted cooldown lasts at the least
REMEMBERED = 50  # changes


def cooldown(count: int, view: View, mine: Slice) -> Verdict:
    rules, current, last = view.settings.guards, view.current, mine.get("count")
    if current != last:
        if last is not None:
            mine["at"], mine["by"] = view.now, current - last
            if rules.cooldown_adapt:
                mine["changes"] = [*mine.get("changes", ())[1 - REMEMBERED :], view.now]
        mine["count"] = current
    if count == current:
        return None
    at = mine.get("at")
    if at is None:
        return None
    since = view.now - at
    if count > view.current and (mine["by"] <= 0 or count - view.current > mine["by"]):
        return None
    base = rules.cooldown_out if count > view.current else rules.cooldown_in
    if not rules.cooldown_adapt:
        return None if since >= base else (view.current, Reason(Code.COOLDOWN, {"left": base - since, "wish": count}))
    return _adapted(count, view, mine, base, since)


def _adapted(count: int, view: View, mine: Slice, base: int, since: int) -> Verdict:
    often = min(EACH * sum(view.now - at <= RECENT for at in mine.get("changes", ())), MOST)
    factor = 1.0 / urgency(view) if count > view.current else load(view)
    span = max(round(base * often * factor), LEAST)
    if since >= span:
        return None
    data = {"left": span - since, "span": span, "base": base, "often": often, "factor": round(factor, 2), "wish": count}
    return view.current, Reason(Code.COOLDOWN_ADAPTED, data)
