"""Reads all sources beside the loop. The loop only looks at what has come in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fleetfoot.core.model import Fleet, Signal, Start, State
from fleetfoot.edge.base import Reading, Source, SourceError, TaskSeen
from fleetfoot.run.clock import Now

log = logging.getLogger("fleetfoot.sources")

OLD_FLEET_MS = 3000
OLD_PERIODS = 2  # of a source that is read more seldom
SLACK_MS = 60  # a reading due this soon is taken with the others


class Seen(NamedTuple):
    """What is known of one service when a step begins; fleet None = never seen."""

    signals: Mapping[str, Signal]
    fleet: Fleet | None
    tasks: tuple[TaskSeen, ...] = ()


@dataclass(slots=True)
class Slot:
    """One source and the newest it said."""

    source: Source
    asked: int = 0
    answered: int = 0
    error: str = ""
    late: int = 0  # times it was still busy when it was due again
    reading: Reading | None = None
    starts: list[Start] = field(default_factory=list)  # not yet taken by a step
    task: asyncio.Task[None] | None = None


class Readers:
    """A reading per source and period, each with its own deadline; nobody waits for a late one."""

    def __init__(self, sources: Sequence[Source], now: Now, deadline: int) -> None:
        self.slots = [Slot(source) for source in sources]
        self._now = now
        self._deadline = deadline

    async def refresh(self, within: int) -> None:
        """Ask every source that is due, and wait at most ``within`` ms for the answers."""
        now = self._now()
        begun = []
        for slot in self.slots:
            if slot.task is not None and not slot.task.done():
                slot.late += 1
            elif (
                slot.reading is None or now - slot.asked >= slot.source.period - SLACK_MS or slot.source.period <= 1000
            ):
                slot.asked = now
                slot.task = asyncio.create_task(self._read(slot, now))
                begun.append(slot.task)
        if begun:
            await asyncio.wait(begun, timeout=within / 1000)

    def take(self, service: str, now: int) -> Seen:
        """All signals of a service, and its fleet with the starts no step has seen yet."""
        signals: dict[str, Signal] = {}
        fleet: Fleet | None = None
        tasks: tuple[TaskSeen, ...] = ()
        for slot in self.slots:
            if slot.source.service != service or slot.reading is None:
                continue
            signals.update(slot.reading.signals)
            if slot.reading.fleet is not None:
                fleet = slot.reading.fleet._replace(starts=tuple(slot.starts))
                slot.starts.clear()
                tasks = slot.reading.tasks
                if now - fleet.at > max(OLD_FLEET_MS, OLD_PERIODS * slot.source.period):
                    fleet = fleet._replace(state=State.STALE)
        return Seen(signals, fleet, tasks)

    def notes(self, service: str) -> Mapping[str, Any]:
        """What the sources of a service say for people."""
        readings = [slot.reading for slot in self.slots if slot.source.service == service]
        return {key: value for one in readings if one is not None for key, value in one.notes.items()}

    async def _read(self, slot: Slot, now: int) -> None:
        try:
            async with asyncio.timeout(self._deadline / 1000):
                reading = await slot.source.read(now)
        except TimeoutError:
            self._failed(slot, f"no answer within {self._deadline} ms")
        except SourceError as failure:
            self._failed(slot, str(failure))
        except Exception as failure:  # noqa: BLE001 - a source's mistake costs its signals, never the loop
            self._failed(slot, f"{type(failure).__name__}: {failure}")
        else:
            if slot.error:
                log.warning("%s of %s answers again", slot.source.name, slot.source.service)
            slot.error, slot.answered, slot.reading = "", self._now(), reading
            if reading.fleet is not None:
                slot.starts += reading.fleet.starts

    def _failed(self, slot: Slot, text: str) -> None:
        if not slot.error:
            log.warning("%s of %s: %s; what depends on it is held", slot.source.name, slot.source.service, text)
        slot.error = text

    async def close(self) -> None:
        """Stop reading and close the sources."""
        for slot in self.slots:
            if slot.task is not None:
                slot.task.cancel()
        await asyncio.gather(*(slot.task for slot in self.slots if slot.task is not None), return_exceptions=True)
        for slot in self.slots:
            await slot.source.close()
