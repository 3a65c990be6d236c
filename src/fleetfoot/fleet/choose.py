"""Who goes and who comes, as plain functions: victims of a scale-in, hung tasks, zones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple


class Candidate(NamedTuple):
    """A task as the choice sees it. ``useful``: it serves, or is about to at any moment."""

    id: str
    zone: str
    state: str


_FIRST_TO_GO = ("failed", "starting")


def zone_for(zones: Sequence[str], taken: Iterable[str]) -> str:
    """The emptiest zone; of equals the one named first."""
    count = Counter(taken)
    return min(zones, key=lambda zone: (count[zone], zones.index(zone)))


def victims(tasks: Sequence[Candidate], count: int, idlest: Callable[[Collection[str]], str]) -> list[str]:
    """``count`` tasks to let go, in order: failed ones, then the youngest starting ones, then of the
    fullest zone the idlest. ``tasks`` is ordered by age, oldest first."""
    left = list(tasks)
    gone: list[str] = []
    while left and len(gone) < count:
        one = _first_to_go(left) or _of_fullest_zone(left, idlest)
        left = [task for task in left if task.id != one]
        gone.append(one)
    return gone


def _first_to_go(left: Sequence[Candidate]) -> str | None:
    for state in _FIRST_TO_GO:
        if found := [task.id for task in left if task.state == state]:
            return found[-1]
    return None


def _of_fullest_zone(left: Sequence[Candidate], idlest: Callable[[Collection[str]], str]) -> str:
    count = Counter(task.zone for task in left)
    most = max(count.values())
    return idlest([task.id for task in left if count[task.zone] == most])


class Hung(NamedTuple):
    """A task that fails its liveness check. ``useful``: it still finished a request since it began to."""

    id: str
    useful: bool


class Replacement(NamedTuple):
    """Whom to replace now, and whether what they share looks like a dependency."""

    now: tuple[str, ...]
    dependency_suspected: bool


def replace(hung: Sequence[Hung], doubted: int, tasks: int, in_progress: int, over: bool) -> Replacement:
    """Bounded replacement of tasks whose process lives but fails its liveness check.

    ``doubted``: tasks whose last check failed, the hung ones included. At most max(1, 10 %) of ``tasks``
    are replaced at once, ``in_progress`` included. A third or more in doubt together with a hung one,
    and at least two, is a dependency: nobody is replaced. (Checks are spread in time: when the first
    task has failed often enough, the others have failed at least once.) While the fleet is ``over``
    its objective a task that still finishes requests stays.
    """
    if hung and doubted >= 2 and 3 * doubted >= tasks:
        return Replacement((), True)
    room = max(1, tasks // 10) - in_progress
    wanted = [one.id for one in hung if not (over and one.useful)]
    return Replacement(tuple(wanted[: max(0, room)]), False)
