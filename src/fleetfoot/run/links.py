"""The line to a data plane on this machine, and what stands in its place where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from fleetfoot.run.changes import Plane


class PlaneLink(Plane, Protocol):
    """The data plane's client, as it is used here (``fleet/client.py``)."""

    async def stats(self) -> Mapping[str, Any]: ...

    async def scale(self, service: str, desired: int, order: str) -> object: ...

    async def warm(self, service: str, count: int) -> object: ...

    async def hint(self, service: str, throughput: float) -> object: ...

    def watch(self) -> AsyncIterator[Mapping[str, Any]]: ...

    async def close(self) -> None: ...


class NoPlane:
    """All tasks run elsewhere: nothing here can be asked, and there is nobody to tell."""

    async def stats(self) -> Mapping[str, Any]:
        raise RuntimeError("the tasks run elsewhere: the platform brings in versions and places them in zones")

    async def _refuse(self, *_: object, **__: object) -> Mapping[str, Any]:
        return await self.stats()

    scale = warm = zone = update = _refuse

    async def hint(self, service: str, throughput: float) -> object:
        pass

    async def pause(self, service: str, paused: bool) -> object:
        pass

    async def watch(self) -> AsyncIterator[Mapping[str, Any]]:
        await asyncio.Event().wait()
        yield {}

    async def close(self) -> None:
        pass
