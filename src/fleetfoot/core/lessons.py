"""Learn: what one observation teaches of a revision's tasks, how long they take to start and what each carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetfoot.core.learn import Learnt
from fleetfoot.core.listen import ABSURD
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import FRESH, Fleet
from fleetfoot.core.settings import Settings

if TYPE_CHECKING:
    from fleetfoot.core.view import View

REVISIONS = 4  # that are remembered
SPAN = 10_000  # ms a fleet must have been as it is, and over which it is looked at
COVERED = 0.9  # of it that must have been measured
PRESENT = 2_000  # ms over which a task is seen to complete something right now


def known_of(settings: Settings, memory: Memory, fleet: Fleet) -> Learnt:
    """What is known of the fleet's revision, the starts that have just finished included."""
    learnt = memory.learnt.get(fleet.revision)
    if learnt is None:
        learnt = memory.learnt[fleet.revision] = Learnt(declared=settings.throughput)
        while len(memory.learnt) > REVISIONS:
            del memory.learnt[next(iter(memory.learnt))]
    elif learnt.declared != settings.throughput:
        learnt.declare(settings.throughput)
    for start in fleet.starts:
        if start.ok:
            found = memory.learnt.get(start.revision)
            if found is not None:
                found.started(start.span)
    return learnt


def completing(view: View) -> float:
    """Requests/s each serving task completes right now: at the least it carries that, whatever was learnt."""
    if not view.usable("completed"):
        return 0.0
    return view.mean("completed", PRESENT)[0] / max(view.fleet.serving + view.fleet.warming, 1)


def learn(view: View) -> None:
    """Throughput, from a fleet of which nothing is warming and as many have served for the whole span."""
    learnt, fleet, now = view.learnt, view.fleet, view.now
    serving = fleet.serving
    learnt.at = now
    if serving != learnt.serving or fleet.warming or fleet.state is not FRESH:
        learnt.serving, learnt.since = serving, now
    if serving < 1 or now - learnt.since < SPAN or view.states.get("completed") is not FRESH:
        return
    completed, covered = view.window("completed").mean(SPAN)
    if covered < COVERED * SPAN:
        return
    per_task = completed / serving
    if view.states.get("latency") is not FRESH or view.value("latency") <= view.settings.objective:
        if per_task > learnt.most or per_task > view.throughput:  # else it is nothing new, whatever came
            per_task = min(per_task, _offered(view) / serving)
        learnt.carried(per_task, now)
    elif view.pressure(serving) > 1.0 and _slow_throughout(view):
        learnt.saturated(min(per_task, _offered(view) / serving), now)
    view.throughput = learnt.throughput or view.throughput


def _offered(view: View) -> float:
    """Requests/s that came within the span or were there before: no task has completed more than that.

    While a backlog drains, more is completed than comes, and that is when tasks show best what they carry.
    """
    offered, covered = view.window("requests").mean(SPAN)
    if covered <= 0:
        return ABSURD
    open_ = view.window("in_flight")
    waited = open_.extreme(SPAN, open_.end, "max") if view.usable("in_flight") else 0.0
    return offered + 1000.0 * waited / SPAN


def _slow_throughout(view: View) -> bool:
    """Whether every latency of the span was over the objective: a fleet saturated for part of it teaches nothing."""
    window = view.window("latency")
    return window.extreme(SPAN, window.end, "min") > view.settings.objective
