"""A scaler whose orders are written down beforehand, and a run under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from fleetfoot.sim.contenders import measured
from fleetfoot.sim.measuring import friendly
from fleetfoot.sim.scaler import Counts, Feed
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.world import Run, run

SERVICE = measured(friendly())
STEADY = np.full(400, 60.0)  # requests/s


@dataclass
class Script:
    """Orders written down beforehand: ms -> count. Keeps what it was shown."""

    orders: dict[int, int]
    look: Callable[[int, Feed], object] = lambda now, feed: None
    name: str = "script"
    period: int = 1000
    seen: list[Counts] = field(default_factory=list)
    shown: dict[int, object] = field(default_factory=dict)

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        self.seen.append(fleet)
        self.shown[now] = self.look(now, feed)
        return self.orders.get(now)


def scripted(orders: dict[int, int], setup: Setup | None = None, initial: int = 4) -> tuple[Script, Run]:
    scaler = Script(orders)
    return scaler, run(STEADY, setup or Setup(), scaler, initial=initial, judged_from=0, task_hour=2.0)
