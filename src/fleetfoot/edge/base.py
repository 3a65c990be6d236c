"""What the loop needs from the outside: a source to read, a target to order, a journal to write to.

Every implementation, the in-memory ones included, passes the same suite in ``tests/contracts``.
Foreign clocks are reported, never believed: every stamp here is the controller's ``now`` in ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from fleetfoot.core.model import Decision, Fleet, Observation, Receipt, Signal


class SourceError(Exception):
    """A source could not be read now; its signals grow stale by themselves. The text is for a person."""


class TaskSeen(NamedTuple):
    """One task as a source shows it; times are the controller's ``now``, 0 = not yet."""

    id: str
    state: str
    started: int
    ready: int = 0
    served: int = 0
    zone: str = ""
    revision: str = ""
    in_flight: int = 0
    p95: float = 0.0  # ms


class Reading(NamedTuple):
    """What one source saw of one service. ``fleet`` is None from a source that sees no tasks."""

    signals: Mapping[str, Signal]
    fleet: Fleet | None = None
    tasks: tuple[TaskSeen, ...] = ()
    notes: Mapping[str, Any] = {}  # for people only


class Source(Protocol):
    """One place that measures one service. Read beside the loop, never inside it."""

    name: str
    service: str
    period: int  # ms between two readings

    async def read(self, now: int) -> Reading:
        """The newest measurement; ``now`` is the controller's time at the call. Raises SourceError."""
        ...

    async def close(self) -> None: ...


class Target(Protocol):
    """What carries out orders. Orders are absolute counts, so the same order twice is one order."""

    name: str

    async def order(self, service: str, count: int, order_id: str, deadline_ms: int, before: int) -> Receipt:
        """Order ``count`` tasks. Never raises for a refusal, a failure or a missed deadline: the receipt says so.

        ``before``: the count it was decided on. A target others may order of too refuses to undo what they have added
        since.
        """
        ...

    async def keep_warm(self, service: str, count: int, deadline_ms: int) -> str:
        """Keep ``count`` tasks started and out of traffic. Never raises: empty, or why it cannot be."""
        ...

    async def observe(self, service: str) -> Fleet:
        """The tasks as the target shows them now; ``state`` says whether that may be believed."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Order:
    """One order as the journal keeps it: written before it is carried out, completed by its receipt."""

    id: str
    service: str
    before: int
    count: int
    decided: int  # ms
    wall: int = 0  # what the clock on the wall said then
    who: str = ""  # empty: the engine
    sampled: int = 0
    received: int = 0
    onset: int | None = None


def order_stamps(order: Order) -> dict[str, int]:
    """The stages an order has from the start."""
    stamps = {"sampled": order.sampled, "received": order.received, "decided": order.decided}
    return stamps if order.onset is None else {**stamps, "onset": order.onset}


@dataclass(frozen=True, slots=True)
class OperatorAction:
    """What a person did. ``kind`` is scale, pause, resume, zone lost, zone back or update, or what came of the
    last: updated, rolled back. ``until`` 0 means until resumed."""

    service: str
    kind: str
    who: str
    now: int
    wall: int
    count: int | None = None
    growth: bool = False
    shrink: bool = False
    until: int = 0
    reason: str = ""


class Health(NamedTuple):
    """How the journal is. Not durable: ``error`` says why, in words for a person."""

    durable: bool = True
    spooled: int = 0  # records waiting in memory
    dropped: int = 0  # records lost because the spool was full
    error: str = ""


class Ticket(Protocol):
    """A record on its way to the disk."""

    async def durable(self, within_ms: int) -> bool:
        """True once the record is safe; False when it is not within ``within_ms`` (it stays spooled)."""
        ...

    def withdraw(self) -> bool:
        """Take the record back. False when it is safe already, or being written at this moment."""
        ...


class Past(NamedTuple):
    """What a starting controller finds: the newest memory, orders without a receipt, what people ordered."""

    last: int = 0  # ms: the newest ``now`` in the journal; the new controller's time starts after it
    memories: Mapping[str, dict[str, Any]] = {}
    open_orders: tuple[Order, ...] = ()
    actions: tuple[OperatorAction, ...] = ()  # newest scale, pause and resume of every service, oldest first
    stamps: tuple[Mapping[str, int], ...] = ()  # of the newest carried-out orders, oldest first: stage -> ms


class Journal(Protocol):
    """The record of what was seen, decided, ordered and done. No call blocks; only tickets are waited for."""

    def observe(self, service: str, observation: Observation) -> None: ...

    def decide(self, decision: Decision) -> None:
        """Keep a decision: called for one that acts or whose reason codes changed."""
        ...

    def checkpoint(self, service: str, now: int, memory: Mapping[str, Any]) -> None: ...

    def open(self, order: Order) -> Ticket:
        """Record an order before it is carried out."""
        ...

    def complete(self, receipt: Receipt) -> None: ...

    def stamp(self, order_id: str, stamps: Mapping[str, int]) -> None:
        """Add stages to an order: first_starting, last_starting, first_ready, last_ready, first_request."""
        ...

    def operate(self, action: OperatorAction) -> Ticket: ...

    def past(self) -> Past: ...

    def health(self) -> Health: ...

    def close(self) -> None:
        """Write what is left, as long as that takes seconds only, and let go of the file."""
        ...
