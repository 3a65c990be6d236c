"""Launch limits: a platform starts only so many tasks at once, so many a second, and so many cores in all.

A bucket holds ``burst`` starts and is refilled with ``rate`` a second; what was taken and not yet refilled is the
debt. Orders beyond it would be refused or queued by the platform, where nobody can say whose come first; here the
arbiter shares them by priority. The bucket of the account is shared by all services: each keeps the debt it was
shown and the count it saw, so the starts of all since then can be told from the counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import Launch
from fleetfoot.core.view import View

SLICE = "launch limits"


def debt_of(limit: Launch, views: Iterable[View], key: str = "debt", name: str = SLICE) -> float:
    """What was taken from a bucket that several services share and not yet refilled, in tasks.

    ``name``: the guard whose slices say it, ``key``: as what. Its ``each`` is what a task takes, 1 where it says none.
    """
    newest, now, debt, since = 0, 0, 0.0, list[tuple[int, float]]()
    for view in views:
        if view.now > now:
            now = view.now
        mine = view.memory.slices.get(name)
        if mine is None or "at" not in mine:
            continue
        at = mine["at"]
        if view.current > mine["count"]:
            since.append((at, (view.current - mine["count"]) * mine.get("each", 1)))
        if at > newest:
            newest, debt = at, 0.0
        if at == newest and mine.get(key, 0.0) > debt:
            debt = mine[key]
    started = sum(_left(more, limit, newest - at) for at, more in since)
    return _left(debt + started, limit, now - newest)


def _left(debt: float, limit: Launch, span: int) -> float:
    """What is left of a debt after ``span`` ms."""
    return max(0.0, debt - limit.rate * span / 1000.0)


def launch_limits(count: int, view: View, mine: Slice) -> Verdict:
    own, shared, grant, current = view.settings.launch, view.settings.shared, view.grant, view.current
    if own is None and (shared is None or shared.launch is None):
        return None
    most, reason = count, None
    if grant.tasks is not None and most > max(grant.tasks, current):
        most = max(grant.tasks, current)
        reason = Reason(Code.GRANT, {"wish": count, "granted": most})
    if own is not None:
        debt = round(debt_of(own, (view,), "own"), 3)
        if own.cpu is not None and view.settings.cpu:
            most = min(most, max(current, int(own.cpu / view.settings.cpu)))
            reason = reason if most == count else Reason(Code.GRANT, {"wish": count, "granted": most})
        most, reason = _paced(most, current, max(0, int(own.burst - debt)), own, reason)
        mine["own"] = debt
    if shared is not None:
        if grant.launches is not None:
            most, reason = _paced(most, current, grant.launches, shared.launch, reason)
        mine["debt"] = grant.debt
    mine["at"], mine["count"] = view.now, current
    return None if reason is None else (most, reason)


def _paced(
    most: int, current: int, launches: int, limit: Launch | None, reason: Reason | None
) -> tuple[int, Reason | None]:
    if limit is None or most <= current + launches:
        return most, reason
    data = {"now": launches, "rate": limit.rate, "burst": limit.burst}
    return current + launches, Reason(Code.LAUNCH_RATE, {"wish": most, **data})
