"""The one clock of the fleet. Standard library only: the keeper imports this."""

from __future__ import annotations

import time


def mono_ms() -> int:
    """CLOCK_MONOTONIC of this machine in ms: the same for every process, so it outlives the plane."""
    return time.monotonic_ns() // 1_000_000
