"""What AWS's two kinds of scaling policy share: alarms over datapoints, and cooldowns that count what was granted.

Sources: docs/rivals.md. ms throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

REPEAT = 60_000  # ms; an alarm that stays in ALARM asks for its action once a minute


def breached(points: Sequence[float], threshold: float, count: int, above: bool = True) -> bool | None:
    """Whether the newest ``count`` points all breach; None (INSUFFICIENT_DATA) when there are fewer."""
    if len(points) < count:
        return None
    return all(point > threshold if above else point < threshold for point in points[-count:])


@dataclass(slots=True)
class Alarm:
    """Fires when its points breach, then once a minute while they go on to."""

    fired: int | None = field(default=None, init=False)

    def look(self, now: int, breach: bool | None) -> bool:
        if not breach:
            self.fired = None
            return False
        if self.fired is not None and now - self.fired < REPEAT:
            return False
        self.fired = now
        return True


@dataclass(slots=True)
class Cooldown:
    """Wishes count from the running tasks; inside the growth cooldown from those before it, so only more adds anything.

    A shrink waits for the end of either cooldown. Growth acts at once in the shrink's, and ends it.
    """

    out: int = 300_000
    back: int = 300_000
    base: int = field(default=0, init=False)
    out_until: int = field(default=0, init=False)
    back_until: int = field(default=0, init=False)

    def grow(self, now: int, current: int, running: int, wanted: Callable[[int], int]) -> int | None:
        """The count to order when ``wanted(base)`` exceeds the ``current`` one, which is what is granted, else None."""
        base = self.base if now < self.out_until else min(current, running)
        count = wanted(base)
        if count <= current:
            return None
        self.base, self.out_until, self.back_until = base, now + self.out, 0
        return count

    def shrink(self, now: int, current: int, wanted: int) -> int | None:
        if not self.may_shrink(now) or wanted >= current:
            return None
        self.back_until = now + self.back
        return wanted

    def may_shrink(self, now: int) -> bool:
        return now >= max(self.out_until, self.back_until)
