"""The crash-loop brake's second half: back to the last good size.

While starts keep failing, what was ordered above the last size at which everything served is launched again and
again and serves nobody. It is let go: the count returns to that size, remembered per revision, never below what
serves, and one task stays above it as the probe. No window of another guard holds this, since no capacity goes.
"""

from __future__ import annotations

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.guards.launches import telling
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import FRESH, Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

REVISIONS = 4  # whose last good size is remembered


def last_good(count: int, view: View, mine: Slice) -> Verdict:
    fleet = view.fleet
    if fleet.state is not FRESH or fleet.deploying:
        return None
    sizes: dict[str, int] = mine.setdefault("sizes", {})
    serving, failed = fleet.serving + fleet.warming, telling(view.memory.slices["launches"].get("failed", 0), view)
    if serving == fleet.desired and not fleet.starting and failed < view.settings.guards.launches_slow_after:
        if sizes.get(fleet.revision) != serving:
            sizes.pop(fleet.revision, None)
            sizes[fleet.revision] = serving
            while len(sizes) > REVISIONS:
                del sizes[next(iter(sizes))]
        return None
    if failed < view.settings.guards.launches_stop_after or view.seen.operator.hold_shrink:
        return None
    good = max(min(sizes.get(fleet.revision, serving), view.current), serving, view.minimum)
    if view.current - good <= 1 or count <= good:
        return None
    return good, Reason(Code.LAST_GOOD, {"good": good, "failed": failed, "serving": serving})
