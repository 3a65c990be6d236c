"""Replacing: a successor starts, and when it serves its predecessor drains. One rule for every cause.

A task that is to go but serves on is *leaving*, and says why. The desired count is filled with tasks that stay; those
that leave go as these take over. What is due is worked out anew from what there is each time, so nothing of a
replacement needs to be remembered: a killed plane, a new count or another cause in its middle changes the sum only.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

ZONE = "its zone is lost"
UPDATE = "another version is deployed"
LIFETIME = "its lifetime is over"
REBALANCE = "its zone is fuller than another"

_JITTER = 0.2  # of a lifetime: tasks started together leave over this span


class Member(NamedTuple):
    """A task that counts. ``leaving``: why it is to go, empty when it stays. ``state`` as in ``Task.state``."""

    id: str
    zone: str
    state: str
    leaving: str = ""


class Step(NamedTuple):
    """What to do now: tasks to start, tasks that stay but are too many, leaving tasks that are free to go."""

    start: int
    surplus: int
    unused: tuple[str, ...]  # not serving: all of these go
    relieved: tuple[str, ...]  # serving: ``relieve`` of these go
    relieve: int


def step(members: Sequence[Member], desired: int, coming: int, surge: int, keep: int) -> Step:
    """The next step towards ``desired`` tasks that stay, never letting fewer than that serve.

    ``coming``: tasks being forked. ``surge``: how many leave at once because of an update; the other causes bring
    their own bounds. ``keep``: serving tasks of the old version that may not go yet.
    """
    leaving = [one for one in members if one.leaving]
    staying = len(members) - len(leaving)
    updating = sum(one.leaving == UPDATE for one in leaving)
    most = desired + len(leaving) - updating + min(updating, surge)
    start = min(desired - staying, most - len(members)) - coming
    unused = [one.id for one in leaving if one.state == "starting"]
    settled = sum(one.state != "starting" for one in members)
    idle = [one.id for one in leaving if one.state in ("failed", "warming")]
    unused += idle[: max(0, settled - desired)]
    free = [one.id for one in leaving if one.state == "serving" and one.leaving != UPDATE]
    old = [one.id for one in leaving if one.state == "serving" and one.leaving == UPDATE]
    free += old[: max(0, len(old) - (keep if desired else 0))]
    relieve = min(len(free), max(0, sum(one.state == "serving" for one in members) - desired))
    return Step(max(0, start), max(0, staying - desired), tuple(unused), tuple(free), relieve)


def surge_of(share: float, desired: int) -> int:
    """Tasks an update may have beside the desired ones: at least one."""
    return max(1, int(share * desired))


def overdue(ages: Sequence[tuple[str, int]], lifetime_ms: int, room: int) -> list[str]:
    """Whose lifetime is over, the most overdue first, at most ``room``. ``ages``: (name, ms).

    A task lives 80 to 100 % of the lifetime, by its name: the same in every plane.
    """
    late = [(age - lifetime_ms * (1 - _JITTER * _share(name)), name) for name, age in ages]
    return [name for over, name in sorted(late, reverse=True) if over >= 0][: max(0, room)]


def _share(name: str) -> float:
    """A number from 0 to 1 that belongs to a name."""
    return zlib.crc32(name.encode()) / 0xFFFFFFFF


def uneven(zones: Sequence[str], taken: Sequence[str]) -> str | None:
    """The fullest zone, when it has two tasks more than the emptiest. ``zones``: those in use."""
    count = Counter(dict.fromkeys(zones, 0))
    count.update(zone for zone in taken if zone in count)
    most = max(zones, key=lambda zone: count[zone])
    return most if count[most] - min(count.values()) > 1 else None
