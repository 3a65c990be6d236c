"""Classes of requests, by importance: the least important is refused first.

A class may fill the queue, and the time of the objective, only up to its share: the most important all of it, the
least important half, those between evenly between. So whatever of a lesser class comes, there is room above it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

Headers = Sequence[tuple[bytes, bytes]]

OTHER = "other"  # the class of all that no class names
LEAST = 0.5  # share of the least important class


class RequestClass:
    """One class: whom it takes, its share, and its counts, cumulative like those of the service."""

    __slots__ = ("bad", "completed", "contains", "equals", "header", "name", "offered", "path", "share", "shed")

    def __init__(self, rule: Mapping[str, str | None], share: float) -> None:
        """``rule``: name, and of path (a prefix), header, equals and contains those that are set."""
        self.name = str(rule["name"])
        self.share = share
        self.path, self.header, self.equals, self.contains = (
            (rule.get(key) or "").encode() for key in ("path", "header", "equals", "contains")
        )
        self.header = self.header.lower()
        self.contains = self.contains.lower()
        self.offered = self.completed = self.shed = self.bad = 0

    def places(self, limit: int) -> int:
        """How long the queue of at most ``limit`` requests may be for one of this class to join it."""
        return ceil(limit * self.share)

    def takes(self, path: bytes, headers: Headers) -> bool:
        """Whether a request is of this class."""
        return path.startswith(self.path) and (not self.header or self._has_header(headers))

    def _has_header(self, headers: Headers) -> bool:
        for name, value in headers:
            if name.lower() != self.header:
                continue
            if self.equals:
                if value == self.equals:
                    return True
            elif self.contains in value.lower():
                return True
        return False

    def to_json(self) -> dict[str, int]:
        """Its part of a snapshot."""
        return {"offered": self.offered, "completed": self.completed, "shed": self.shed, "bad": self.bad}


class Classes:
    """All classes of a service, the most important first."""

    __slots__ = ("_named", "_other", "all")

    def __init__(self, rules: Sequence[Mapping[str, str | None]]) -> None:
        """ValueError unless one of them is ``other``, which takes what no class takes."""
        last = max(len(rules) - 1, 1)
        self.all = [RequestClass(rule, 1.0 - (1.0 - LEAST) * place / last) for place, rule in enumerate(rules)]
        self._named = [one for one in self.all if one.name != OTHER]
        self._other = next((one for one in self.all if one.name == OTHER), None)
        if self._other is None:
            raise ValueError(f"one of the classes is {OTHER}: how important is what is of no class?")

    def of(self, head: bytes, headers: Headers) -> RequestClass:
        """The most important class that takes a request. ``head``: as it goes to a task."""
        path = head.split(b" ", 2)[1]
        for one in self._named:
            if one.takes(path, headers):
                return one
        assert self._other is not None
        return self._other
