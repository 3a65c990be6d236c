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
    history: list[list[int]] = mine["changes"] if last is not None else mine.setdefault("changes", [])
    if current != last:
        if last is not None:
            history.append([view.now, current - last])  # [at, signed change]
        mine["count"] = current
    if history:
        keep = max((r.period for r in (*rules.rate_out, *rules.rate_in)), default=0)
        while history and history[0][0] <= view.now - keep:
            history.pop(0)
    if count == current:
        return None
    if count > view.current and rules.rate_out:
        most = max(view.current, *(_allowed(r, view, history, 1) for r in rules.rate_out))
        if count > most:
            return most, Reason(Code.RATE_OF_CHANGE, {"wish": count, "allowed": most})
    if count < view.current and rules.rate_in:
        least = min(view.current, *(_allowed(r, view, history, -1) for r in rules.rate_in))
        if count < least:
            return least, Reason(Code.RATE_OF_CHANGE, {"wish": count, "allowed": least})
    return None


def _allowed(rule: Rate, view: View, history: list[list[int]], sign: int) -> int:
    start = view.current - sum(by for at, by in history if at > view.now - rule.period)
    if rule.unit == PERCENT:
        exact = round(start * (1 + sign * rule.value / 100.0), 9)
        return ceil(exact) if sign > 0 else trunc(exact)
    return int(start + sign * rule.value)
