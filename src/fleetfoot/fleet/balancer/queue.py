"""The one queue of a service: first in, first out, bounded."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Queue(Generic[T]):
    """Waiting requests in order of arrival. Times in ms of the monotonic clock, given by the caller."""

    __slots__ = ("limit", "since", "waiting")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.since = 0.0  # when the queue last became non-empty; means nothing while it is empty
        # Linked, so that the first comes out at the same cost at any length. Read it to ask whether anyone waits.
        self.waiting: OrderedDict[T, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self.waiting)

    @property
    def full(self) -> bool:
        """Whether ``push`` would refuse."""
        return len(self.waiting) >= self.limit

    def push(self, item: T, now: float, *, first: bool = False) -> bool:
        """Add at the end, or before all others (a replay, which has waited already); False when full."""
        if len(self.waiting) >= self.limit:
            return False
        if not self.waiting:
            self.since = now
        self.waiting[item] = now
        if first:
            self.waiting.move_to_end(item, last=False)
        return True

    def pop(self) -> T | None:
        """The request that has waited longest; None when empty."""
        return self.waiting.popitem(last=False)[0] if self.waiting else None

    def discard(self, item: T) -> bool:
        """Take out a request whose client is gone; whether it was waiting."""
        return self.waiting.pop(item, None) is not None

    def waited(self, now: float) -> float:
        """How long the first in line has waited; 0.0 when empty."""
        return now - next(iter(self.waiting.values())) if self.waiting else 0.0

    def filled_for(self, now: float) -> float:
        """How long the queue has been non-empty; 0.0 when empty."""
        return now - self.since if self.waiting else 0.0

    def expired(self, now: float, timeout: float) -> list[T]:
        """Take out all that have waited longer than ``timeout``."""
        late = [item for item, since in self.waiting.items() if now - since > timeout]
        for item in late:
            del self.waiting[item]
        return late
