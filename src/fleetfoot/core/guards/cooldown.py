"""Cooldown of the combined order: after growth only a larger growth passes, and shrink waits for its own time."""

from __future__ import annotations

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View


def cooldown(count: int, view: View, mine: Slice) -> Verdict:
    rules = view.settings.guards
    last = mine.get("count")
    if last is not None and view.current != last:
        mine["at"], mine["by"] = view.now, view.current - last
    mine["count"] = view.current
    at = mine.get("at")
    if at is None or count == view.current:
        return None
    since = view.now - at
    if count > view.current:
        if since >= rules.cooldown_out or mine["by"] <= 0 or count - view.current > mine["by"]:
            return None
        return view.current, Reason(Code.COOLDOWN, {"left": rules.cooldown_out - since, "wish": count})
    if since >= rules.cooldown_in:
        return None
    return view.current, Reason(Code.COOLDOWN, {"left": rules.cooldown_in - since, "wish": count})
