"""Growth must pay: more tasks that change nothing are not load, they are somebody else's slowness.

A growth that happened opens an episode; one that a later guard or the target refused does not. When its
tasks have served for their start-up and two windows, one of these must be true: more requests are completed,
the latency has fallen, more requests arrive (unless not half of what was completed still is: then it is clients
that ask again), or the tasks that serve are too few for what arrives, as far as was known before: as long as they
are, all of them drown alike. If none is and the fleet is still over its objective, further growth is held and a
person is told. What saturation taught of the throughput meanwhile is taken back: it was
not the tasks. The hold ends when the latency is back inside the objective, when clearly more arrives, or with
one probing step after a while.
"""

from __future__ import annotations

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

BETTER = 0.05  # completed requests must rise, or latency fall, by this share to count
ARRIVALS = 0.10  # more arrivals than this share: the episode says nothing
LESS = 0.5  # of what was completed: with less left of it, more arrivals are clients that ask again
RELEASE = 0.20  # more arrivals than this share end a hold
PROBE = 300_000  # ms until a held fleet may try one step again
LOST = 10  # start-ups: tasks that do not serve after so many will not, and launch health has its own guard


def pay(count: int, view: View, mine: Slice) -> Verdict:
    rules = view.settings.guards
    if not rules.pay:
        return None
    held = mine.get("held")
    if held is None:
        asked = mine.get("asked")
        if asked is not None:  # at the step before: it opens an episode if it happened
            mine["asked"] = None
            if view.current > asked["from"]:
                mine["episode"] = asked
        episode = mine.get("episode")
        if episode is not None:
            held = _judge(view, mine, episode, rules.pay_window)
    elif _released(view, held):
        mine["held"] = mine["episode"] = held = None
    if held is not None:
        view.learnt.not_below(held["throughput"])
    if count <= view.current:
        return None
    if held is None:
        if mine.get("episode") is None:
            mine["asked"] = {
                "at": view.now, "from": view.current, "throughput": view.throughput, **_figures(view, rules.pay_window)
            }  # fmt: skip
        return None
    data = {"from": held["from"], "to": view.current, "completed": held["completed"], "latency": held["latency"]}
    reason = Reason(Code.CAPACITY_DOES_NOT_HELP, data)
    if view.now - held["since"] >= PROBE:
        held["since"] = view.now
        return view.current + 1, reason
    return view.current, reason


def _figures(view: View, window: int) -> dict[str, float]:
    return {
        "completed": round(view.window("completed").rate(window), 3),
        "latency": round(view.window("latency").rate(window), 3),
        "arrivals": round(view.window("requests").rate(window), 3),
    }


def _over(view: View) -> bool:
    """Still late, by a signal that can be believed."""
    return view.usable("latency") and view.value("latency") > view.settings.objective


def _judge(view: View, mine: Slice, episode: dict[str, float], window: int) -> dict[str, float] | None:
    """The hold that begins now, if the episode's growth brought nothing."""
    if view.fleet.serving <= episode["from"]:  # nothing that was ordered serves yet
        if view.current <= episode["from"] or view.now - episode["at"] >= LOST * view.startup:
            mine["episode"] = None
        return None
    if "served" not in episode:
        episode["served"] = view.now
    if view.now - max(episode["served"], episode["at"] + view.startup) < 2 * window:
        return None
    now = _figures(view, window)
    before = episode["latency"]
    paid = (
        now["completed"] > episode["completed"] * (1 + BETTER)
        or now["latency"] < before * (1 - BETTER)
        or (now["arrivals"] > episode["arrivals"] * (1 + ARRIVALS) and now["completed"] >= episode["completed"] * LESS)
        or _too_few(view, now["arrivals"], episode["throughput"])
        or not _over(view)
    )
    mine["episode"] = None
    if paid:
        return None
    held = {"since": view.now, "from": episode["from"], "throughput": episode["throughput"], **now}
    mine["held"] = held
    return held


def _too_few(view: View, arrivals: float, throughput: float) -> bool:
    """Whether more arrives than the serving tasks carry, by what one was declared to or was seen to inside the
    objective; ``throughput``: what was known when the growth was asked for. Saturation since then teaches nothing."""
    most = view.learnt.most
    known = most > 0 or view.settings.throughput is not None
    return known and view.fleet.serving * max(throughput, most) < arrivals


def _released(view: View, held: dict[str, float]) -> bool:
    if view.usable("latency") and not _over(view):
        return True
    arrivals = view.window("requests").rate(view.settings.guards.pay_window)
    return arrivals > held["arrivals"] * (1 + RELEASE)
