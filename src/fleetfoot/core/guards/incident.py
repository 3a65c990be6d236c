"""A lull or an incident? A lull is a smaller crowd; an incident is a crowd that cannot reach us.

Two signs: demand fell to under half of the lowest level this service has shown (a night, or the level
before a surge, is history too), or it fell fast while errors, latency or requests in flight rose. Shrink
is then held until the hold runs out or demand is back, and afterwards released in steps.
"""

from __future__ import annotations

from math import ceil

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import FRESH, Data, Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

SHORT, LONG = 5_000, 60_000  # ms: now, and before
DEEP = 0.5  # of the lowest level known
FELL = 0.3  # share of demand lost that is suspicious while something else rises
ROSE = 1.5  # x before
BACK = 0.8  # of the demand before: the crowd is back
HISTORY = 600_000  # ms of levels before "the lowest level known" means anything
LOW_FORGETS = 86_400_000  # ms: time constant with which the lowest level creeps up to the present one
STEP, STEP_EVERY = 0.2, 30_000  # a released fleet shrinks by a fifth at most, this often (ms)
MIN_RATE = 1.0  # requests/s: below it a drop is noise
CHECK_EVERY = 2_000  # ms


def incident(count: int, view: View, mine: Slice) -> Verdict:
    rules, now = view.settings.guards, view.now
    if not rules.incident:
        return None
    if now - mine.get("checked", -CHECK_EVERY) >= CHECK_EVERY and view.usable("requests"):
        _watch(view, mine, rules.incident_hold)
        mine["checked"] = now
    if count >= view.current:
        return None
    until = mine.get("until")
    if until is None:
        return None
    mine["wished"] = view.now
    data: Data = {"before": mine["before"], "now": mine["rate"], "sign": mine["sign"], "left": max(0, until - now)}
    if now < until:
        return view.current, Reason(Code.INCIDENT_HOLD, data)
    return _release(count, view, mine, Reason(Code.INCIDENT_RELEASE, data))


def _release(count: int, view: View, mine: Slice, reason: Reason) -> Verdict:
    """One step down is allowed until it was taken (later guards have their own windows), then the next one."""
    allowed = mine.get("allowed")
    if allowed is None or view.current <= allowed:
        if view.now - mine.get("stepped", view.now - STEP_EVERY) < STEP_EVERY:
            return view.current, reason
        allowed = mine["allowed"] = view.current - max(1, ceil(view.current * STEP))
    mine["stepped"] = view.now
    return (allowed, reason) if count < allowed else None


def _watch(view: View, mine: Slice, hold: int) -> None:
    rate, before, covered = _now_and_before(view, "requests")
    _remember_low(view, mine, before if covered >= 0.9 * LONG else None)
    if mine.get("until") is not None:
        mine["rate"] = round(rate, 1)
        done = view.now - max(mine["until"], mine.get("wished", 0)) >= LONG  # nobody wishes for fewer any more
        if rate >= BACK * mine["before"] or done:
            mine["until"] = None
        return
    if before < MIN_RATE or rate > (1 - FELL) * before:
        return
    sign = _rising(view)
    low = mine.get("low")
    if sign is None and low is not None and view.now - mine["low_since"] >= HISTORY and rate < DEEP * low:
        sign = "deeper than ever"
    if sign is not None:
        mine.update(until=view.now + hold, allowed=None, before=round(before, 1), rate=round(rate, 1), sign=sign)


def _now_and_before(view: View, name: str) -> tuple[float, float, float]:
    """Mean of the last seconds, mean of the minute before them, and how many ms of that minute were measured."""
    (now, short), (both, covered) = view.window(name).means((SHORT, SHORT + LONG))
    covered -= short
    return now, (both * (covered + short) - now * short) / covered if covered > 0 else 0.0, covered


def _remember_low(view: View, mine: Slice, level: float | None) -> None:
    if level is None:
        return
    low = mine.get("low")
    if low is None:
        mine.update(low=level, low_since=view.now)
    elif mine.get("until") is None:
        creep = (view.now - mine.get("low_at", view.now)) / LOW_FORGETS
        mine["low"] = min(level, low + (level - low) * creep)
    mine["low_at"] = view.now


def _rising(view: View) -> str | None:
    """The name of a signal that got worse while demand fell; None when all is well."""
    for name, floor in (
        ("errors", view.settings.errors),
        ("latency", view.settings.objective),
        ("in_flight", 2.0 * view.fleet.serving),
    ):
        if view.state(name) is not FRESH:
            continue
        now, before, _ = _now_and_before(view, name)
        if now > floor and now > ROSE * before:
            return name
    return None
