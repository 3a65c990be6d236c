"""A target that only writes down what it would have done. What it shows is the fleet as it really is."""

from __future__ import annotations

from collections.abc import Callable

from fleetfoot.core.model import Fleet, Receipt
from fleetfoot.edge.base import Target

DRY_RUN = "dry run: not carried out"


class DryRunTarget:
    """Accepts every order of a sensible count and carries out none; ``ordered`` holds the last of each service."""

    name = "dryrun"

    def __init__(self, real: Target, now: Callable[[], int]) -> None:
        """``real``: the target whose tasks are shown; it is never given an order."""
        self.ordered: dict[str, int] = {}
        self._real = real
        self._now = now

    async def order(self, service: str, count: int, order_id: str, deadline_ms: int, before: int) -> Receipt:  # noqa: ARG002
        if count < 0:
            return Receipt(order_id, service, count, False, self._now(), f"{count} tasks cannot be")
        self.ordered[service] = count
        return Receipt(order_id, service, count, True, self._now(), DRY_RUN)

    async def keep_warm(self, service: str, count: int, deadline_ms: int) -> str:  # noqa: ARG002
        return "" if count >= 0 else f"{count} tasks cannot be"

    async def observe(self, service: str) -> Fleet:
        return await self._real.observe(service)

    async def close(self) -> None:
        await self._real.close()
