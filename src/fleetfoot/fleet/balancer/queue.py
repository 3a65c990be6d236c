"""The one queue of a service: bounded, first in, first out for each client, and clients in turn.

Rules for whoever edits this file:
1. Every operation costs the same at any length, but ``expired``, which looks at all: the queue is long when time is
   short.
2. A full queue takes a client's request only in place of one of a client that has more than one more than it.
3. Nothing is kept of a client that does not wait, so memory is bounded by the limit.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _Place(NamedTuple):
    since: float
    client: object


class Queue(Generic[T]):
    """Waiting requests. Times in ms of the monotonic clock, given by the caller."""

    __slots__ = ("_lanes", "_lengths", "_longest", "limit", "since", "waiting")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.since = 0.0  # when the queue last became non-empty; means nothing while it is empty
        # In order of arrival. Read it to ask whether anyone waits.
        self.waiting: OrderedDict[T, _Place] = OrderedDict()
        self._lanes: OrderedDict[object, OrderedDict[T, None]] = OrderedDict()  # by client; the first has its turn
        self._lengths: dict[int, dict[object, None]] = {}  # clients by how many requests of theirs wait
        self._longest = 0

    def __len__(self) -> int:
        return len(self.waiting)

    @property
    def full(self) -> bool:
        """Whether ``push`` would refuse, or take one in place of another."""
        return len(self.waiting) >= self.limit

    def push(self, item: T, now: float, client: object = None, *, first: bool = False) -> bool:
        """Add at the end of its client's requests, or before all others (a replay, which has waited already); False
        when full. See ``displaced`` before."""
        if len(self.waiting) >= self.limit:
            return False
        if not self.waiting:
            self.since = now
        if first:
            client = item  # a turn of its own, the next
        self.waiting[item] = _Place(now, client)
        lane = self._lanes.get(client)
        if lane is None:
            lane = self._lanes[client] = OrderedDict()
            if first:
                self._lanes.move_to_end(client, last=False)
        lane[item] = None
        self._grown(client, len(lane))
        return True

    def displaced(self, client: object) -> T | None:
        """Take out, of a full queue, the newest request of the client with most, if that has more than one more
        than ``client``; None when nobody has."""
        mine = self._lanes.get(client)
        if not self.full or self._longest <= (len(mine) if mine is not None else 0) + 1:
            return None
        most = next(iter(self._lengths[self._longest]))
        newest = next(reversed(self._lanes[most]))
        self.discard(newest)
        return newest

    def pop(self) -> T | None:
        """The request that has waited longest of the client whose turn it is; None when empty."""
        if not self._lanes:
            return None
        client, lane = next(iter(self._lanes.items()))
        item = next(iter(lane))
        self.discard(item)
        if lane:
            self._lanes.move_to_end(client)
        return item

    def discard(self, item: T) -> bool:
        """Take out a request whose client is gone; whether it was waiting."""
        place = self.waiting.pop(item, None)
        if place is None:
            return False
        lane = self._lanes[place.client]
        del lane[item]
        if not lane:
            del self._lanes[place.client]
        self._shrunk(place.client, len(lane))
        return True

    def filled_for(self, now: float) -> float:
        """How long the queue has been non-empty; 0.0 when empty."""
        return now - self.since if self.waiting else 0.0

    def expired(self, now: float, timeout: float) -> list[T]:
        """Take out all that have waited longer than ``timeout``."""
        late = []
        for item, place in self.waiting.items():
            if now - place.since <= timeout:
                break
            late.append(item)
        for item in late:
            self.discard(item)
        return late

    def _grown(self, client: object, length: int) -> None:
        if length > 1:
            self._leave_length(client, length - 1)
        self._lengths.setdefault(length, {})[client] = None
        self._longest = max(self._longest, length)

    def _shrunk(self, client: object, length: int) -> None:
        self._leave_length(client, length + 1)
        if length:
            self._lengths.setdefault(length, {})[client] = None
        if self._longest not in self._lengths:
            self._longest -= 1

    def _leave_length(self, client: object, length: int) -> None:
        same = self._lengths[length]
        del same[client]
        if not same:
            del self._lengths[length]
