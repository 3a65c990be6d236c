"""Kubernetes' Horizontal Pod Autoscaler, v2: from samples to a proposed count (PEERS 4.1, sources H1 and H4).

Pure. Samples, requests and raw targets are integers in thousandths of their unit, utilisation targets whole per
cent, as in the published algorithm: its integer divisions are part of it. Times are ms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from typing import NamedTuple

TOLERANCE = 0.1  # each way; the ends hold
MOST = 2**31 - 1


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


def within(ratio: float, tolerance: float = TOLERANCE) -> bool:
    """Whether ``ratio`` is too near 1 to act on."""
    return 1 - tolerance <= ratio <= 1 + tolerance


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


def _ratio(usages: Sequence[int], requests: Sequence[int] | None, target: int) -> float:
    """Of a utilisation when ``requests`` are given, else of the mean raw value."""
    if requests is None:
        return (sum(usages) // len(usages)) / target
    return (100 * sum(usages) // sum(requests)) / target


def replicas(current: int, groups: Groups, target: int, raw: bool = False, tolerance: float = TOLERANCE) -> int | None:
    """The count a per-pod metric proposes; None when no sample can be used, which is an error.

    ``target`` is a utilisation in per cent, or with ``raw`` a value per pod in thousandths.
    """
    usages = [pod.usage for pod in groups.ready if pod.usage is not None]
    requests = None if raw else [pod.request for pod in groups.ready]
    if not usages:
        return None
    first = _ratio(usages, requests, target)
    grow_unready = bool(groups.unready) and first > 1
    if not grow_unready and not groups.missing:
        return current if within(first, tolerance) else ceil(first * len(usages))
    for pod in groups.missing:
        full = target if raw else pod.request * max(100, target) // 100
        if first != 1:  # exactly on the target there is no direction to be careful in
            usages.append(full if first < 1 else 0)
            if requests is not None:
                requests.append(pod.request)
    if grow_unready:
        usages += [0] * len(groups.unready)
        if requests is not None:
            requests += [pod.request for pod in groups.unready]
    second = _ratio(usages, requests, target)
    if within(second, tolerance) or (first < 1 < second) or (second < 1 < first):
        return current
    wanted = ceil(second * len(usages))
    turned = (second < 1 and wanted > current) or (second > 1 and wanted < current)
    return current if turned else wanted


def by_value(current: int, ready: int, value: int, target: int, tolerance: float = TOLERANCE) -> int:
    """An object or external metric with a ``Value`` target: the count in proportion to the ready pods."""
    ratio = value / target
    if current == 0:
        return ceil(ratio)
    return current if within(ratio, tolerance) else min(ceil(ratio * ready), MOST)


def by_average(current: int, value: int, target: int, tolerance: float = TOLERANCE) -> int:
    """An object or external metric with an ``AverageValue`` target: the total shared out."""
    if current and within(value / (target * current), tolerance):
        return current
    return ceil(value / target)


def combine(current: int, proposals: Sequence[int | None]) -> int | None:
    """The largest of several metrics; None (hold, an error) with none valid, or some invalid and the rest shrinking."""
    valid = [count for count in proposals if count is not None]
    if not valid:
        return None
    wanted = max(valid)
    return None if len(valid) < len(proposals) and wanted < current else wanted
