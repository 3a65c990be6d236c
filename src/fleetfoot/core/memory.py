"""What the engine remembers of one service: one value, versioned JSON, a slice per policy and guard.

A slice is a plain dict of JSON values under its owner's unique name; only its owner reads or writes it.
"""

from __future__ import annotations

from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from fleetfoot.core.learn import Learnt
from fleetfoot.core.windows import Window

VERSION = 1

Slice = dict[str, Any]


@dataclass(slots=True)
class Memory:
    since: int | None = None  # ms: first observation of this life; windows fill from here
    now: int | None = None  # ms: newest observation
    ordered: int | None = None  # the count of our newest order while it is open
    ordered_at: int = 0
    surge_at: int | None = None  # ms: newest fast growth
    windows: dict[str, Window] = field(default_factory=dict)
    slices: defaultdict[str, Slice] = field(default_factory=lambda: defaultdict(dict))
    learnt: dict[str, Learnt] = field(default_factory=dict)  # by revision

    def slice(self, name: str) -> Slice:
        return self.slices[name]

    def restarted(self) -> Memory:
        """The same memory in a new controller: what was learnt stays, but no scale-in until windows are full again."""
        self.since = None
        return self

    def to_json(self) -> dict[str, Any]:
        """A copy: the engine may go on while it is written."""
        return {
            "version": VERSION,
            "since": self.since,
            "now": self.now,
            "ordered": self.ordered,
            "ordered_at": self.ordered_at,
            "surge_at": self.surge_at,
            "windows": {name: window.to_json() for name, window in self.windows.items()},
            "slices": deepcopy(dict(self.slices)),
            "learnt": {name: learnt.to_json() for name, learnt in self.learnt.items()},
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Memory:
        """Raises ValueError when the version is not one this code can read."""
        if data.get("version") != VERSION:
            raise ValueError(
                f"memory version {data.get('version')!r} cannot be read; this code reads version {VERSION}"
            )
        return cls(
            since=data["since"],
            now=data["now"],
            ordered=data["ordered"],
            ordered_at=data["ordered_at"],
            surge_at=data["surge_at"],
            windows={name: Window.from_json(row) for name, row in data["windows"].items()},
            slices=defaultdict(dict, data["slices"]),
            learnt={name: Learnt.from_json(row) for name, row in data["learnt"].items()},
        )
