"""The one sliding window: time-weighted sums over the last milliseconds of irregular samples.

A sample is (end, span, value): ``value`` held over the ``span`` ms before ``end``. The window keeps
running integrals, so a mean over any trailing span costs one bisection. Time nobody measured is
left out of the mean and shows as missing coverage; it never counts as zero.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any, NamedTuple

SLACK = 256  # samples past their time that may wait before the list is trimmed


class Mean(NamedTuple):
    value: float
    covered: float  # ms of the span that samples cover


NOTHING = Mean(0.0, 0.0)


class Window:
    """Samples of one signal over the last ``keep`` ms."""

    __slots__ = ("covered", "ends", "keep", "span", "sums", "values")

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.span = 0  # of the newest sample
        # running totals, one entry a sample, behind a sentinel that stands for "before everything"
        self.ends: list[int] = [-(1 << 62)]
        self.sums: list[float] = [0.0]  # value x ms
        self.covered: list[int] = [0]  # ms
        self.values: list[float] = [0.0]

    @property
    def end(self) -> int:
        """End of the newest sample; hugely negative while there is none."""
        return self.ends[-1]

    def __len__(self) -> int:
        return len(self.ends) - 1

    def add(self, end: int, span: int, value: float) -> bool:
        """Take one sample; False (and nothing changed) when it is not newer than the newest."""
        last = self.ends[-1]
        if end <= last or span <= 0:
            return False
        span = min(span, end - last)
        self.ends.append(end)
        self.sums.append(self.sums[-1] + value * span)
        self.covered.append(self.covered[-1] + span)
        self.values.append(value)
        self.span = span
        if self.ends[1] < end - self.keep and len(self.ends) > SLACK:
            self._trim(end - self.keep)
        return True

    def _trim(self, before: int) -> None:
        cut = bisect_right(self.ends, before) - 1
        if cut > SLACK // 2:
            for column in (self.ends, self.sums, self.covered, self.values):
                del column[:cut]

    def _upto(self, at: int) -> tuple[float, float]:
        """Integral and covered ms up to the instant ``at``."""
        i = bisect_left(self.ends, at)
        if i >= len(self.ends):
            return self.sums[-1], self.covered[-1]
        if i == 0:
            return self.sums[0], self.covered[0]
        end, span = self.ends[i], self.covered[i] - self.covered[i - 1]
        share = 1.0 - (end - at) / span if end - at < span else 0.0
        before, whole = self.sums[i - 1], self.sums[i] - self.sums[i - 1]
        return before + whole * share, self.covered[i - 1] + span * share

    def mean(self, span: int, until: int | None = None) -> Mean:
        """Time-weighted mean over the ``span`` ms before ``until`` (default: the newest sample's end)."""
        ends = self.ends
        if until is None:
            until = ends[-1]
            total, covered = self.sums[-1], float(self.covered[-1])
        else:
            total, covered = self._upto(until)
        from_total, from_covered = self._upto(until - span)
        covered -= from_covered
        return Mean((total - from_total) / covered, covered) if covered > 0 else NOTHING

    def extreme(self, span: int, until: int, which: str) -> float:
        """The "max" or "min" value among the samples that reach into the ``span`` ms before ``until``; 0 without any."""
        first = max(bisect_right(self.ends, until - span), 1)
        recent = self.values[first : bisect_left(self.ends, until) + 1]
        return (max(recent) if which == "max" else min(recent)) if recent else 0.0

    def to_json(self) -> dict[str, Any]:
        return {"keep": self.keep, "ends": self.ends[1:], "sums": self.sums, "covered": self.covered, "values": self.values[1:]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Window:
        window = cls(data["keep"])
        window.ends += data["ends"]
        window.sums = list(data["sums"])
        window.covered = list(data["covered"])
        window.values += data["values"]
        window.span = window.covered[-1] - window.covered[-2] if len(window.covered) > 1 else 0
        return window


class Peaks:
    """The largest value of the last ``keep`` ms, in constant memory per falling run (a monotonic queue)."""

    __slots__ = ("keep", "rows")

    def __init__(self, keep: int, rows: list[list[int]] | None = None) -> None:
        self.keep = keep
        self.rows = rows if rows is not None else []  # [at, value], values falling

    def add(self, at: int, value: int) -> int:
        """Take ``value`` at ``at`` and return the largest one of the last ``keep`` ms."""
        rows = self.rows
        while rows and rows[-1][1] <= value:
            rows.pop()
        rows.append([at, value])
        while rows[0][0] < at - self.keep:
            rows.pop(0)
        return rows[0][1]
