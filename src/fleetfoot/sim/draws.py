"""Random numbers by counting: the value at (seed, stream, second, index) is the same whoever asks, and when.

So every scaler meets the same requests with the same work at the same seed, whatever it does, and a run
repeats to the byte. The generator is splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
Generators, OOPSLA 2014). Compiled, and called by the compiled plant.
"""

from __future__ import annotations

import math
from typing import Any

try:
    import numpy as np
    from numba import njit
except ImportError as missing:
    raise ImportError("the simulator needs numpy and numba") from missing

# No reference is counted (_nrt) and no division checked: arrays live as long as their plant, and a third of the time
# would go there. No fastmath: the same figures on every machine come first.
_options: dict[str, Any] = {"cache": True, "error_model": "numpy", "_nrt": False}
compiled = njit(**_options)
inlined = njit(forceinline=True, **_options)  # a call with ten arrays moves seventy words

GAPS, WORK, COLD, RETRY, RETRY_WORK = 1, 2, 3, 4, 5  # streams the plant draws from
STARTS, CRASHES = 6, 7  # streams the fleet draws from

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 2.0**-53

EXPONENTIAL, LOGNORMAL, FIXED = 0, 1, 2  # kinds of service time


@compiled
def mix(z):  # type: ignore[no-untyped-def]
    """splitmix64's finaliser."""
    z = (z ^ (z >> _30)) * _MIX1
    z = (z ^ (z >> _27)) * _MIX2
    return z ^ (z >> _31)


@compiled
def key(seed, stream, second):  # type: ignore[no-untyped-def]
    """Where the numbers of one stream begin in one second."""
    return mix(mix(np.uint64(seed) * _GAMMA + np.uint64(stream)) + np.uint64(second) * _GAMMA)


@compiled
def uniform(at, index):  # type: ignore[no-untyped-def]
    """The ``index``-th number after the key ``at``, in (0, 1)."""
    return (np.float64(mix(at + np.uint64(index) * _GAMMA) >> _11) + 0.5) * _UNIT


@compiled
def exponential(at, index):  # type: ignore[no-untyped-def]
    """Exponential with mean 1."""
    return -math.log(uniform(at, index))


@compiled
def normal(at, index):  # type: ignore[no-untyped-def]
    """Normal with mean 0 and deviation 1 (Box and Muller's cosine half)."""
    radius = math.sqrt(-2.0 * math.log(uniform(at, 2 * index)))
    return radius * math.cos(2.0 * math.pi * uniform(at, 2 * index + 1))


@compiled
def work(at, index, kind, mean, sigma):  # type: ignore[no-untyped-def]
    """One service time in seconds, of ``mean``; ``sigma``: of the logarithm, for LOGNORMAL."""
    if kind == EXPONENTIAL:
        return mean * exponential(at, index)
    if kind == LOGNORMAL:
        return mean * math.exp(sigma * normal(at, index) - 0.5 * sigma * sigma)
    return mean


@compiled
def start(seed, number):  # type: ignore[no-untyped-def]
    """Of the ``number``-th start in a run: (a normal number, a uniform one)."""
    at = key(seed, STARTS, number)
    return normal(at, 0), uniform(at, 2)


@compiled
def crash(seed, number):  # type: ignore[no-untyped-def]
    """Of the ``number``-th crash that may be: (an exponential number, a uniform one)."""
    at = key(seed, CRASHES, number)
    return exponential(at, 0), uniform(at, 1)


@njit(cache=True)
def requests(seed, second, rate, kind, mean, sigma):  # type: ignore[no-untyped-def]
    """The new requests of one second at ``rate``/s: (arrival in s since the run began, work in s), by arrival."""
    gaps, works = key(seed, GAPS, second), key(seed, WORK, second)
    room = int(rate + 12.0 * math.sqrt(rate) + 64.0)
    found = np.empty((room, 2))
    count, at = 0, float(second)
    if rate > 0.0:
        at += exponential(gaps, 0) / rate
        while at < second + 1.0 and count < room:
            found[count, 0] = at
            found[count, 1] = work(works, count, kind, mean, sigma)
            count += 1
            at += exponential(gaps, count) / rate
    return found[:count]
