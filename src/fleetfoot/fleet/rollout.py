"""The versions of one service: the good one and, during a rolling update, the next one that has to prove itself.

    in progress --the next serves everything for the bake time--> completed     the next is the good one
         +--------the breaker trips, or it is taken back--------> rolled back   the good one takes over again

The terms are those of the ECS deployment circuit breaker. What is here decides which version new tasks are of;
replace.py then brings the tasks to it. All of it is on disk, so that a new plane goes on where the old one was.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from .pace import Pace
from .settings import BadSettings, ServiceSettings, changeable, changed
from .state import Store

log = logging.getLogger("fleetfoot.fleet")

ENOUGH = 10  # errors of the next version that can tell something
MUCH_WORSE = 2  # times the old version's share of errors
SURELY = 0.05  # and this share of its requests beyond that


class Rollout:
    """``target`` is the version of every task that is started now."""

    def __init__(self, store: Store, base: ServiceSettings, run: str) -> None:
        """``base``: as in the keeper's file. What an update left counts for the life of that keeper, ``run``, and for
        later ones that are given the same file; a later one begins with the good version."""
        self._store, self._base, self._run = store, base, run
        self.good, self.next = base, None
        self.turned: Callable[[], None] = lambda: None  # called when the target is another
        self.told: dict[str, Any] = {}  # of the last update
        self.baked = 0  # ms
        self.pace = Pace()
        self._row = 0  # starts of the next version that failed in a row
        self._fallen: set[str] = set()
        self._before: dict[str, tuple[int, int]] = {}  # task -> served, errors
        self._sums = {True: [0, 0], False: [0, 0]}  # of the next version, of the others
        self._load()

    good: ServiceSettings
    next: ServiceSettings | None

    @property
    def target(self) -> ServiceSettings:
        return self.next or self.good

    def of(self, revision: str) -> ServiceSettings:
        """The settings of a task."""
        return self.good if revision == self.good.revision else self.target

    # orders

    def begin(self, raw: Mapping[str, Any], *, force: bool = False, dry: bool = False) -> bool:
        """A new version, described by what changes. False when nothing does, or nothing that needs other tasks.

        ``force``: other tasks all the same; ``dry``: only tell. Back to the good version is a rollback.
        Raises BadSettings.
        """
        wanted = changed(self.target, raw)
        was = self.target.revision
        if _name(wanted.revision) == _name(was):
            wanted = changed(wanted, {"revision": _again(was) if force else was})
        if dry:
            return wanted.revision != was
        if wanted.revision == was:  # only what the running tasks take over too
            if self.next is not None:
                self.next = wanted
            else:
                self.good = wanted
            self._save()
            return False
        if wanted.revision == self.good.revision:
            self._take_back("the good version was asked for again")
            return True
        self.next, self.pace = wanted, Pace()
        self._row, self.baked, self._fallen, self._sums = 0, 0, set(), {True: [0, 0], False: [0, 0]}
        number = int(self.told.get("number", 0)) + 1
        self.told = {"number": number, "state": "in progress", "revision": wanted.revision, "from": self.good.revision}
        self.told |= {"failed": 0, "why": "", "log": ""}
        log.info("%s: version %s is deployed beside %s", self._base.name, wanted.revision, self.good.revision)
        self._save()
        self.turned()
        return True

    # what is seen of the next version

    def started(self, revision: str) -> None:
        """A task became ready."""
        if self._is_next(revision) and self._row:
            self._row = 0
            self._count("", "")

    def failed(self, revision: str, why: str, line: str = "") -> None:
        """A start failed; ``line``: the last of its log."""
        if self._is_next(revision):
            self._row += 1
            self._count(why, line)

    def fell(self, revision: str, task: str, why: str, line: str = "") -> None:
        """A task that was ready died, hung, lost its readiness or was ejected; each task counts once."""
        if self._is_next(revision) and task not in self._fallen:
            self._fallen.add(task)
            self.baked = 0
            self._count(f"task {task}: {why}", line)

    def see(self, counts: Mapping[str, Mapping[str, Any]], revisions: Mapping[str, str]) -> None:
        """Compare the errors of both versions, once a second. ``counts``: the balancer's of each task."""
        if self.next is None:
            self._before.clear()
            return
        now = {task: (int(one["served"]), int(one["errors"])) for task, one in counts.items() if task in revisions}
        for task, (served, errors) in now.items():
            if task in self._before:  # the first reading of an old task is only a baseline
                was = self._before[task]
            else:
                was = (0, 0) if self._is_next(revisions[task]) else (served, errors)
            sums = self._sums[self._is_next(revisions[task])]
            sums[0] += served - was[0]
            sums[1] += errors - was[1]
            if counts[task].get("ejections"):
                self.fell(revisions[task], task, "ejected for its errors")
        self._before = now
        self._compare()

    def time(
        self, counts: Mapping[str, Mapping[str, Any]], revisions: Mapping[str, str], objective_ms: int, span_ms: int
    ) -> None:
        """Compare how fast both versions were in the last ``span_ms``. The next does not bake while it is too slow."""
        if self.next is None:
            return
        sides: dict[bool, list[Mapping[str, Any]]] = {True: [], False: []}
        for task, one in counts.items():
            if task in revisions:
                sides[self._is_next(revisions[task])].append(one)
        self.pace.see(sides[True], sides[False], objective_ms, span_ms)
        if self.pace.hopeless:
            self._take_back(self.pace.why)

    def _compare(self) -> None:
        new, old = (errors / max(served, errors, 1) for served, errors in (self._sums[True], self._sums[False]))
        if self.next is not None and self._sums[True][1] >= ENOUGH and new > MUCH_WORSE * old + SURELY:
            self._take_back(f"{new:.0%} of its answers were errors, of the old version's {old:.0%}")

    def serves(self, enough: bool, span_ms: int) -> None:
        """Whether the next version alone served all that is desired over the last ``span_ms``."""
        if self.next is None or not enough or self.pace.why:
            return
        self.baked += span_ms
        if self.baked < self.next.bake_ms:
            return
        log.info("%s: version %s is deployed", self._base.name, self.next.revision)
        self.told |= {"state": "completed", "why": "", "log": ""}
        self.good, self.next = self.next, None
        self._save()

    def _is_next(self, revision: str) -> bool:
        return self.next is not None and revision == self.next.revision

    def _count(self, why: str, line: str) -> None:
        assert self.next is not None
        failures = self._row + len(self._fallen)
        self.told |= {"failed": failures, "why": why, "log": line}
        if failures >= self.next.breaker:
            self._take_back(why, line)
        else:
            self._save()

    def _take_back(self, why: str, line: str = "") -> None:
        assert self.next is not None
        bad, self.next = self.next, None
        self.told |= {"state": "rolled back", "why": why, "log": line}
        log.warning(
            "%s: version %s is rolled back to %s: %s%s",
            self._base.name, bad.revision, self.good.revision, why, f" ({line})" if line else "",
        )  # fmt: skip
        self._save()
        self.turned()

    # on disk

    def _load(self) -> None:
        raw = self._store.load_rollout(self._base.name)
        same = raw.get("run") == self._run
        if not raw or not (same or raw.get("base") == _plain(self._base)):
            return
        try:
            self.good = changed(self._base, raw["good"])
            self.next = changed(self._base, raw["next"]) if raw.get("next") else None
            self.told = dict(raw["told"])
            self._row, self._fallen = int(raw["row"]), set(raw["fallen"])
        except (BadSettings, KeyError, TypeError, ValueError) as error:
            log.warning("%s: what was updated is not known any more: %s", self._base.name, error)
            self.good, self.next, self.told = self._base, None, {}
        if self.next is not None and not same:
            self.next = None
            self.told |= {"state": "rolled back", "why": "the fleet was started anew"}

    def _save(self) -> None:
        value = {
            "run": self._run,
            "base": _plain(self._base),
            "good": changeable(self.good),
            "next": changeable(self.next) if self.next is not None else None,
            "told": self.told,
            "row": self._row,
            "fallen": sorted(self._fallen),
        }
        try:
            self._store.save_rollout(self._base.name, value)
        except OSError as error:  # it goes on all the same; only a new plane would not know it
            log.warning("%s: the update cannot be put on record: %s", self._base.name, error)


def _plain(settings: ServiceSettings) -> Any:
    return json.loads(json.dumps(changeable(settings)))


def _again(revision: str) -> str:
    """The name of a version that is the same on paper: ``3f2a91c0``, ``3f2a91c0.1``, ``3f2a91c0.2`` …"""
    number = revision.partition(".")[2]
    return f"{_name(revision)}.{int(number) + 1 if number.isdigit() else 1}"


def _name(revision: str) -> str:
    return revision.partition(".")[0]
