"""Replay: what a journal keeps, through the engine again. Every decision must come out equal, to the byte.

Rows come from the caller, by time, and at one time in the order of the classes below. The engine begins at a kept
memory and goes on as the controllers did: a new life keeps what was known, new settings count from their own start.
Where observations are no longer kept nothing can be said, until the next kept memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fleetfoot.core import warm
from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, Decision, Observation
from fleetfoot.core.pack import decision_to_json
from fleetfoot.core.settings import Settings

TICKS = 3_000  # ms between two steps of one life beyond which an observation says so itself (its ``gap``)
NEIGHBOURS = 60_000  # ms between two stretches that are told as one
MOST = 100  # differences that are kept; the others are counted
SHOWN = 20  # decisions that other settings would have made otherwise; the others are counted


class Began(NamedTuple):
    """A controller's life began at ``now``. ``same``: with the same file as the one before."""

    now: int
    settings: Settings | None  # None: its file does not know the service
    same: bool = False
    first: bool = False  # nothing was remembered before it
    middle: bool = False  # not a beginning: only its settings are told


class Lost(NamedTuple):
    """Observations from ``now`` to ``last`` are no longer kept."""

    now: int
    last: int


class Kept(NamedTuple):
    """The memory after the step at ``now``."""

    now: int
    memory: dict[str, Any]


Row = Began | Lost | Observation | Decision | Kept


class Difference(NamedTuple):
    """Something that did not come out as it was kept. ``what``: decision, missing (not in the journal) or memory."""

    now: int
    wall: int
    what: str
    fields: tuple[str, ...] = ()
    kept: Decision | None = None
    found: Decision | None = None


class Span(NamedTuple):
    """From one observation to another (``now``, ms), all of them kept and replayed."""

    first: int
    last: int


@dataclass(slots=True)
class Replayed:
    """What came out. ``unseen``: kept decisions whose observations are not kept, so that nothing could be said."""

    steps: int = 0
    decisions: int = 0
    memories: int = 0
    unseen: int = 0
    different: int = 0
    lost: list[Span] = field(default_factory=list)  # nothing could be said: observations or the memory before are gone
    differences: list[Difference] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def span(self, spans: list[Span], first: int, last: int) -> None:
        """Add a stretch of time to ``spans``; neighbours become one."""
        if spans and first - spans[-1].last <= NEIGHBOURS:
            spans[-1] = Span(spans[-1].first, max(last, spans[-1].last))
        else:
            spans.append(Span(first, last))

    def differ(self, difference: Difference) -> None:
        self.different += 1
        if len(self.differences) < MOST:
            self.differences.append(difference)


def replay(rows: Iterable[Row], since: int = 0) -> Replayed:
    """Replay ``rows``; what is before ``since`` (``now``, ms) only leads up to it and is not compared."""
    again = Again(since)
    for row in rows:
        again.take(row)
    return again.found


@dataclass(slots=True)
class Again:
    """The engine over kept rows, step by step."""

    since: int
    found: Replayed = field(default_factory=Replayed)
    settings: Settings | None = None
    memory: Memory | None = None  # None: not known
    kept: dict[str, Any] | None = None  # the newest memory kept
    wall: int = 0
    dark: int = 0  # the end of what was lost last
    last: int | None = None  # ``now`` of the newest observation of this life
    made: Decision | None = None
    owed: bool = False  # ``made`` must be in the journal
    codes: tuple[str, ...] | None = None  # of the last decision of this life; None: not known

    def take(self, row: Row) -> None:
        if isinstance(row, Observation):
            self._step(row)
        elif isinstance(row, Decision):
            self._decision(row)
        elif isinstance(row, Kept):
            self._memory(row)
        elif isinstance(row, Began):
            self._began(row)
        else:
            self._gone(row.now, row.last)
            self._forget()
            self.dark = row.last

    def _gone(self, first: int, last: int) -> None:
        if last >= self.since:
            self.found.span(self.found.lost, max(first, self.since), last)

    def _forget(self) -> None:
        self.memory, self.made, self.owed, self.codes = None, None, False, None

    def _began(self, row: Began) -> None:
        """As ``run/remember.py``: what was known stays known; with another file only what was kept."""
        self.last, self.made, self.owed = None, None, False
        self.settings, self.codes = row.settings, None if row.middle else ()
        if row.first:
            self.memory = Memory()
        elif self.memory is not None and not row.same:
            self.memory = Memory.from_json(self.kept) if self.kept is not None else Memory()
        if self.memory is not None:
            self.memory.restarted()

    def _step(self, seen: Observation) -> None:
        hole = self.last is not None and seen.now - self.last > TICKS and not seen.gap
        self.last, self.wall = seen.now, seen.wall
        if hole:
            self._forget()
            self.last = seen.now
        if self.memory is None or self.settings is None:
            self._gone(seen.now, seen.now)
            return
        self._owed()
        self.made = step(self.settings, self.memory, seen)
        warm.size(self.settings, self.memory, seen, self.made.desired)
        codes = codes_of(self.made)
        self.owed = self.made.action is not Action.HOLD or (self.codes is not None and codes != self.codes)
        self.codes = codes
        if seen.now >= self.since:
            self.found.steps += 1
            self.found.span(self.found.spans, seen.now, seen.now)

    def _owed(self) -> None:
        """The journal keeps what acts and what has new reasons: a step went by and it has not."""
        if self.owed and self.made is not None and self.made.now >= self.since:
            self.found.differ(Difference(self.made.now, self.made.wall, "missing", found=self.made))
        self.owed = False

    def _decision(self, kept: Decision) -> None:
        self.owed = False
        if kept.now < self.since:
            return
        if self.made is None or self.made.now != kept.now:
            self.found.unseen += 1
            return
        self.found.decisions += 1
        mine, theirs = as_kept(self.made), as_kept(kept)
        if mine != theirs:
            fields = tuple(name for name in theirs if mine.get(name) != theirs[name])
            self.found.differ(Difference(kept.now, kept.wall, "decision", fields, kept, self.made))

    def _memory(self, row: Kept) -> None:
        self.kept = row.memory
        memory = self.memory
        if memory is None or memory.now != row.now:
            self.memory = Memory.from_json(row.memory) if row.now >= self.dark else None
            return
        mine = plain(memory.to_json())
        if row.now >= self.since:
            self.found.memories += 1
        if mine != row.memory:
            if row.now >= self.since:
                self.found.differ(Difference(row.now, self.wall, "memory", unlike(row.memory, mine)))
            self.memory = Memory.from_json(row.memory)


