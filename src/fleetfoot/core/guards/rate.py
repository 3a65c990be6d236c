"""Rate of change: how many tasks may come or go within a period (the form of Kubernetes' HPA scaling rules).

Each rule allows a change from where its period began: start = current - added + removed within it. The
largest allowance of the list counts. A rule for growth is also the spend limit of one surge.
"""

from __future__ import annotations

from math import ceil, trunc

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import PERCENT, Rate
from fleetfoot.core.view import View


def rate(count: int, view: View, mine: Slice) -> Verdict:
    rules, current, last = view.settings.guards, view.current, mine.get("count")
    if current != last:
        _changed(view, mine, last)
    if count == current:
        return None
    history = mine["changes"]
    if count > view.current and rules.rate_out:
        most = max(view.current, *(_allowed(r, view, history, 1) for r in rules.rate_out))
        if count > most:
            return most, Reason(Code.RATE_OF_CHANGE, {"wish": count, "allowed": most})
    if count < view.current and rules.rate_in:
        least = min(view.current, *(_allowed(r, view, history, -1) for r in rules.rate_in))
        if count < least:
            return least, Reason(Code.RATE_OF_CHANGE, {"wish": count, "allowed": least})
    return None


def _changed(view: View, mine: Slice, last: int | None) -> None:
    """Take up that the count is another one than at the step before, and forget what no rule asks for any more."""
    rules, changes = view.settings.guards, list[list[int]]()
    if last is not None:
        keep = max((rule.period for rule in (*rules.rate_out, *rules.rate_in)), default=0)
        changes = [row for row in mine["changes"] if row[0] > view.now - keep]
        changes.append([view.now, view.current - last])  # [at, signed change]
    mine["count"], mine["changes"] = view.current, changes


def _allowed(rule: Rate, view: View, history: list[list[int]], sign: int) -> int:
    start = view.current - sum(by for at, by in history if at > view.now - rule.period)
    if rule.unit == PERCENT:
        exact = round(start * (1 + sign * rule.value / 100.0), 9)
        return ceil(exact) if sign > 0 else trunc(exact)
    return int(start + sign * rule.value)
