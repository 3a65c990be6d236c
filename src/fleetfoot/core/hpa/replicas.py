"""From samples to a proposed count (docs/rivals.md).

Pure. Samples, requests and raw targets are integers in thousandths of their unit, utilisation targets whole per
cent, as in the published algorithm: its integer divisions are part of it. Times are ms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from operator import add
from typing import NamedTuple

TOLERANCE = 0.1  # each way; the ends hold
MOST = 2**31 - 1
UTILISATION, EACH, SHARED, VALUE = "utilisation", "each", "per task", "value"  # as fleetfoot.yaml calls them
UNIT = 1000  # it reckons in thousandths; also what a task requests, where a usage is told as a share of that


class Pod(NamedTuple):
    """One pod and its newest sample. ``ready`` None = no Ready condition yet; ``usage`` None = no sample."""

    usage: int | None = None
    request: int = 1000
    phase: str = "running"  # running | pending | failed | succeeded
    deleted: bool = False
    ready: bool | None = True
    ready_since: int = 0  # when the Ready condition last changed
    started: int | None = 0
    sampled: int = 0  # end of the sample
    window: int = 60_000  # span of the sample


class Groups(NamedTuple):
    ready: list[Pod]
    unready: list[Pod]
    missing: list[Pod]
    ignored: list[Pod]


def within(ratio: float, down: float = TOLERANCE, up: float | None = None) -> bool:
    """Whether ``ratio`` is too near 1 to act on."""
    return 1 - down <= ratio <= 1 + (down if up is None else up)


def classify(
    pods: Iterable[Pod], now: int, cpu: bool, initialisation: int = 300_000, first_ready: int = 30_000
) -> Groups:
    """Pods by what their samples are good for. Only CPU distrusts a sample for its pod's youth."""
    groups = Groups([], [], [], [])
    for pod in pods:
        if pod.deleted or pod.phase == "failed":
            groups.ignored.append(pod)
        elif pod.phase == "pending":
            groups.unready.append(pod)
        elif pod.usage is None:
            groups.missing.append(pod)
        elif cpu and _too_young(pod, now, initialisation, first_ready):
            groups.unready.append(pod)
        else:
            groups.ready.append(pod)
    return groups


def _too_young(pod: Pod, now: int, initialisation: int, first_ready: int) -> bool:
    if pod.ready is None or pod.started is None:
        return True
    if now < pod.started + initialisation:
        return not pod.ready or pod.sampled < pod.ready_since + pod.window
    return not pod.ready and pod.ready_since < pod.started + first_ready


class Samples(NamedTuple):
    """Some pods together: how many, what they use, what they request; the latter is not asked of raw values."""

    pods: int = 0
    usage: int = 0
    request: int = 0

    def __add__(self, other: Samples) -> Samples:  # type: ignore[override]
        return Samples(*map(add, self, other))


def replicas(current: int, groups: Groups, target: int, raw: bool = False, tolerance: float = TOLERANCE) -> int | None:
    """The count a per-pod metric proposes; None when no sample can be used, which is an error.

    ``target`` is a utilisation in per cent, or with ``raw`` a value per pod in thousandths.
    """
    used = [pod for pod in groups.ready if pod.usage is not None]
    ready = Samples(len(used), sum(pod.usage or 0 for pod in used), sum(pod.request for pod in used))
    full = sum(filled(target, pod.request, raw) for pod in groups.missing)
    missing = Samples(len(groups.missing), full, sum(pod.request for pod in groups.missing))
    unready = Samples(len(groups.unready), 0, sum(pod.request for pod in groups.unready))
    return propose(current, ready, missing, unready, target, raw, tolerance, tolerance)


def filled(target: int, request: int, raw: bool) -> int:
    """What a pod without a sample is taken to use where that speaks against a shrink."""
    return target if raw else request * max(100, target) // 100


def propose(
    current: int, ready: Samples, missing: Samples, unready: Samples, target: int, raw: bool = False,
    down: float = TOLERANCE, up: float = TOLERANCE,
) -> int | None:  # fmt: skip
    """``replicas`` of pods already summed up; ``missing`` with the usage they are ``filled`` with for a shrink."""
    if not ready.pods:
        return None
    first = _ratio(ready, target, raw)
    grow_unready = bool(unready.pods) and first > 1
    if not grow_unready and not missing.pods:
        return current if within(first, down, up) else ceil(first * ready.pods)
    pods = ready
    if first != 1:  # exactly on the target there is no direction to be careful in
        pods += missing if first < 1 else missing._replace(usage=0)
    if grow_unready:
        pods += unready
    second = _ratio(pods, target, raw)
    if within(second, down, up) or (first < 1 < second) or (second < 1 < first):
        return current
    wanted = ceil(second * pods.pods)
    turned = (second < 1 and wanted > current) or (second > 1 and wanted < current)
    return current if turned else wanted


def _ratio(pods: Samples, target: int, raw: bool) -> float:
    """Of a mean raw value, or else of a utilisation."""
    return (pods.usage // pods.pods if raw else 100 * pods.usage // pods.request) / target


def proposal(
    form: str, target: int, value: float, current: int, serving: int, ready: int, starting: int = 0,
    missing: int = 0, down: float = TOLERANCE, up: float = TOLERANCE,
) -> int | None:  # fmt: skip
    """What a metric proposes of a fleet of which only counts are known.

    ``value``: a total, or for ``UTILISATION`` and ``EACH`` the mean of the serving tasks, in the signal's own unit;
    ``ready`` of the ``serving`` ones are old enough to be trusted, ``missing`` of those do not report.
    """
    if form == VALUE:
        return by_value(current, serving, round(UNIT * value), target, down, up)
    if form == SHARED:
        return by_average(current, round(UNIT * value), target, down, up)
    raw, sampled, coming = form == EACH, ready - missing, starting + serving - ready
    return propose(
        current, Samples(sampled, sampled * round(UNIT * value), sampled * UNIT),
        Samples(missing, missing * filled(target, UNIT, raw), missing * UNIT),
        Samples(coming, 0, coming * UNIT), target, raw, down, up,
    )  # fmt: skip


def by_value(
    current: int, ready: int, value: int, target: int, down: float = TOLERANCE, up: float | None = None
) -> int:
    """An object or external metric with a ``Value`` target: the count in proportion to the ready pods."""
    ratio = value / target
    if current == 0:
        return ceil(ratio)
    return current if within(ratio, down, up) else min(ceil(ratio * ready), MOST)


def by_average(current: int, value: int, target: int, down: float = TOLERANCE, up: float | None = None) -> int:
    """An object or external metric with an ``AverageValue`` target: the total shared out."""
    if current and within(value / (target * current), down, up):
        return current
    return ceil(value / target)


def combine(current: int, proposals: Sequence[int | None]) -> int | None:
    """The largest of several metrics; None (hold, an error) with none valid, or some invalid and the rest shrinking."""
    valid = [count for count in proposals if count is not None]
    if not valid:
        return None
    wanted = max(valid)
    return None if len(valid) < len(proposals) and wanted < current else wanted
