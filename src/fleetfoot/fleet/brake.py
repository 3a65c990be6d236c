"""The crash-loop brake of one service: how long to wait before the next start."""

from __future__ import annotations

GOOD_LIFE_MS = 10_000  # a start is good when the task lived this long after it became ready
LONGEST_MS = 60_000


class Brake:
    """1, 2, 4 … 60 s after consecutive failed starts; a good start releases it. A task that died young is
    replaced at once the first time, after that it counts like a failed start, one step milder.

    Tasks started together that fail together count once: only a failure of a task spawned after the
    failure before it makes the wait longer.
    """

    __slots__ = ("_failed_at", "failures", "until")

    def __init__(self, failures: int = 0, until: int = 0) -> None:
        self.failures = failures
        self.until = until  # no start before this time, ms
        self._failed_at = -1

    def failed(self, spawned: int, now: int) -> None:
        """A start failed."""
        self._count(spawned, now, 0)

    def died(self, spawned: int, now: int) -> None:
        """A task died within ``GOOD_LIFE_MS`` of being ready, and was not killed from outside."""
        self._count(spawned, now, 1)

    def _count(self, spawned: int, now: int, milder: int) -> None:
        if self.failures and spawned <= self._failed_at:
            return
        self.failures += 1
        self._failed_at = now
        step = self.failures - 1 - milder
        self.until = now + (min(LONGEST_MS, 1000 << min(step, 6)) if step >= 0 else 0)

    def good(self, spawned: int) -> None:
        """A task has lived long enough. One spawned before the last failure proves nothing."""
        if spawned > self._failed_at:
            self.failures, self.until = 0, 0

    def wait(self, now: int) -> int:
        """Ms until the next start is allowed, 0 when it is."""
        return max(0, self.until - now)
