"""Gathers irregular readings into seconds and says of each whether it was over the objective."""

from __future__ import annotations

from fleetfoot.core.over import second_is_over

SECOND_MS = 1000
NEARLY = 50  # ms: a tick is never quite a second


class Seconds:
    """Early steps cut seconds into pieces; here they are put together again."""

    def __init__(self, percentile: float) -> None:
        """``percentile``: of the objective, 0..1."""
        self._percentile = percentile
        self._from: int | None = None
        self._arrivals = 0
        self._bad = 0.0

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
