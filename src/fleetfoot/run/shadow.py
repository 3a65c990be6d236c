"""A controller that is only a shadow: the same loop, shown the fleet it would have, with nothing it could order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from fleetfoot.core.compile import compile_service
from fleetfoot.edge.base import Source
from fleetfoot.edge.journal.read import CannotRead, Reader
from fleetfoot.edge.targets.shadow import ShadowFleet
from fleetfoot.run.clock import Now
from fleetfoot.run.readers import Readers, Seen
from fleetfoot.spec import Service, Spec

KEEP_MS = 14 * 86_400_000  # exact observations: two weeks to compare
RECENT_MS = 900_000  # after a longer absence the book begins anew with what there is


class Watched(Protocol):
    """What a shadow needs of the data plane's client."""

    async def stats(self) -> Mapping[str, Any]: ...

    def watch(self) -> AsyncIterator[Mapping[str, Any]]: ...

    async def close(self) -> None: ...


class ReadOnly:
    """The data plane's client with everything that writes taken away."""

    def __init__(self, plane: Watched) -> None:
        self._plane = plane

    async def stats(self) -> Mapping[str, Any]:
        return await self._plane.stats()

    def watch(self) -> AsyncIterator[Mapping[str, Any]]:
        return self._plane.watch()

    async def close(self) -> None:
        await self._plane.close()

    async def _refuse(self, *_: object, **__: object) -> Mapping[str, Any]:
        raise RuntimeError("this controller is a shadow: it watches, and orders nothing")

    scale = warm = hint = zone = update = pause = _refuse


class ShadowReaders(Readers):
    """What was read, seen through each service's book."""

    def __init__(self, sources: Sequence[Source], now: Now, deadline: int, fleets: Mapping[str, ShadowFleet]) -> None:
        super().__init__(sources, now, deadline)
        self._fleets = fleets

    def take(self, service: str, now: int) -> Seen:
        seen = super().take(service, now)
        if seen.fleet is None:
            return seen
        signals, fleet = self._fleets[service].see(now, seen.signals, seen.fleet)
        return Seen(signals, fleet, ())


def books(spec: Spec, journal: Path, last: int) -> dict[str, ShadowFleet]:
    """A book for every service; a controller that was away for a moment goes on with the count it had. ``last``: the
    newest ``now`` in the journal."""
    found = {name: _book(service) for name, service in spec.services.items()}
    try:
        with Reader(journal) as reader:
            for name, book in found.items():
                for seen in reader.observations(name, last - RECENT_MS, last):
                    book.serving = seen.fleet.serving + seen.fleet.starting
    except CannotRead:
        pass  # the first start
    return found


def _book(service: Service) -> ShadowFleet:
    return ShadowFleet(compile_service(service), service.task.drain, service.balancer.queue_timeout)
