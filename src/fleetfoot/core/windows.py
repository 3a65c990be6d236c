"""The one sliding window: time-weighted sums over the last milliseconds of irregular samples.

A sample is (end, span, value): ``value`` held over the ``span`` ms before ``end``. The window keeps
running integrals, so a mean over any trailing span costs one bisection. Time nobody measured is
left out of the mean and shows as missing coverage; it never counts as zero. Values are not negative.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Any

SLACK = 256  # samples past their time that may wait before the list is trimmed


class Window:
    """Samples of one signal over the last ``keep`` ms."""

    __slots__ = ("covered", "end", "ends", "keep", "span", "steady", "sums")

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.end = -(1 << 62)  # of the newest sample: hugely negative while there is none
        self.span = 0  # of the newest sample
        self.steady = 0  # ms before its end that samples of just this span have measured without a gap
        # Running totals, one entry a sample, behind a sentinel that stands for "before everything". In arrays: lists of
        # numbers take four times the memory, and ten thousand services have a window for each of their signals.
        self.ends = array("q", (self.end,))
        self.sums = array("d", (0.0,))  # value x ms
        self.covered = array("q", (0,))  # ms

    def __len__(self) -> int:
        return len(self.ends) - 1

    def add(self, end: int, span: int, value: float) -> bool:
        """Take one sample; False (and nothing changed) when it is not newer than the newest."""
        ends, sums, covered, gap = self.ends, self.sums, self.covered, end - self.end
        if span == gap and span == self.span:
            self.steady += span
        elif gap <= 0 or span <= 0:
            return False
        else:
            self.span = self.steady = span = min(gap, self.keep, span)
        self.end = end
        ends.append(end)
        sums.append(sums[-1] + value * span)
        covered.append(covered[-1] + span)
        if len(ends) > SLACK and ends[SLACK // 2] < end - self.keep:
            self._trim()
        return True

    def _trim(self) -> None:
        ends, sums, covered = self.ends, self.sums, self.covered
        cut = bisect_right(ends, ends[-1] - self.keep) - 1
        base = sums[cut]  # begin again near zero: a year of sums, or one absurd sample, must not cost precision
        del ends[:cut], covered[:cut]
        self.steady = min(self.steady, covered[-1] - covered[0])
        sums[:] = array("d", [s - base for s in sums[cut:]])

    def value(self, i: int) -> float:
        """The value of sample ``i`` (1 is the oldest kept)."""
        return (self.sums[i] - self.sums[i - 1]) / (self.covered[i] - self.covered[i - 1])

    def _upto(self, at: int) -> tuple[float, float]:
        """Integral and covered ms up to the instant ``at``."""
        ends, sums, covers = self.ends, self.sums, self.covered
        i = bisect_left(ends, at)
        if i >= len(ends):
            return sums[-1], covers[-1]
        if i == 0:
            return sums[0], covers[0]
        late = ends[i] - at
        if not late:
            return sums[i], covers[i]
        before, covered = sums[i - 1], covers[i - 1]
        span = covers[i] - covered
        if late >= span:
            return before, covered
        share = 1.0 - late / span
        return before + (sums[i] - before) * share, covered + span * share

    def mean(self, span: int, until: int | None = None) -> tuple[float, float]:
        """(time-weighted mean, ms covered) over the ``span`` ms before ``until``, by default the newest sample's end.

        The mean is 0 when nothing is covered.
        """
        if until is None:
            return self.means((span,))[0]
        total, covered = self._upto(until)
        from_total, from_covered = self._upto(until - span)
        total -= from_total
        covered -= from_covered
        return (total / covered if total > 0.0 else 0.0, covered) if covered > 0 else (0.0, 0.0)

    def means(self, spans: Iterable[int]) -> list[tuple[float, float]]:
        """``mean`` over several trailing spans: the hot path of every step.

        Where a span begins a division tells while samples are steady, which they mostly are; else a bisection does.
        """
        sums, each, steady = self.sums, self.span, self.steady
        last = len(sums) - 1
        total = sums[last]
        found: list[tuple[float, float]] = []
        for span in spans:
            if span <= steady and span % each == 0:
                part = total - sums[last - span // each]
                found.append((part / span if part > 0.0 else 0.0, span))
            else:
                before, known_before = self._upto(self.end - span)
                part, covered = total - before, self.covered[last] - known_before
                found.append((part / covered if part > 0.0 else 0.0, covered))
        return found

    def rate(self, span: int) -> float:
        """The mean alone, over the ``span`` ms before the newest sample's end."""
        return self.mean(span)[0]

    def extreme(self, span: int, until: int, which: str) -> float:
        """The "max" or "min" among the samples that reach into the ``span`` ms before ``until``; 0 without any."""
        ends, covered = self.ends, self.covered
        first = max(bisect_right(ends, until - span), 1)
        last = bisect_left(ends, until)  # ends on ``until`` or after it: it counts if it began before
        if 0 < last < len(ends) and ends[last] - covered[last] + covered[last - 1] < until:
            last += 1
        recent = [self.value(i) for i in range(first, last)]
        return (max(recent) if which == "max" else min(recent)) if recent else 0.0

    def quantile(self, span: int, share: float) -> float:
        """The value that ``share`` of the measured time of the last ``span`` ms does not exceed; 0 without any."""
        ends, sums, covered = self.ends, self.sums, self.covered
        first = max(bisect_right(ends, ends[-1] - span), 1)
        rows = [
            ((sums[i] - sums[i - 1]) / (covered[i] - covered[i - 1]), covered[i] - covered[i - 1])
            for i in range(first, len(ends))
        ]
        rows.sort()
        left = share * sum(row[1] for row in rows)
        for value, held in rows:
            left -= held
            if left <= 0.0:
                return value
        return rows[-1][0] if rows else 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "keep": self.keep, "ends": self.ends[1:].tolist(), "sums": self.sums.tolist(),
            "covered": self.covered.tolist(),
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Window:
        window = cls(data["keep"])
        window.ends.extend(data["ends"])
        window.sums = array("d", data["sums"])
        window.covered = array("q", data["covered"])
        if len(window):
            window.end = window.ends[-1]
            window.span = window.covered[-1] - window.covered[-2]
            window.steady = window._measured_steadily()
        return window

    def _measured_steadily(self) -> int:
        ends, covered, span = self.ends, self.covered, self.span
        i = len(self)
        while i > 1 and ends[i] - ends[i - 1] == span == covered[i - 1] - covered[i - 2]:
            i -= 1
        return span * (len(self) - i + 1)


def peak(rows: list[list[int]], keep: int, at: int, value: int) -> int:
    """Take ``value`` at ``at`` and return the largest one of the last ``keep`` ms.

    ``rows`` is what is remembered, [at, value] with values falling: a monotonic queue, which needs constant memory
    per falling run.
    """
    while rows and rows[-1][1] <= value:
        rows.pop()
    rows.append([at, value])
    while rows[0][0] < at - keep:
        rows.pop(0)
    return rows[0][1]
