"""Wake an event loop at an exact time.

The loops' own timers are rounded up to whole milliseconds, which is the distance of requests at
1,000/s. A Linux timerfd has no such rounding (Python has a call for it from 3.13 on; until then the
C library's). Without it the loop's timer must do.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from collections.abc import Callable

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1
_NS = 1_000_000_000


class _Spec(ctypes.Structure):
    _fields_ = [(name, ctypes.c_long) for name in ("every_s", "every_ns", "at_s", "at_ns")]


class Alarm:
    """Calls ``ring`` in ``loop`` once after each ``set``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop, self._ring = loop, ring
        self._timer: asyncio.TimerHandle | None = None
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC) if self._libc else -1
        if self._fd >= 0:
            loop.add_reader(self._fd, self._rang)

    def set(self, at: int) -> None:
        """Ring at ``at``, in ns of ``time.monotonic_ns``; at once when that has passed."""
        if self._fd < 0 or self._libc is None:
            self._timer = self._loop.call_at(at / _NS, self._ring)
            return
        spec = _Spec(0, 0, at // _NS, max(1, at % _NS))  # all zero would switch it off
        self._libc.timerfd_settime(self._fd, _ABSOLUTE, ctypes.byref(spec), None)

    def _rang(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return
        self._ring()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
