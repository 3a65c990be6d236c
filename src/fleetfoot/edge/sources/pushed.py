"""The pushes of one service as a source of the loop."""

from __future__ import annotations

from collections.abc import Callable

from fleetfoot.edge.base import Reading
from fleetfoot.edge.sources.push import PERIOD_MS, Receiver
from fleetfoot.edge.sources.push_merge import front_of, signals_of


class PushSource:
    """``app.*``, what the tasks say of themselves; where no balancer of ours stands, also as the service's own."""

    name = "app"
    period = PERIOD_MS

    def __init__(
        self,
        receiver: Receiver,
        service: str,
        serving: Callable[[], int],
        percentile: float,
        objective: int | None = None,
    ) -> None:
        """``objective``: ms, where these are the service's own signals; None: a balancer gives them."""
        self.service = service
        self._receiver = receiver
        self._serving = serving
        self._percentile, self._objective = percentile, objective

    async def read(self, now: int) -> Reading:
        shot = self._receiver.snapshot(self.service, now, self._serving())
        if shot is None:
            return Reading({})
        signals = signals_of(shot, self._percentile)
        if self._objective is not None:
            signals |= front_of(shot, signals, self._objective)
        return Reading(signals)

    async def close(self) -> None:
        pass
