"""One sync of the autoscaler: bounds, the largest of the metrics, stabilisation, rate limits (docs/rivals.md).

Pure; ``past`` is what it remembers, a dict of JSON values. Times are ms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fleetfoot.core.hpa.behavior import Behavior, cap, limit, stabilise, stabilise_down
from fleetfoot.core.hpa.replicas import combine

Past = dict[str, Any]  # "wishes", "added", "removed": rows of [ms, count], oldest first

SYNC = 15_000  # ms, --horizontal-pod-autoscaler-sync-period
LONGEST = 300_000  # ms of wishes kept at the least


class Outcome(NamedTuple):
    """``replicas`` to write and the condition that says what shaped them; None: an error, nothing is written.

    ``metrics``: what the metrics wanted together; ``calm``: what stabilisation left of it.
    """

    replicas: int | None
    condition: str
    metrics: int = 0
    calm: int = 0


def sync(
    past: Past, now: int, current: int, minimum: int, maximum: int, behavior: Behavior | None,
    propose: Callable[[], Sequence[int | None]],
) -> Outcome:  # fmt: skip
    """What the autoscaler writes at ``now``. ``behavior`` None: the form without; ``propose``: one count a metric."""
    wishes: list[Sequence[int]] = past.setdefault("wishes", [])
    if not wishes:
        wishes.append([now, current])
    _forget(past, now, behavior or Behavior())
    if current > maximum:
        return Outcome(maximum, "TooManyReplicas", current, current)
    if current < minimum:
        return Outcome(minimum, "TooFewReplicas", current, current)
    wanted = combine(current, propose())
    if wanted is None:
        return Outcome(None, "FailedGetMetrics")
    calm = _stabilised(wishes, now, current, wanted, behavior)
    wishes.append([now, wanted])
    if behavior is None:
        count = cap(current, calm, minimum, maximum)
        return Outcome(count, "DesiredWithinRange" if count == calm else "ScalingLimited", wanted, calm)
    added, removed = past.get("added", ()), past.get("removed", ())
    return Outcome(*limit(current, calm, minimum, maximum, behavior, added, removed, now), wanted, calm)


def moved(past: Past, at: int, before: int, after: int) -> None:
    """Remember that the count went from ``before`` to ``after`` by the sync of ``at``."""
    if after != before:
        past.setdefault("added" if after > before else "removed", []).append([at, abs(after - before)])


def _stabilised(wishes: Sequence[Sequence[int]], now: int, current: int, wanted: int, behavior: Behavior | None) -> int:
    rows = [(at, count) for at, count in wishes]
    if behavior is None:
        return stabilise_down(wanted, rows, now)
    return stabilise(current, wanted, rows, now, behavior.up.window, behavior.down.window)


def _forget(past: Past, now: int, behavior: Behavior) -> None:
    longest = max((policy.period for rules in behavior for policy in rules.policies), default=0)
    windows = max(behavior.up.window, behavior.down.window, LONGEST)
    for name, keep in (("wishes", windows), ("added", longest), ("removed", longest)):
        rows = past.get(name)
        if rows and rows[0][0] <= now - keep:
            rows[:] = [row for row in rows if row[0] > now - keep]
