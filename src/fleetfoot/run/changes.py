"""What people order of the tasks themselves: zones that are lost, new versions. And what the data plane must know of
their pauses.

The data plane carries it out and the engine sees only what becomes of it. Each order is asked for first, recorded,
then given: what would be refused is not recorded, and what cannot be recorded is not done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from fleetfoot.edge.base import OperatorAction

log = logging.getLogger("fleetfoot.changes")

OURSELVES = "fleetfoot"
TELL_S = 1.0


class Refused(Exception):
    """An operator's action that cannot be carried out; the text says why."""


class Plane(Protocol):
    """What is needed of the data plane's client (``fleet/client.py``)."""

    async def zone(self, service: str, zone: str, lost: bool, *, dry: bool = False) -> Mapping[str, Any]: ...

    async def update(
        self, service: str, settings: Mapping[str, Any], *, force: bool = False, dry: bool = False
    ) -> Mapping[str, Any]: ...

    async def pause(self, service: str, paused: bool) -> object: ...


class Changes:
    """Orders about tasks, on their way from a person to the data plane."""

    def __init__(self, plane: Plane, record: Callable[[OperatorAction], Awaitable[None]]) -> None:
        """``record`` returns once an action is safe in the journal, and raises Refused when it cannot be."""
        self._plane = plane
        self._record = record
        self._paused: dict[str, bool] = {}
        self._states: dict[str, tuple[int, str]] = {}  # service -> number and state of its last update

    async def zone(self, action: OperatorAction, zone: str, lost: bool) -> Mapping[str, Any]:
        """Mark a zone as lost, or as there again: ``{"lost": […]}``. Raises Refused."""
        try:
            await self._plane.zone(action.service, zone, lost, dry=True)
            await self._record(action)
            return await self._plane.zone(action.service, zone, lost)
        except RuntimeError as failure:  # what the plane's client raises
            raise Refused(str(failure)) from failure

    async def update(
        self, action: OperatorAction, settings: Mapping[str, Any], *, force: bool, dry: bool
    ) -> Mapping[str, Any]:
        """Bring in a new version: ``{"begun", "update"}``; ``dry``: only ask. Raises Refused."""
        try:
            answer = await self._plane.update(action.service, settings, force=force, dry=True)
            if dry:
                return answer
            await self._record(action)
            return await self._plane.update(action.service, settings, force=force)
        except RuntimeError as failure:
            raise Refused(str(failure)) from failure

    async def pause(self, service: str, paused: bool) -> None:
        """Tell the data plane whether a person holds the count, when that is news to it; told again until it hears."""
        if self._paused.get(service) != paused:
            await self._plane.pause(service, paused)
            self._paused[service] = paused

    def ended(self, service: str, update: Mapping[str, Any], now: int, wall: int) -> OperatorAction | None:
        """An update that came to its end since the last look, as the journal keeps it. ``update``: as in stats."""
        state = (int(update.get("number", 0)), str(update.get("state", "")))
        before, self._states[service] = self._states.get(service), state
        if before is None or before == state or state[1] == "in progress":
            return None
        kind, versions = "updated", (update.get("from"), update.get("revision"))
        if state[1] == "rolled back":
            kind, versions = "rolled back", (versions[1], versions[0])  # the way it went
        line = f" ({update['log']})" if update.get("log") else ""
        why = f": {update['why']}{line}" if update.get("why") else ""
        return OperatorAction(service, kind, OURSELVES, now, wall, reason=f"{versions[0]} -> {versions[1]}{why}")


async def keep_telling(tell: Callable[[], Awaitable[None]]) -> None:
    """Tell the data plane once a second what it must know, for ever; what fails is told again."""
    while True:
        try:
            await tell()
        except Exception as failure:  # noqa: BLE001 - the plane is restarting, or the journal cannot be written
            log.debug("not told: %s", failure)
        await asyncio.sleep(TELL_S)
