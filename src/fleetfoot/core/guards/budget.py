"""Budget: what all tasks together cost, against limits an hour, a day and a month.

Each service counts its own spend, task-seconds times price, by the calendar of UTC; the arbiter adds them up and
says how many tasks the money pays for. Past a soft limit only what present demand needs is added, past a hard one
nothing. Only an emergency goes below the present count: the least important services first, in steps, and never
below what present demand needs unless the user wrote ``hard``. Not knowing a price holds nothing.
"""

from __future__ import annotations

from datetime import date
from math import ceil
from typing import NamedTuple

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Data, Fleet, Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

SLICE = "budget"
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
EPOCH, LAST = date(1970, 1, 1).toordinal(), date.max.toordinal()
ALERTS = (50, 80, 90, 100)  # % of a limit, each told once in its hour, day or month
STEP, STEP_EVERY = 0.1, 10_000  # an emergency takes a tenth at most, this often (ms)
SURE = 60_000  # ms: over a longer gap the smaller of both counts is reckoned with


class Calendar(NamedTuple):
    """Running numbers of the hour, day and month (UTC)."""

    hour: int
    day: int
    month: int


def calendar(wall: int) -> Calendar:
    """Of a wall time in ms since 1970."""
    days = wall // DAY_MS
    day = date.fromordinal(min(max(days + EPOCH, 1), LAST))
    return Calendar(wall // HOUR_MS, days, 12 * day.year + day.month)


def billed(fleet: Fleet) -> int:
    """Tasks that cost money."""
    return fleet.serving + fleet.warming + fleet.starting + fleet.draining + fleet.warm


def spent(mine: Slice, span: str, number: int) -> float:
    """What this service has cost in the hour, day or month ``number``, in the budget's currency."""
    kept = mine.get(span)
    return float(kept[1]) if kept is not None and kept[0] == number else 0.0


def needed_floor(view: View) -> int:
    """The count an emergency does not go below."""
    least = view.minimum if view.settings.guards.hard else max(view.minimum, view.needed())
    return min(least, view.current)


def budget(count: int, view: View, mine: Slice) -> Verdict:
    shared = view.settings.shared
    if shared is None or shared.budget is None:
        return None
    _spend(view, mine, calendar(view.seen.wall))
    grant = view.grant
    if grant.alert:
        _alert(view, mine)
    if view.settings.price is None:
        if count > view.current:
            view.remarks.append(Reason(Code.PRICE_UNKNOWN))
        return None
    if view.now < view.seen.operator.permit:
        if (grant.paid is not None and count > max(grant.paid, view.current)) or grant.down is not None:
            left = view.seen.operator.permit - view.now
            view.remarks.append(Reason(Code.BUDGET_PERMIT, {"left": left, "who": view.seen.operator.who}))
        return None
    if grant.down is not None and grant.down < view.current:
        return _emergency(count, view, mine)
    if count <= view.current:
        return None
    return _held(count, view)


def _held(count: int, view: View) -> Verdict:
    grant, current, most, code = view.grant, view.current, count, None
    if grant.eased is not None and most > max(grant.eased, current, view.needed()):
        most, code = max(grant.eased, current, view.needed()), Code.BUDGET_SOFT
    if grant.paid is not None and most > max(grant.paid, current):
        most, code = max(grant.paid, current), Code.BUDGET_HARD
    if code is None:
        return None
    return most, Reason(code, {"wish": count, "allowed": most, **_figures(view)})


def _figures(view: View) -> Data:
    grant = view.grant
    return {
        "budget": grant.span, "spent": round(grant.spent, 2), "limit": grant.limit, "currency": _currency(view),
    }  # fmt: skip


def _currency(view: View) -> str:
    shared = view.settings.shared
    assert shared is not None
    assert shared.budget is not None
    return shared.budget.currency


def _emergency(count: int, view: View, mine: Slice) -> Verdict:
    down = view.grant.down or 0
    reason = Reason(Code.BUDGET_EMERGENCY, {"to": down, **_figures(view)})
    if view.now - mine.get("stepped", view.now - STEP_EVERY) < STEP_EVERY:
        return min(count, view.current), reason
    lower = max(down, view.current - max(1, ceil(view.current * STEP)))
    mine["stepped"] = view.now
    return min(count, lower), reason


def _spend(view: View, mine: Slice, today: Calendar) -> None:
    """Add what was running since the step before."""
    tasks, price, at = billed(view.fleet), view.settings.price, mine.get("at")
    if at is not None and price is not None and view.now > at:
        span, before = view.now - at, mine["tasks"]
        cost = price * (min(before, tasks) if span > SURE else before) * span / HOUR_MS
    else:
        cost = 0.0
    for name, number in zip(Calendar._fields, today, strict=True):
        mine[name] = [number, spent(mine, name, number) + cost]
    mine["at"], mine["tasks"] = view.now, tasks


def _alert(view: View, mine: Slice) -> None:
    grant = view.grant
    number = getattr(calendar(view.seen.wall), grant.alert_span)
    mine.setdefault("alerts", {})[grant.alert_span] = [number, grant.alert]
    data: Data = {
        "percent": grant.alert, "budget": grant.alert_span, "spent": round(grant.alert_spent, 2),
        "limit": grant.alert_limit, "currency": _currency(view),
    }  # fmt: skip
    view.remarks.append(Reason(Code.BUDGET_ALERT, data))
