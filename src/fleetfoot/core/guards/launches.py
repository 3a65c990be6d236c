"""Launch health and crash-loop brake: graded, and never starving a healthy overload.

Failed starts in a row (of this revision, none succeeding in between) slow growth to one task a time with
a doubling wait, then stop it and ask for a person. One good start ends it. It keeps probing with one task
a minute, so that a mended cause is noticed. Of a large batch the starts that fail are told before the first that
succeeds, so a few of those under way say nothing of the others.
"""

from __future__ import annotations

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

FIRST_WAIT = 5_000  # ms between slowed growths, doubled with every further failure
PROBE = 60_000  # ms between probes once stopped
FEW = 0.1  # of the tasks that start: fewer failures in a row are no sign


def launches(count: int, view: View, mine: Slice) -> Verdict:
    fleet = view.fleet
    if mine.get("revision") != fleet.revision:
        mine.update(revision=fleet.revision, failed=0, at=None, why="")
    for start in fleet.starts:
        if start.revision == fleet.revision:
            mine["failed"] = 0 if start.ok else mine["failed"] + 1
            mine["why"] = start.why
    if count <= view.current:
        return None
    rules, failed = view.settings.guards, telling(mine["failed"], view)
    if failed < rules.launches_slow_after:
        return None
    stopped = failed >= rules.launches_stop_after
    wait = PROBE if stopped else min(PROBE, FIRST_WAIT * 2 ** min(failed - rules.launches_slow_after, 10))
    reason = Reason(
        Code.LAUNCHES_FAILING if stopped else Code.LAUNCHES_SLOWED, {"failed": failed, "why": mine["why"], "wait": wait}
    )
    last = mine["at"]
    if (last is not None and view.now - last < wait) or (stopped and view.coming() > 0):
        return view.current, reason
    mine["at"] = view.now
    return (view.current + 1, reason) if count > view.current + 1 else None


def telling(failed: int, view: View) -> int:
    """``failed`` starts in a row, as far as they say something of those under way."""
    return failed if failed >= FEW * view.coming() else 0
