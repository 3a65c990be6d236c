"""Gathers irregular readings into seconds and says of each whether it was over the objective."""

from __future__ import annotations

from collections.abc import Mapping

from fleetfoot.core.model import Signal, State
from fleetfoot.core.over import second_is_over

_USABLE = (State.FRESH, State.CENSORED)
SECOND_MS = 1000
NEARLY = 50  # ms: a tick is never quite a second


class Seconds:
    """Early steps cut seconds into pieces; here they are put together again."""

    def __init__(self, percentile: float) -> None:
        """``percentile``: of the objective, 0..1."""
        self._percentile = percentile
        self.newest = 0  # ms: end of the newest interval taken
        self._from: int | None = None
        self._arrivals = 0
        self._bad = 0.0

    def see(self, signals: Mapping[str, Signal]) -> bool | None:
        """Take what the signals ``requests`` and ``bad`` say, once per interval; as ``add``."""
        requests, bad = signals.get("requests"), signals.get("bad")
        if requests is None or bad is None or bad.state not in _USABLE or requests.end <= self.newest:
            return None
        self.newest, seconds = requests.end, requests.span / 1000
        return self.add(requests.end, requests.span, requests.value * seconds, bad.value * seconds)

    def add(self, end: int, span: int, arrivals: float, bad: float) -> bool | None:
        """Take an interval that ended at ``end`` ms; True or False when it completes a second, else None."""
        if self._from is None:
            self._from = end - span
        self._arrivals += round(arrivals)
        self._bad += bad
        if end - self._from < SECOND_MS - NEARLY:
            return None
        over = second_is_over(self._arrivals, self._bad, self._percentile)
        self._from, self._arrivals, self._bad = end, 0, 0.0
        return over
