"""The one latency histogram of fleetfoot: log-linear, mergeable, about 6 % wide.

A latency in ns is first cut to units of 1.024 us (``ns >> 10``). Below 16 units each unit has its
own bucket; above, every octave (a doubling) is cut into 16 equal buckets. The width of a bucket is
therefore at most 1/16 of its lower edge. The index keeps the form ``(octave << 4) + sixteenth``, so
that it is found with two shifts and one ``bit_length``; the price is that indexes 16..31 are never
used. The last bucket (``LAST``) begins a little under one hour and takes everything longer.

The counts of two histograms may be added and subtracted, because every histogram has the same
buckets. Counts sent over a wire are cumulative: the interval between two of them is ``minus``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from operator import add

_HOUR_NS = 3_600_000_000_000
_NS_PER_MS = 1_000_000


def _index(ns: int) -> int:
    unit = ns >> 10
    bits = unit.bit_length()
    return unit if bits < 5 else ((bits - 4) << 4) + (unit >> (bits - 5))


LAST = _index(_HOUR_NS)  # 474
SIZE = LAST + 1


def index_of(ns: int) -> int:
    """The bucket of a latency in ns; negative ones belong to bucket 0, over-long ones to ``LAST``."""
    if ns <= 0:
        return 0
    return LAST if ns >= _HOUR_NS else _index(ns)


def bucket_ns(index: int) -> tuple[int, int]:
    """(low, high) of a bucket in ns: ``low <= latency < high``.

    The unused indexes 16..31 are the empty range at 16 units. Raises IndexError beyond ``LAST``.
    """
    if not 0 <= index <= LAST:
        raise IndexError(f"no bucket {index}: they are 0..{LAST}")
    if index < 16:
        return index << 10, (index + 1) << 10
    if index < 32:
        return 16 << 10, 16 << 10
    shift = (index >> 4) - 2
    low = (16 + (index & 15)) << shift
    return low << 10, (low + (1 << shift)) << 10


# Edges in ms by index, computed once: quantiles are asked every tick.
_EDGES_MS = tuple(tuple(edge / _NS_PER_MS for edge in bucket_ns(i)) for i in range(SIZE))


class Histogram:
    """Counts of latencies by bucket.

    ``counts`` is a plain list of ``SIZE`` ints, open to a hot path that wants to write
    ``counts[index_of(ns)] += 1`` itself. Not locked: one writer, or one histogram per thread.
    """

    __slots__ = ("counts",)

    def __init__(self, counts: Iterable[int] | None = None) -> None:
        """``counts``: a list of ``SIZE`` counts to copy; ValueError when it has another length."""
        self.counts: list[int] = [0] * SIZE if counts is None else list(counts)
        if len(self.counts) != SIZE:
            raise ValueError(f"a histogram has {SIZE} buckets, not {len(self.counts)}")

    def record_ns(self, ns: int) -> None:
        """Count one latency of ``ns`` nanoseconds."""
        self.counts[index_of(ns)] += 1

    def record_ms(self, ms: float) -> None:
        """Count one latency of ``ms`` milliseconds; ValueError or OverflowError when not a finite number."""
        self.counts[index_of(int(ms * _NS_PER_MS))] += 1

    @property
    def total(self) -> int:
        """How many latencies were counted."""
        return sum(self.counts)

    def merge(self, other: Histogram) -> None:
        """Add the counts of ``other`` to this one."""
        self.counts = list(map(add, self.counts, other.counts))

    def minus(self, older: Histogram) -> Histogram:
        """What was counted since ``older``, an earlier state of the same cumulative histogram.

        A bucket that fell (it cannot, unless the two are of different lives) counts as zero.
        """
        pairs = zip(self.counts, older.counts, strict=True)
        return Histogram([new - old if new > old else 0 for new, old in pairs])

    def copy(self) -> Histogram:
        """An independent copy."""
        return Histogram(self.counts)

    def quantile_ms(self, q: float) -> float:
        """The latency in ms which the share ``q`` (0..1) does not exceed; 0.0 when nothing was counted.

        The k-th of n latencies in a bucket is taken to lie at k/n of its width, so a lone latency
        reads as the upper edge of its bucket: never too fast, at most 1/16 too slow.
        """
        total = self.total
        if not total:
            return 0.0
        # The small term forgives 0.95 * 20 == 19.000000000000004.
        rank = min(max(ceil(q * total - 1e-9), 1), total)
        seen = 0
        for index, count in enumerate(self.counts):
            if count and seen + count >= rank:
                low, high = _EDGES_MS[index]
                return low + (high - low) * (rank - seen) / count
            seen += count
        raise AssertionError("a rank within the total is always found")

    def count_over_ms(self, ms: float) -> float:
        """How many latencies were longer than ``ms``: exact at the edge of a bucket, linear within one."""
        if ms < 0:
            return float(self.total)
        index = index_of(int(ms * _NS_PER_MS)) if ms < _EDGES_MS[LAST][0] else LAST
        low, high = _EDGES_MS[index]
        share = min(max((high - ms) / (high - low), 0.0), 1.0)
        return sum(self.counts[index + 1 :]) + self.counts[index] * share

    def to_json(self) -> dict[str, int]:
        """The sparse form: index as text -> count, zero counts left out."""
        return {str(index): count for index, count in enumerate(self.counts) if count}

    @classmethod
    def from_json(cls, data: Mapping[str, int]) -> Histogram:
        """The inverse of ``to_json``. ValueError when an index or a count is not one."""
        histogram = cls()
        counts = histogram.counts
        for key, count in data.items():
            try:
                index = int(key)
            except (TypeError, ValueError):
                raise ValueError(f"histogram bucket {key!r} is not a number") from None
            if not 0 <= index <= LAST:
                raise ValueError(f"histogram bucket {index} is outside 0..{LAST}")
            if type(count) is not int or count < 0:
                raise ValueError(f"histogram bucket {index} has the count {count!r}")
            counts[index] += count
        return histogram

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.counts == other.counts

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Histogram({self.to_json()})"
