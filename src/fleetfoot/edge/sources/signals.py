"""How a raw number becomes a Signal. How it grows old is the engine's to judge, by its ``end``."""

from __future__ import annotations

import math
from typing import NamedTuple

from fleetfoot.core.model import Signal, State

HUGE = 1e12  # no rate, latency, share or count of ours can be beyond this


class Interval(NamedTuple):
    """What the signals of one reading share: see ``core.model.Signal``."""

    end: int
    received: int
    span: int
    period: int

    def signal(self, name: str, value: float, *, empty: bool = False, coverage: float = 1.0) -> Signal:
        """A fresh signal, an empty one (the source answered and had nothing), or an absurd one."""
        state = State.EMPTY if empty else State.FRESH
        if not math.isfinite(value) or not 0 <= value < HUGE:
            value, state = 0.0, State.ABSURD
        return Signal(name, float(value), self.end, self.received, self.span, self.period, coverage, state)
