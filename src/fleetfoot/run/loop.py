"""The live loop: once a second observe, decide, guard, act, record. ``step`` fits one screen.

Nothing here waits for the outside: sources are read and orders carried out beside the loop, the
journal has its own thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from fleetfoot.core import warm
from fleetfoot.core.engine import Wish, settle_all, wish
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, Decision, Observation, Signal
from fleetfoot.core.schedule import hold
from fleetfoot.core.settings import Settings
from fleetfoot.edge.base import Journal, TaskSeen
from fleetfoot.edge.seconds import Seconds
from fleetfoot.run.clock import Clock, gap
from fleetfoot.run.operators import Operators
from fleetfoot.run.orders import Orders
from fleetfoot.run.pools import Pools
from fleetfoot.run.pulse import Pulse
from fleetfoot.run.readers import Readers
from fleetfoot.run.settings import LiveSettings
from fleetfoot.run.stamps import Stages
from fleetfoot.spec.zones import Zones

log = logging.getLogger("fleetfoot.loop")

Aliases = Mapping[str, tuple[str, int]]  # a signal of the user's own -> (the source's name for it, period in ms)


@dataclass(slots=True)
class Service:
    """What the loop keeps of one service."""

    settings: Settings
    memory: Memory
    aliases: Aliases
    seconds: Seconds
    zones: Zones = field(default_factory=lambda: Zones(()))
    codes: tuple[str, ...] = ()
    seconds_over: int = 0
    kept: int = 0  # when memory was last checkpointed
    seen: Observation | None = None
    tasks: tuple[TaskSeen, ...] = ()
    decision: Decision | None = None
    pool: warm.Pool | None = None
    changed: Decision | None = None  # the newest that acted or whose reasons changed

    def bounds(self, wall: int) -> tuple[int, int]:
        """The least and the most tasks the file allows at ``wall`` (ms), its schedules included."""
        mine = self.settings
        windows = mine.timetable.windows if mine.timetable is not None else ()
        held = hold(windows, wall, self.zones.at(wall), mine.startup, mine.minimum, mine.maximum)
        return held.minimum, held.maximum


@dataclass(slots=True)
class Counts:
    """How the loop itself is doing."""

    steps: int = 0
    early: int = 0
    gaps: int = 0
    failed: int = 0
    last: int | None = None  # ``now`` of the newest step
    checkpoints: list[str] = field(default_factory=list)  # services whose memory is to be kept


class Loop:
    """Everything with a life of its own is handed in; see ``run/wire.py``.

    What breaks in one service costs that service a step, and no other service anything.
    """

    def __init__(
        self,
        services: dict[str, Service],
        readers: Readers,
        orders: Orders,
        pools: Pools,
        journal: Journal,
        operators: Operators,
        stages: Stages,
        clock: Clock,
        settings: LiveSettings,
        tell: Callable[[Decision], None],
    ) -> None:
        """``tell`` is given every decision that acted or whose reasons changed."""
        self.services = services
        self.readers = readers
        self.orders = orders
        self.pools = pools
        self.journal = journal
        self.operators = operators
        self.stages = stages
        self.clock = clock
        self.settings = settings
        self.counts = Counts()
        self.pulse = Pulse(clock.now, settings)
        self.stepped = asyncio.Event()  # set and cleared at every step, for whoever streams
        self._tell = tell

    async def run(self) -> None:
        """Step until cancelled. What fails is told and does not end the loop."""
        self.pulse.wake()  # the first reading is only a baseline: the sooner the better
        while True:
            early = await self.pulse.next()
            await self.readers.refresh(self.settings.fresh_within if early else self.settings.lead)
            self.counts.early += early
            with self._told("a step"):
                self.step()
            await asyncio.sleep(0.01)  # orders are on their way before memory is packed
            with self._told("a checkpoint"):
                self.checkpoint()

    def step(self) -> dict[str, Decision]:
        """One step for every service whose fleet has been seen."""
        now = self.clock.now()
        seen = self._observe(now)
        settled = settle_all(self._wishes(seen))  # decide and guard
        for name, (decision, grant) in settled.items():
            with self._told(f"recording and acting for {name}"):
                if grant is not None:
                    seen[name] = seen[name]._replace(grant=grant)
                self.journal.observe(name, seen[name])
                self._act(decision, seen[name])
                self._keep_warm(decision, seen[name])
                self._record(name, seen[name], decision)
        self.counts.steps += 1
        self.counts.last = now
        self.stepped.set()
        self.stepped.clear()
        return {name: decision for name, (decision, _) in settled.items()}

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception:
            self.counts.failed += 1
            log.exception("%s failed; what it was for stays as it is until the next step", what)

    def _wishes(self, seen: Mapping[str, Observation]) -> dict[str, Wish]:
        wishes = {}
        for name, observation in seen.items():
            with self._told(f"deciding for {name}"):
                service = self.services[name]
                wishes[name] = wish(service.settings, service.memory, observation)
        return wishes

    def _observe(self, now: int) -> dict[str, Observation]:
        wall, since = self.clock.wall(), gap(self.counts.last, now)
        if since:
            self.counts.gaps += 1
            log.warning("nothing was seen for %.1f s", since / 1000)
        observations = {}
        for name, service in self.services.items():
            signals, fleet, service.tasks = self.readers.take(name, now)
            if fleet is not None:
                signals = _with_aliases(signals, service.aliases)
                operator = self.operators.at(name, now)
                offsets = service.zones.at(wall)
                observations[name] = Observation(now, wall, signals, fleet, since, operator, offsets=offsets)
        return observations

    def _act(self, decision: Decision, seen: Observation) -> None:
        if decision.action is not Action.HOLD:
            who = seen.operator.who if seen.operator.fixed is not None else ""
            if self.orders.give(decision, who) is not None:
                self.counts.checkpoints.append(decision.service)

    def _keep_warm(self, decision: Decision, seen: Observation) -> None:
        """The warm pool has its size beside the decision; a new one is kept as an order is."""
        name, service = decision.service, self.services[decision.service]
        service.pool = warm.size(service.settings, service.memory, seen, decision.desired)
        if service.pool is not None and self.pools.want(name, service.pool.tasks):
            self.counts.checkpoints.append(name)

    def _record(self, name: str, seen: Observation, decision: Decision) -> None:
        service = self.services[name]
        service.seen, service.decision = seen, decision
        codes = (*(r.code for r in decision.reasons), *(t.reason.code for t in decision.trail))
        if decision.action is not Action.HOLD or codes != service.codes:
            service.codes, service.changed = codes, decision
            self.journal.decide(decision)
            self._tell(decision)
        over = service.seconds.see(seen.signals)
        if over is not None:
            service.seconds_over += over
            self.stages.second(name, service.seconds.newest, over)
        for order, stamps in self.stages.look(name, seen.now, seen.fleet, service.tasks):
            self.journal.stamp(order, stamps)
        if seen.now - service.kept >= self.settings.checkpoint:
            self.counts.checkpoints.append(name)

    def checkpoint(self) -> None:
        """Keep the memory of every service that ordered, or whose last checkpoint is old."""
        due, self.counts.checkpoints = self.counts.checkpoints, []
        for name in dict.fromkeys(due):
            service = self.services[name]
            if service.memory.now is not None:
                service.kept = service.memory.now
                self.journal.checkpoint(name, service.memory.now, service.memory.to_json())


def _with_aliases(signals: Mapping[str, Signal], aliases: Aliases) -> Mapping[str, Signal]:
    """The user's own names beside the sources' names."""
    if not aliases:
        return signals
    named = dict(signals)
    for name, (source, period) in aliases.items():
        if source in signals:
            named[name] = signals[source]._replace(name=name, period=period)
    return named
