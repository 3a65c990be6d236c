"""Traces that were made or changed: sampled from a shape, written to a file, told in figures."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

from fleetfoot.traffic import table
from fleetfoot.traffic.samples import HEADER, MOST_ROWS, Samples
from fleetfoot.traffic.shape import Shape, need

KINDS = (".csv", ".csv.gz", ".parquet")


class Summary(NamedTuple):
    """What a trace is. Rates are requests/s; ``gap_*`` are runs of samples of 0."""

    first: float
    samples: int
    interval: float  # seconds
    span: float  # seconds
    mean: float
    p99: float
    peak: float
    peak_at: float
    empty: int  # samples without a request
    gaps: int  # runs of such samples
    gap_longest: float  # seconds
    gap_at: float | None  # where the longest begins


def sampled(shape: Shape, like: Samples, first: float) -> Samples:
    """``shape`` on the grid of ``like``, its second 0 at the time ``first``; both its ends included."""
    steps = math.floor(shape.duration / like.interval + 1e-6)
    need(steps + 1 <= MOST_ROWS, f"{steps + 1:,} samples, {MOST_ROWS:,} are the most")
    last = math.nextafter(shape.duration, 0.0)  # at its duration a shape is over
    at = tuple(first + k * like.interval for k in range(steps + 1))
    value = tuple(shape.rate(min(k * like.interval, last)) for k in range(steps + 1))
    return like._replace(at=at, value=value)


def summary(samples: Samples) -> Summary:
    """The figures of a trace."""
    value, at = samples.value, samples.at
    peak = max(range(len(value)), key=value.__getitem__)
    gaps = list(_gaps(samples))
    longest = max(gaps, key=lambda gap: gap[1], default=None)
    return Summary(
        first=at[0],
        samples=len(value),
        interval=samples.interval,
        span=at[-1] - at[0],
        mean=math.fsum(value) / len(value),
        p99=sorted(value)[math.ceil(0.99 * len(value)) - 1],
        peak=value[peak],
        peak_at=at[peak],
        empty=sum(many for _, many in gaps),
        gaps=len(gaps),
        gap_longest=longest[1] * samples.interval if longest else 0.0,
        gap_at=longest[0] if longest else None,
    )


def _gaps(samples: Samples) -> Iterator[tuple[float, int]]:
    """Where each run of zeros begins, and how many samples it has."""
    for zero, run in groupby(zip(samples.at, samples.value, strict=True), lambda pair: pair[1] == 0):
        if zero:
            times = [at for at, _ in run]
            yield times[0], len(times)


def columns(samples: Samples, width: int) -> list[float]:
    """The trace in ``width`` columns or fewer: the highest rate of each."""
    value, many = samples.value, len(samples.value)
    edges = [many * i // min(width, many) for i in range(min(width, many) + 1)]
    return [max(value[a:b]) for a, b in pairwise(edges)]


def write_samples(samples: Samples, path: Path) -> None:
    """A trace file: ``.csv``, ``.csv.gz`` or ``.parquet`` by its name. Raises ValueError, OSError."""
    need(path.name.endswith(KINDS), f"{path}: write .csv, .csv.gz or .parquet")
    if path.suffix == ".parquet":
        table.write(path, [_date(at) for at in samples.at] if samples.iso else samples.at, samples.value)
        return
    text = "".join(f"{stamp(samples, at)},{value:.10g}\n" for at, value in zip(samples.at, samples.value, strict=True))
    data = f"{','.join(HEADER)}\n{text}".encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def stamp(samples: Samples, at: float) -> str:
    """``at`` as the trace writes time: UTC to the millisecond at most, or seconds."""
    if not samples.iso:
        return f"{at:.10g}"
    parts = "milliseconds" if at % 1 else "seconds"
    return _date(at).isoformat(timespec=parts).replace("+00:00", "Z")


def _date(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
