"""What the HPA does to a proposed count before it is written: stabilisation and rate limits (docs/rivals.md).

Pure. A history is a list of (ms, number), oldest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, trunc
from typing import NamedTuple

History = Sequence[tuple[int, int]]


class Policy(NamedTuple):
    kind: str  # "pods" | "percent"
    value: int
    period: int  # ms


class Rules(NamedTuple):
    """One direction of ``behavior``."""

    policies: tuple[Policy, ...]
    select: str = "max"  # "max" | "min" | "disabled"
    window: int = 0  # ms of stabilisation


class Behavior(NamedTuple):
    up: Rules = Rules((Policy("pods", 4, 15_000), Policy("percent", 100, 15_000)))
    down: Rules = Rules((Policy("percent", 100, 15_000),), window=300_000)


def _young(history: History, now: int, window: int) -> list[int]:
    return [number for at, number in history if at > now - window]


def stabilise(current: int, wanted: int, history: History, now: int, up: int, down: int) -> int:
    """With ``behavior``: not above the lowest wish of the ``up`` window, not below the highest of the ``down`` one."""
    least = min([wanted, *_young(history, now, up)])
    most = max([wanted, *_young(history, now, down)])
    return min(max(current, least), most)


def stabilise_down(wanted: int, history: History, now: int) -> int:
    """Without ``behavior``: the highest wish of the default window."""
    return max([wanted, *_young(history, now, Behavior().down.window)])


def cap(current: int, wanted: int, minimum: int, maximum: int, factor: int = 2) -> int:
    """Without ``behavior``: one step at most doubles the count, or reaches 4."""
    return min(max(wanted, minimum), maximum, max(factor * current, 4))


def changed(history: History, now: int, period: int) -> int:
    """Pods added (or removed) within the period, from the history of one direction."""
    return sum(_young(history, now, period))


def up_limit(current: int, rules: Rules, added: History, removed: History, now: int) -> int:
    """The highest count these rules allow; under the current one when they were tightened after growth."""
    if rules.select == "disabled":
        return current
    limits = []
    for policy in rules.policies:
        start = current - changed(added, now, policy.period) + changed(removed, now, policy.period)
        by_share = policy.kind == "percent"
        limits.append(ceil(start * (1 + policy.value / 100)) if by_share else start + policy.value)
    return min(limits) if rules.select == "min" else max(limits)


def down_limit(current: int, rules: Rules, added: History, removed: History, now: int) -> int:
    """The lowest count these rules allow; above the current one when they were tightened after a shrink."""
    if rules.select == "disabled":
        return current
    limits = []
    for policy in rules.policies:
        start = current - changed(added, now, policy.period) + changed(removed, now, policy.period)
        by_share = policy.kind == "percent"
        limits.append(trunc(start * (1 - policy.value / 100)) if by_share else start - policy.value)
    return max(limits) if rules.select == "min" else min(limits)


class Limited(NamedTuple):
    replicas: int
    condition: str  # the word of the ScalingLimited condition


def limit(
    current: int,
    wanted: int,
    minimum: int,
    maximum: int,
    behavior: Behavior,
    added: History,
    removed: History,
    now: int,
) -> Limited:
    """``wanted`` within the rates of ``behavior`` and the bounds."""
    if wanted > current:
        fastest = max(current, up_limit(current, behavior.up, added, removed, now))
        if wanted > min(maximum, fastest):
            return Limited(min(maximum, fastest), "ScaleUpLimit" if maximum > fastest else "TooManyReplicas")
    elif wanted < current:
        fastest = min(current, down_limit(current, behavior.down, added, removed, now))
        if wanted < max(minimum, fastest):
            return Limited(max(minimum, fastest), "ScaleDownLimit" if minimum < fastest else "TooFewReplicas")
    return Limited(wanted, "DesiredWithinRange")
