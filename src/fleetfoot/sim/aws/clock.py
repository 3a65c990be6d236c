"""The simulated AWS's place and clock: real time, or time that passes when it is told to."""

from __future__ import annotations

import time

REGION, ACCOUNT = "ap-northeast-2", "000000000000"


class SimClock:
    """Seconds since 1970."""

    def __init__(self, held: bool = False) -> None:
        """``held``: it stands still but for ``advance``."""
        self._held = held
        self._at = time.time()
        self._since = time.monotonic()

    def now(self) -> float:
        return self._at if self._held else self._at + time.monotonic() - self._since

    def advance(self, seconds: float) -> None:
        """Let time pass. ValueError: it does not go backward."""
        if not seconds >= 0:
            raise ValueError(f"time does not go by {seconds!r} s")
        self._at += seconds