def codes_of(decision: Decision) -> tuple[str, ...]:
    """What makes a held decision new to the journal."""
    return (*(reason.code for reason in decision.reasons), *(trail.reason.code for trail in decision.trail))


def plain(value: Any) -> Any:
    """``value`` as it comes back from JSON."""
    return json.loads(json.dumps(value))


def as_kept(decision: Decision) -> dict[str, Any]:
    found: dict[str, Any] = plain(decision_to_json(decision))
    return found


def unlike(kept: dict[str, Any], mine: dict[str, Any], depth: int = 2) -> tuple[str, ...]:
    """Where two memories differ, as paths of at most ``depth`` keys."""
    found: list[str] = []
    for name in dict.fromkeys((*kept, *mine)):
        a, b = kept.get(name), mine.get(name)
        if a == b:
            continue
        if depth > 1 and isinstance(a, dict) and isinstance(b, dict):
            found += [f"{name}.{path}" for path in unlike(a, b, depth - 1)]
        else:
            found.append(name)
    return tuple(found)


class Moment(NamedTuple):
    """One step as it was decided again, and the memory after it as JSON."""

    settings: Settings
    memory: dict[str, Any]
    seen: Observation
    decision: Decision


def moments(rows: Iterable[Row], since: int = 0) -> Iterator[Moment]:
    """Every step of ``rows`` from ``since`` (``now``, ms) on that can be decided again."""
    again = Again(since)
    for row in rows:
        before = again.found.steps
        again.take(row)
        if again.found.steps > before and again.settings and again.memory and again.made:
            assert isinstance(row, Observation)
            yield Moment(again.settings, again.memory.to_json(), row, again.made)


class Otherwise(NamedTuple):
    """What other settings would have decided of the same observations, without their consequences."""

    steps: int
    different: int  # steps that would have left another count
    more: int  # ... a higher one
    less: int
    first: tuple[tuple[Decision, Decision], ...]  # (as it was, as it would have been) where the difference is new


def replay_with(rows: Iterable[Row], other: Settings, since: int = 0) -> Otherwise:
    """Every kept observation decided by ``other`` too, with a memory of its own. Open loop: nothing it orders shows."""
    mine, theirs = Again(since), Memory()
    steps, more, less, apart = 0, 0, 0, 0
    first: list[tuple[Decision, Decision]] = []
    for row in rows:
        before = mine.found.steps
        mine.take(row)
        if not isinstance(row, Observation):
            continue
        theirs.ordered = None  # its own orders never show: the fleet's word counts
        decision = step(other, theirs, row._replace(grant=None))  # what others had to share then is not known
        if mine.found.steps == before or mine.made is None:
            continue
        steps += 1
        by = decision.desired - mine.made.desired
        more, less = more + (by > 0), less + (by < 0)
        if by and by != apart and len(first) < SHOWN:
            first.append((mine.made, decision))
        apart = by
    return Otherwise(steps, more + less, more, less, tuple(first))
