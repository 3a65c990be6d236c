"""Flap prediction and stabilisation: nothing is let go that will be wanted again, nothing grown on one wild wish.

Shrink goes to the largest wish of the stabilisation window, and only when this controller has watched for
as long as its windows are, no deployment runs, no fast growth is younger than a start-up, and the demand of
the last 30 s would not make the smaller fleet grow again at once. A declared throughput that nobody has
seen is entered in steps: what stays is given at most a tenth more than a task has carried inside the objective,
or one task goes, and the next step waits until that has shown it does with ease. Every shrink that had to be
taken back doubles the window, up to four times; ten minutes of peace halve it.
"""

from __future__ import annotations

from math import ceil

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.lessons import SPAN
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View
from fleetfoot.core.windows import peak

CALM = 600_000  # ms without a flap that halves the window again
LONGEST = 4
UNPROVEN = 1.1  # of the most a task was seen to carry
DRAIN = 30_000  # ms a task that goes still costs, where nobody knows better


def stabilise(count: int, view: View, mine: Slice) -> Verdict:
    rules, current = view.settings.guards, view.current
    _flaps(view, mine)
    window = rules.stabilise_in * mine.get("times", 1)
    largest = peak(mine.setdefault("wishes", []), window, view.now, count)
    least = _least(count, view, mine, rules.stabilise_out) if rules.stabilise_out > 0 else count
    if count == current:
        return None
    if count > current:
        if least >= count:
            return None
        least = max(least, current)
        return least, Reason(Code.STABILISING, {"wish": count, "window": rules.stabilise_out, "largest": least})
    refused = _too_early(view)
    if refused is not None:
        return view.current, refused
    if largest >= view.current:
        data = {"wish": count, "window": window, "largest": largest}
        return view.current, Reason(Code.STABILISING, data)
    return _steady(largest, count, view, mine, window)


def _steady(largest: int, count: int, view: View, mine: Slice, window: int) -> Verdict:
    rate = view.window("requests").rate(30_000) if view.usable("requests") else 0.0
    if largest < view.current and rate > largest * view.throughput:
        return view.current, Reason(Code.WOULD_FLAP, {"rate": round(rate, 1), "tasks": largest})
    most = view.learnt.most
    if most > 0 and rate > largest * UNPROVEN * most:
        step = max(largest, min(ceil(rate / (UNPROVEN * most)), view.current - 1))
        least = step if _proven(view, rate / (step * UNPROVEN * most)) else view.current
        reason = Reason(Code.UNPROVEN, {"rate": round(rate, 1), "tasks": largest, "most": round(most, 2)})
    else:
        least, reason = largest, Reason(Code.STABILISING, {"wish": count, "window": window, "largest": largest})
    mine.update(shrunk_from=view.current, shrunk_at=view.now, window=window, shrunk=False)
    return None if least == count else (least, reason)


def _proven(view: View, more: float) -> bool:
    """Whether what serves now has shown for a whole span that it does with ease.

    ``more``: how many times the measured step the next one is, where a single task is more than that.
    """
    if view.fleet.serving != view.current or view.now - view.learnt.since < SPAN:
        return False
    easy = view.settings.objective / (2 * max(more, 1))
    return not view.usable("latency") or view.mean("latency", SPAN)[0] <= easy


def _too_early(view: View) -> Reason | None:
    settings = view.settings
    if not view.full():
        since = view.now if view.memory.since is None else view.memory.since
        left = settings.seeing - (view.now - since)
        return Reason(Code.WINDOWS_FILLING, {"left": left})
    if view.fleet.deploying:
        return Reason(Code.DEPLOYING, {"revision": view.fleet.revision})
    surge = view.memory.surge_at
    if surge is not None and view.now - surge < view.startup:
        return Reason(Code.RECENT_SURGE, {"left": view.startup - (view.now - surge)})
    return None


def _least(count: int, view: View, mine: Slice, window: int) -> int:
    """The smallest wish of the growth window: what was wished for all of it. It begins with the present count."""
    return -peak(mine.setdefault("lows", [[view.now, -view.current]]), window, view.now, -count)


def _flaps(view: View, mine: Slice) -> None:
    """A growth back to what a shrink let go, before it has paid for stopping and starting, is a flap."""
    times = mine.get("times", 1)
    if times > 1 and view.now - mine["calm"] >= CALM:
        times = times // 2
        mine.update(times=times, calm=view.now)
    at = mine.get("shrunk_at")
    if at is None:
        return
    if view.gave_way:  # the target never carried it out: that is no growth back
        mine["shrunk_at"] = None
        return
    if not mine["shrunk"]:  # the step after: did it happen, or did a later guard say no?
        mine["shrunk"] = view.current < mine["shrunk_from"]
        if not mine["shrunk"]:
            mine["shrunk_at"] = None
        return
    if view.current >= mine["shrunk_from"] and view.now - at < view.startup + DRAIN:
        mine.update(times=min(LONGEST, 2 * times), shrunk_at=None, calm=view.now)
