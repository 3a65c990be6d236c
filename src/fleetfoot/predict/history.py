"""History: the past rate of one service on a regular grid, and the files it is read from.

The grid is 5 minutes, or the interval of a coarser file: a mean over an hour says nothing of its minutes,
and values put between hours would know the future of a rolling back-test.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, nan
from pathlib import Path
from typing import NamedTuple

from fleetfoot.traffic.samples import read_samples
from fleetfoot.traffic.unpacked import TraceErrors

STEP = 300  # s
DAY = 86_400
LONGEST = 42 * DAY  # s of the newest past that is used; no model looks further back
COVERED = 0.5  # share of a slot that must have been measured


class HistoryError(ValueError):
    """Why there is no history to forecast from. The text is for a person."""


class History(NamedTuple):
    """``values[i]``: the mean rate (1/s) of the ``step`` seconds from ``start + i * step`` on (s since 1970, UTC).

    NaN where nobody measured. ``start`` is a multiple of ``step``.
    """

    start: int
    values: tuple[float, ...]
    step: int = STEP
    name: str = ""

    @property
    def end(self) -> int:
        """Where the newest slot ends."""
        return self.start + len(self.values) * self.step

    @property
    def days(self) -> float:
        """Days in which something was measured."""
        return sum(map(isfinite, self.values)) * self.step / DAY


class Part(NamedTuple):
    """A mean rate (1/s) over ``span`` seconds from ``start`` on (s since 1970)."""

    start: float
    span: float
    rate: float


def slotted(parts: Iterable[Part], step: int = STEP, name: str = "") -> History:
    """The parts as a history: time-weighted means; a slot less than half measured is NaN. Raises HistoryError."""
    sums: dict[int, float] = {}
    spans: dict[int, float] = {}
    for start, span, rate in parts:
        if not (isfinite(rate) and rate >= 0 and span > 0):
            continue
        at, end = start, start + span
        while at < end - 1e-6:
            slot = int(at // step)
            until = min(end, (slot + 1) * step)
            sums[slot] = sums.get(slot, 0.0) + rate * (until - at)
            spans[slot] = spans.get(slot, 0.0) + until - at
            at = until
    if not sums:
        raise HistoryError(f"{name or 'the history'}: nothing was measured yet")
    last = max(sums)
    first = max(min(sums), last - LONGEST // step)
    values = [
        sums[slot] / spans[slot] if spans.get(slot, 0.0) >= COVERED * step else nan for slot in range(first, last + 1)
    ]
    return History(first * step, tuple(values), step, name)


def joined(older: History | None, newer: History | None) -> History:
    """Two pasts of one service as one, on the coarser grid; where both tell, the newer counts. Raises HistoryError."""
    if older is None or newer is None:
        if (one := older or newer) is None:
            raise HistoryError("there is no history yet")
        return one
    step = max(older.step, newer.step)
    older, newer = _coarser(older, step), _coarser(newer, step)
    start, end = min(older.start, newer.start), max(older.end, newer.end)
    start = max(start, end - LONGEST)
    values = [nan] * ((end - start) // step)
    for one in (older, newer):
        for i, value in enumerate(one.values):
            at = (one.start - start) // step + i
            if at >= 0 and isfinite(value):
                values[at] = value
    return History(start, tuple(values), step, newer.name or older.name)


def _coarser(history: History, step: int) -> History:
    """On a grid of ``step`` s; a last slot that is not over yet is left out."""
    if history.step == step:
        return history
    whole = history.end // step * step
    starts = range(history.start, whole, history.step)
    parts = (Part(at, history.step, value) for at, value in zip(starts, history.values, strict=False))
    return slotted(parts, step, history.name)


def from_file(path: str | Path) -> History:
    """A CSV (plain or gzip) or Parquet file of ``timestamp,value``, rates per second. Raises HistoryError."""
    try:
        samples = read_samples(path, fill="line")  # holes stay holes: nothing is put into them here
    except TraceErrors as errors:
        raise HistoryError(str(errors)) from None
    interval = samples.interval
    step = STEP if interval <= STEP else round(interval)
    if DAY % step or abs(interval - round(interval)) > 1e-6:
        raise HistoryError(f"{path}: a sample every {interval:g} s does not divide the day; resample it to 5 min")
    parts = (Part(at, interval, value) for at, value in zip(samples.at, samples.value, strict=True))
    return slotted(parts, step, str(path))
