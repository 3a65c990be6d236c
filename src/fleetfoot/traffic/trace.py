"""Recorded traffic as a shape: the samples of a trace joined by straight lines, cut, stretched and repeated."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from fleetfoot.traffic.samples import Fill, Samples, parse_time, read_samples, short
from fleetfoot.traffic.shape import Shape
from fleetfoot.traffic.shapes import joined_points
from fleetfoot.traffic.unpacked import TraceError, TraceErrors


def load_trace(
    path: str | Path,
    *,
    speed: float = 1.0,
    scale: float = 1.0,
    peak: float | None = None,
    start: str | None = None,
    end: str | None = None,
    repeat: int = 1,
    fill: Fill | None = None,
) -> Shape:
    """The traffic recorded in ``path`` as a shape that starts at second 0.

    ``speed`` K plays K recorded seconds in one: rates stay, rises get K times steeper. ``scale`` R
    multiplies every rate; ``peak`` P instead makes the highest rate of the window P. ``start`` and ``end``
    cut a window, written as the file writes time (or as seconds from its first sample). ``fill="line"``
    bridges holes by straight lines. Raises TraceErrors.
    """
    samples = read_samples(path, fill=fill)
    return shape_of(samples, speed=speed, scale=scale, peak=peak, start=start, end=end, repeat=repeat)


def shape_of(
    samples: Samples,
    *,
    speed: float = 1.0,
    scale: float = 1.0,
    peak: float | None = None,
    start: str | None = None,
    end: str | None = None,
    repeat: int = 1,
) -> Shape:
    """The samples as a shape, changed as ``load_trace`` says. Raises TraceErrors."""
    for word, number in (("speed", speed), ("scale", scale), ("peak", 1.0 if peak is None else peak)):
        if not (math.isfinite(number) and number > 0):
            raise TraceErrors(samples.name, [TraceError(0, f"{word} must be over 0, not {number:g}")])
    if peak is not None and scale != 1.0:
        raise TraceErrors(samples.name, [TraceError(0, "scale and peak both set the height; give one of them")])
    if repeat < 1:
        raise TraceErrors(samples.name, [TraceError(0, f"repeat must be 1 or more, not {repeat}")])
    points = _window(samples, start, end)
    first = points[0][0]
    if peak is not None:
        highest = max(value for _, value in points)
        if not highest:
            raise TraceErrors(samples.name, [TraceError(0, "nothing came in this window, so it has no peak to scale")])
        scale = peak / highest
    shape: Shape = joined_points([((at - first) / speed, value * scale) for at, value in points])
    return shape.repeat(repeat) if repeat != 1 else shape


def window(samples: Samples, start: str | None, end: str | None) -> tuple[float, float]:
    """The two ends of a window as the samples tell time; without words, theirs. Raises TraceErrors."""
    first, last = samples.at[0], samples.at[-1]
    begin = first if start is None else _edge(samples, "start", start)
    until = last if end is None else _edge(samples, "end", end)
    if not first <= begin < until <= last:
        span = f"{_tell(samples, first)} to {_tell(samples, last)}"
        asked = f"{_tell(samples, begin)} to {_tell(samples, until)}"
        raise TraceErrors(samples.name, [TraceError(0, f"the window {asked} is not within the trace, {span}")])
    return begin, until


def _window(samples: Samples, start: str | None, end: str | None) -> list[tuple[float, float]]:
    begin, until = window(samples, start, end)
    line = list(zip(samples.at, samples.value, strict=True))
    inside = [(at, value) for at, value in line if begin < at < until]
    return [(begin, _value(line, begin)), *inside, (until, _value(line, until))]


def _edge(samples: Samples, word: str, text: str) -> float:
    stamp = parse_time(text)
    if stamp is None or (stamp[1] and not samples.iso):
        form = "ISO-8601 or seconds from the first sample" if samples.iso else "seconds"
        raise TraceErrors(samples.name, [TraceError(0, f"{word} {short(text)} is not a time; write {form}")])
    return stamp[0] if stamp[1] or not samples.iso else samples.at[0] + stamp[0]


def _value(line: list[tuple[float, float]], at: float) -> float:
    for (t0, v0), (t1, v1) in pairwise(line):
        if t0 <= at <= t1:
            return v0 + (v1 - v0) * (at - t0) / (t1 - t0)
    return line[-1][1]


def _tell(samples: Samples, at: float) -> str:
    if not samples.iso:
        return f"{at:g} s"
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
