"""The fleet on this machine, ordered over the data plane's admin socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from fleetfoot.core.model import Fleet, Receipt, State
from fleetfoot.edge.sources.plane import fleet_of
from fleetfoot.edge.targets.refusing import why_not

WHO = "the data plane"


class Plane(Protocol):
    """What is needed of the data plane's client (``fleet/client.py``)."""

    async def stats(self) -> Mapping[str, Any]: ...

    async def scale(self, service: str, desired: int, order: str) -> object: ...

    async def warm(self, service: str, count: int) -> object: ...


class LocalTarget:
    """Orders go to the data plane; every failure comes back as a receipt that says so."""

    name = "local"

    def __init__(self, plane: Plane, now: Callable[[], int]) -> None:
        self._plane = plane
        self._now = now

    async def order(self, service: str, count: int, order_id: str, deadline_ms: int, before: int) -> Receipt:  # noqa: ARG002
        error = await why_not(self._plane.scale(service, count, order_id), deadline_ms, WHO)
        return Receipt(order_id, service, count, not error, self._now(), error)

    async def keep_warm(self, service: str, count: int, deadline_ms: int) -> str:
        return await why_not(self._plane.warm(service, count), deadline_ms, WHO)

    async def observe(self, service: str) -> Fleet:
        now = self._now()
        try:
            async with asyncio.timeout(1.0):
                reply = await self._plane.stats()
            return fleet_of(reply["services"][service], now)
        except Exception:  # noqa: BLE001 - not seen, and that is all the caller needs to know
            return Fleet(now, 0, state=State.MISSING)

    async def close(self) -> None:
        pass
