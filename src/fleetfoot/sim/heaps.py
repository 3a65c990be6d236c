"""Compiled: the heaps and the latency buckets of the queue (``kernel``)."""

from __future__ import annotations

import math

import numpy as np

from fleetfoot.sim.draws import compiled, inlined

# Of latency: the edges of fleetfoot_agent/histogram.py, 6 % wide at most, from 0.016 ms up to four minutes.
BUCKETS, PER_OCTAVE, LOWEST, UNIT = 384, 16, -5, 1.048576  # UNIT: ms, the edge of an octave
FINER = 48  # bits of a float64 behind those that tell sixteenths of an octave
FIRST = (1022 + LOWEST) * PER_OCTAVE  # what the bits before them say at the lowest edge


@inlined
def push(heap, size, at):  # type: ignore[no-untyped-def]
    """Put ``at`` into the binary heap of ``size``."""
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if heap[up] <= at:
            break
        heap[i] = heap[up]
        i = up
    heap[i] = at


@inlined
def sift(heap, size, i, value):  # type: ignore[no-untyped-def]
    """Put ``value`` where it belongs below the place ``i``."""
    child = 2 * i + 1
    while child < size:
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if value <= heap[child]:
            break
        heap[i] = heap[child]
        i, child = child, 2 * child + 1
    heap[i] = value


@inlined
def pop(heap, size):  # type: ignore[no-untyped-def]
    """Take the least out of the heap of ``size``."""
    sift(heap, size - 1, 0, heap[size - 1])


@compiled
def push_retry(retry, size, at, tries):  # type: ignore[no-untyped-def]
    """The heap of retries: rows of (time, which try)."""
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if retry[up, 0] <= at:
            break
        retry[i, 0], retry[i, 1] = retry[up, 0], retry[up, 1]
        i = up
    retry[i, 0], retry[i, 1] = at, tries


@compiled
def pop_retry(retry, size):  # type: ignore[no-untyped-def]
    last, tries, i, child = retry[size - 1, 0], retry[size - 1, 1], 0, 1
    size -= 1
    while child < size:
        if child + 1 < size and retry[child + 1, 0] < retry[child, 0]:
            child += 1
        if last <= retry[child, 0]:
            break
        retry[i, 0], retry[i, 1] = retry[child, 0], retry[child, 1]
        i, child = child, 2 * child + 1
    retry[i, 0], retry[i, 1] = last, tries


@inlined
def bucket(ms):  # type: ignore[no-untyped-def]
    """Which bucket a latency falls in: its octave is the exponent of the number, the part of it its first four bits."""
    return min(max((np.float64(ms / UNIT).view(np.int64) >> FINER) - FIRST, 0), BUCKETS - 1)


@compiled
def quantile(counts, total, share):  # type: ignore[no-untyped-def]
    """The latency in ms which ``share`` of the ``total`` do not exceed, straight through its bucket."""
    above, i = math.floor((1.0 - share) * total + 1e-9), BUCKETS
    while i > 0:
        i -= 1
        if counts[i] > above:
            octave = UNIT * 2.0 ** (i // PER_OCTAVE + LOWEST)
            floor, width = octave * (0.5 + (i % PER_OCTAVE) / (2.0 * PER_OCTAVE)), octave / (2 * PER_OCTAVE)
            return floor + width * (1.0 - above / counts[i])
        above -= counts[i]
    return 0.0
