"""The values the engine takes and gives: plain, immutable, with JSON forms in ``core/pack.py``.

Time is integer milliseconds. ``now`` is wall time at start plus monotonic elapsed and never goes
backward; ``wall`` is the wall clock, for words and schedules only. Rates are per second, shares
are 0..1, latencies are milliseconds, counts are tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """How far a signal may be believed. Only ``EMPTY`` may count as zero."""

    FRESH = "fresh"
    STALE = "stale"  # older than three of its periods
    MISSING = "missing"  # the source did not answer
    ABSURD = "absurd"  # not a number, negative, or beyond what can be
    EMPTY = "empty"  # the source answered and had nothing
    CENSORED = "censored"  # a lower bound: the tasks that report are saturated


#: The members once more, for what runs every step: through its class a member takes ten times as long to reach.
FRESH, STALE, MISSING, ABSURD, EMPTY, CENSORED = State


class Signal(NamedTuple):
    """One measured value over ``span`` ms that ended at ``end``, by the receiver's clock."""

    name: str
    value: float
    end: int
    received: int
    span: int = 1000
    period: int = 1000
    coverage: float = 1.0  # reporting / serving tasks
    state: State = State.FRESH


class Start(NamedTuple):
    """One finished start: the span from spawn to first ready, or a failure to get there."""

    number: int  # running number, unique within one incarnation of the target
    revision: str
    span: int  # ms from order to ready; 0 when it failed
    ok: bool
    why: str = ""  # for a failure: the named exit or the check that failed


class Fleet(NamedTuple):
    """What the target showed at ``at``: counts of tasks by state.

    ``desired`` counts serving + warming + starting as the target intends them; draining, warm and
    failed tasks are beside it.
    """

    at: int
    desired: int
    serving: int = 0
    warming: int = 0
    starting: int = 0
    draining: int = 0
    warm: int = 0
    failed: int = 0
    revision: str = ""
    deploying: bool = False
    zones: Mapping[str, int] = {}
    starts: tuple[Start, ...] = ()  # finished since the last observation
    state: State = State.FRESH
    writer: str = ""  # who wrote ``desired`` last, where the target can tell and it was not us


class Operator(NamedTuple):
    """What a person has ordered. ``fixed`` wins over every policy until ``until`` (ms, 0 = no end)."""

    fixed: int | None = None
    hold_growth: bool = False
    hold_shrink: bool = False
    until: int = 0
    who: str = ""
    permit: int = 0  # ms until which the budget may be overrun


class Grant(NamedTuple):
    """What the arbiter lets one service use of what several share; None is no limit.

    It is kept with the observation, so that one service is replayed without the others.
    """

    tasks: int | None = None  # by the quota of CPU
    launches: int | None = None  # tasks that may start now
    debt: float = 0.0  # tasks: what the bucket of launches has lent to all services, before these
    pool: int | None = None  # connections a task may hold
    opens: int = 0  # tasks that may open such a pool now
    free: int = 0  # connections nobody holds now
    opened: float = 0.0  # connections lately opened by all services and not yet made good
    crowd: int = 0  # tasks of all services on the database
    paid: int | None = None  # tasks the money pays for
    eased: int | None = None  # ... up to the soft limit: beyond it only what present demand needs
    down: int | None = None  # in an emergency: the count to go down to
    span: str = ""  # which limit that is: hour, day or month,
    spent: float = 0.0  # what is used of it by all services,
    limit: float = 0.0  # and what it is, in the budget's currency
    alert: int = 0  # % of a limit that was just passed, for this service to tell
    alert_span: str = ""
    alert_spent: float = 0.0
    alert_limit: float = 0.0


Offset = tuple[int, int, int]  # of a zone: ms from UTC; the wall ms at which it changes, 0 for not soon; ms then


class Observation(NamedTuple):
    """Everything one step may see of the world."""

    now: int
    wall: int
    signals: Mapping[str, Signal]
    fleet: Fleet
    gap: int = 0  # ms since the observation before, when over three ticks; else 0
    operator: Operator = Operator()
    grant: Grant | None = None  # what the arbiter granted in this step; None: the service is alone
    offsets: Mapping[str, Offset] = {}  # of the zones the settings name, at ``wall``


Data = dict[str, float | int | str]


class Reason(NamedTuple):
    """A code from the closed list in ``core/reasons.py`` plus its numbers; prose only in ``core/words.py``."""

    code: str
    data: Mapping[str, float | int | str] = {}


class Want(NamedTuple):
    """A policy's wish for so many ``tasks``. ``flip``: the signal value at which it would want more."""

    tasks: int
    reason: Reason
    urgent: bool = False  # a fast step: evidence that noise cannot make
    flip: float | None = None
    keeps: bool = False  # a floor: others do not shrink below it, and alone it shrinks nothing


class Abstain(NamedTuple):
    """No opinion; blocks nothing."""

    reason: Reason


class Blind(NamedTuple):
    """The policy cannot see; blocks every shrink."""

    signal: str
    state: State
    reason: Reason


Vote = Want | Abstain | Blind


class Trail(NamedTuple):
    """One guard that changed the number."""

    guard: str
    before: int
    after: int
    reason: Reason


class Action(StrEnum):
    GROW = "grow"
    SHRINK = "shrink"
    HOLD = "hold"


GROW, SHRINK, HOLD = Action


class Decision(NamedTuple):
    """What one step decided for one service, and all its reasons; a held decision has them too."""

    service: str
    now: int
    wall: int
    action: Action
    current: int  # the count the decision started from
    desired: int  # the absolute count it orders (== current when held)
    wanted: int  # what the policies wanted together, before the guards
    reasons: tuple[Reason, ...]
    votes: tuple[tuple[str, Vote], ...]
    trail: tuple[Trail, ...]
    sampled: int = 0  # ms: end of the newest measured interval used
    received: int = 0  # ms: when that reached the controller
    onset: int | None = None  # ms: estimated onset of the surge this decision answers
    flip: float | None = None  # requests/s at which it would grow (further)
    urgent: bool = False


class Receipt(NamedTuple):
    """The target's word on one order."""

    order: str  # id
    service: str
    count: int  # type: ignore[assignment]  # tasks ordered
    ok: bool
    commanded: int  # ms: when the target accepted it (or refused)
    error: str = ""
