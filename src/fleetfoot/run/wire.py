"""Builds everything that lives, once: the one place where live differs from a test or a simulation."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fleetfoot.core.compile import compile_spec
from fleetfoot.core.model import Decision
from fleetfoot.core.settings import Settings
from fleetfoot.edge.base import Journal, OperatorAction, Past, Source, Target
from fleetfoot.edge.journal.ops import Retention
from fleetfoot.edge.journal.sqlite import SqliteJournal
from fleetfoot.edge.seconds import Seconds
from fleetfoot.edge.sources.forecast import ForecastSource
from fleetfoot.edge.sources.plane import PlaneFeed, PlaneSource
from fleetfoot.edge.targets.dryrun import DryRunTarget
from fleetfoot.edge.targets.local import LocalTarget
from fleetfoot.edge.targets.shadow import ShadowTarget
from fleetfoot.edge.training import Trainer
from fleetfoot.predict.setup import lead_of, policy_of
from fleetfoot.prices import listed_prices
from fleetfoot.run.aws import OnAws, connect
from fleetfoot.run.changes import Changes, Refused, keep_telling
from fleetfoot.run.clock import Clock
from fleetfoot.run.links import PlaneLink
from fleetfoot.run.loop import Loop, Service
from fleetfoot.run.operators import Operators
from fleetfoot.run.orders import Orders, look_again
from fleetfoot.run.pools import Pools
from fleetfoot.run.readers import Readers
from fleetfoot.run.remember import remember
from fleetfoot.run.settings import LiveSettings
from fleetfoot.run.shadow import KEEP_MS, ReadOnly, ShadowReaders, books
from fleetfoot.run.stamps import Stages
from fleetfoot.spec import Service as ServiceSpec
from fleetfoot.spec import Spec
from fleetfoot.spec.zones import Zones

log = logging.getLogger("fleetfoot.wire")

ACTION_MS = 2000  # a person waits this long for the journal
HINT_MS = 5000
HINT_CHANGE = 0.05  # a learnt throughput that moved by this share is told to the data plane


@dataclass(slots=True)
class Live:
    """A running controller's parts, and what people may do with it."""

    spec: Spec
    loop: Loop
    targets: Mapping[str, Target]
    journal: Journal
    clock: Clock
    plane: PlaneLink
    commands: PlaneLink
    past: Past
    on_aws: OnAws
    shadow: bool = False
    hands: PlaneLink | None = None  # for a shadow: what takes people's counts, where the fleet is its own
    tasks: tuple[asyncio.Task[None], ...] = ()
    changes: Changes = field(init=False)

    def __post_init__(self) -> None:
        self.changes = Changes(self.commands, self._record)

    async def start(self, ended: Callable[[], None] = lambda: None) -> None:
        """Let the loop and what stands beside it run. ``ended`` is called if the loop ends though nobody stopped it."""

        def look(task: asyncio.Task[None]) -> None:
            if not task.cancelled():
                log.error("the loop ended", exc_info=task.exception())
                ended()

        parts = [("loop", self._run()), ("watch", self._watch())]
        if not self.shadow:  # which tells nobody anything
            parts += [("hint", self._hint()), ("changes", keep_telling(self._tell_changes))]
            parts += [("aws", self.on_aws.hold())]
        self.tasks = tuple(asyncio.create_task(part, name=name) for name, part in parts)
        self.tasks[0].add_done_callback(look)

    async def stop(self) -> None:
        """Within about a second on a quick disk: end the loop, finish orders, keep memory, close the journal."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.loop.orders.close()
        await self.loop.pools.close()
        await self.loop.readers.close()
        self.loop.counts.checkpoints += self.loop.services
        self.loop.checkpoint()
        await asyncio.to_thread(self.journal.close)
        for target in self.targets.values():
            await target.close()
        self.on_aws.close()
        await self.plane.close()
        await self.commands.close()

    async def operate(self, action: OperatorAction) -> None:
        """Take what a person ordered, once it is recorded. Raises Refused."""
        service = self.loop.services.get(action.service)
        if service is None:
            raise Refused(f"there is no service {action.service!r}: there are {', '.join(self.spec.services)}")
        low, high = service.bounds(self.clock.wall())
        if action.count is not None and not low <= action.count <= high:
            raise Refused(
                f"{action.count} is outside {low} to {high}, what {action.service} may have now: change the file first"
            )
        if self.shadow and (self.hands is None or action.kind != "scale"):
            raise Refused("this controller is a shadow: it watches, and orders nothing")
        await self._record(action)
        if self.hands is not None:
            await self._by_hand(self.hands, action)
            return
        self.loop.operators.take(action)
        self.loop.pulse.wake()

    async def _by_hand(self, plane: PlaneLink, action: OperatorAction) -> None:
        """Under a shadow people are the scaler: their count goes straight to the data plane."""
        try:
            await plane.scale(action.service, action.count or 0, f"{action.service}@{action.now}")
        except RuntimeError as failure:
            raise Refused(str(failure)) from failure

    async def _record(self, action: OperatorAction) -> None:
        ticket = self.journal.operate(action)
        while not await ticket.durable(ACTION_MS):
            if ticket.withdraw():  # else a later start would obey what was refused
                why = self.journal.health().error or "too slow"
                raise Refused(f"the journal cannot be written ({why}); orders by people wait until it can")
            await asyncio.sleep(0.05)  # it is being written at this moment

    async def _tell_changes(self) -> None:
        """Pauses to the data plane, ends of updates to the journal."""
        now, wall = self.clock.now(), self.clock.wall()
        for name, service in self.loop.services.items():
            reading = self.loop.readers.notes(name)
            if service.seen is not None and (end := self.changes.ended(name, reading.get("update", {}), now, wall)):
                self.journal.operate(end)
            held = self.loop.operators.at(name, now)
            await self.changes.pause(name, held.hold_growth or held.hold_shrink)

    async def _run(self) -> None:
        await look_again(self.past.open_orders, self.targets, self.journal, self.clock.now)
        await self.loop.run()

    async def _watch(self) -> None:
        """The data plane wakes the loop when work queues or arrivals exceed what its tasks carry."""
        while True:
            with contextlib.suppress(Exception):  # the plane is restarting: it is asked again
                async for _ in self.plane.watch():
                    self.loop.pulse.wake()
            await asyncio.sleep(0.5)

    async def _hint(self) -> None:
        """Tell the data plane the throughput that was learnt, when it moved."""
        told: dict[str, float] = {}
        while True:
            await asyncio.sleep(HINT_MS / 1000)
            for name, service in self.loop.services.items():
                seen = service.seen
                learnt = service.memory.learnt.get(seen.fleet.revision) if seen else None
                rate = learnt.throughput if learnt else None
                if rate and abs(rate - told.get(name, 0.0)) > HINT_CHANGE * rate:
                    with contextlib.suppress(Exception):  # told again when it can be
                        await self.commands.hint(name, rate)
                        told[name] = rate


def build(
    spec: Spec,
    state: Path,
    plane: PlaneLink,
    commands: PlaneLink,
    tell: Callable[[Decision], None],
    more: Callable[[Clock], Sequence[Source]] | None = None,
    clock: Callable[[int], Clock] | None = None,
    settings: LiveSettings | None = None,
    text: str = "",
    shadow: bool = False,
    hands: bool = False,
) -> Live:
    """Everything, connected, not yet started. Raises JournalError, NotInstalled.

    ``plane`` is read, ``commands`` takes the orders. ``more``: further sources. ``clock``: makes the clock,
    given the newest time in the journal. ``text``: the file as written, for the journal. ``shadow``: watch only;
    ``plane`` is another scaler's, and nothing is ordered of it, but by people where ``hands``.
    """
    settings = settings or LiveSettings()
    journal = _journal(spec, state, settings, shadow)
    past = journal.past()
    time = clock(past.last) if clock is not None else Clock(after=past.last)
    journal.run(time.start, time.wall(), _version(), text)
    feed, on_aws = PlaneFeed(plane, time.now), connect(spec, state, time.now)
    here = [service for service in spec.services.values() if service.target != "ecs"]
    sources: list[Source] = [_plane_source(feed, service, time, past) for service in here]
    sources += (*on_aws.sources, *_forecasts(spec, state / "journal.db", time), *(more(time) if more else ()))
    taken = commands if hands else None
    readers, targets = Readers(sources, time.now, settings.read_deadline), dict(on_aws.targets)
    if shadow:
        commands, fleets = ReadOnly(commands), books(spec, state / "journal.db", past.last)
        readers = ShadowReaders(sources, time.now, settings.read_deadline, fleets)
        targets = dict.fromkeys(spec.services, ShadowTarget(fleets, time.now))
    else:
        targets |= {service.name: _target(service, commands, time) for service in here}
    stages = Stages(settings.stages, past.stamps)
    compiled = compile_spec(spec, listed_prices(spec))
    services = {
        name: _service(service, compiled[name], past, state / "journal.db", text)
        for name, service in spec.services.items()
    }
    orders = Orders(targets, journal, time.now, settings, stages.ordered)
    pools, operators = Pools(targets, settings.order_deadline), Operators(past.actions)
    loop = Loop(services, readers, orders, pools, journal, operators, stages, time, settings, tell)
    return Live(spec, loop, targets, journal, time, plane, commands, past, on_aws, shadow, taken)


def _journal(spec: Spec, state: Path, settings: LiveSettings, shadow: bool) -> SqliteJournal:
    percentiles = {name: service.objective.percentile for name, service in spec.services.items()}
    kept = Retention(blobs=KEEP_MS) if shadow else None
    return SqliteJournal(state / "journal.db", percentiles, kept, closing=settings.closing / 1000)


def _forecasts(spec: Spec, journal: Path, clock: Clock) -> list[Source]:
    """One for each service that has the policy; they train in turn."""
    trainer, found = Trainer(), list[Source]()
    for service in spec.services.values():
        policy = policy_of(service)
        if policy is not None:
            lead = lead_of(policy, service)
            found.append(ForecastSource(service.name, policy, lead, journal, clock.wall, trainer))
    return found


def _plane_source(feed: PlaneFeed, service: ServiceSpec, clock: Clock, past: Past) -> PlaneSource:
    objective = service.objective
    return PlaneSource(
        feed,
        service.name,
        objective.percentile,
        objective.latency,
        clock.at_mono,
        cpu=service.task.cpu or 1.0,
        memory=service.task.memory,
        restarted=service.name in past.memories,
    )


def _target(service: ServiceSpec, plane: PlaneLink, clock: Clock) -> Target:
    local = LocalTarget(plane, clock.now)
    return DryRunTarget(local, clock.now) if service.target == "dryrun" else local


def _service(service: ServiceSpec, settings: Settings, past: Past, journal: Path, text: str) -> Service:
    memory = remember(service.name, settings, past, journal, text)
    aliases = {
        name: (signal.metric or name, signal.period)
        for name, signal in service.signals.items()
        if signal.source in ("balancer", "agent")
    }
    return Service(settings, memory, aliases, Seconds(service.objective.percentile), Zones(settings.zones))


def _version() -> str:
    import importlib.metadata

    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version("fleetfoot")
    return "unknown"
