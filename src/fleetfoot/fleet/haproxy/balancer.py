"""HAProxy with the embedded balancer's interface. No threads; lives in the plane's asyncio loop.

What is wanted is kept in ``Fleet`` and changes at once; HAProxy is brought to it right after, and again from nothing
whenever it was started anew. What it counts is read every 200 ms: a snapshot is that old at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

from fleetfoot.fleet import state
from fleetfoot.fleet.balancer import BalancerSettings, stats
from fleetfoot.fleet.balancer.balancer import RAMP_MS
from fleetfoot.fleet.balancer.exchange import now_ms
from fleetfoot.fleet.balancer.pressure import Pressure

from .child import Child, NotStarted
from .orders import Orders
from .program import Unusable
from .rows import parse
from .runtime import Silent
from .sight import Sight
from .tasks import Fleet

log = logging.getLogger("fleetfoot.fleet")
_FINE = ("New server registered", "Already exists")  # what HAProxy says besides nothing when it obeyed
_GONE = ("Server deleted", "No such server")
LOOK_MS = 200.0
HASTY_MS = 20.0  # between two looks in the first moments of draining
HASTE_MS = 500.0
_LATER_S = 0.1
_LONGEST_WAIT_S = 10.0  # before another start of an HAProxy that keeps ending


class HAProxyBalancer:
    """Gives one listening socket to an HAProxy of its own and tells it which tasks to use."""

    def __init__(
        self,
        name: str,
        settings: BalancerSettings,
        objective_ms: int,
        concurrency: int | None,
        on_pressure: Callable[[str], None],
        folder: Path,
    ) -> None:
        """As the embedded one; ``folder`` is where HAProxy's files go, and nobody else's."""
        self.name = name
        self._fleet = Fleet(concurrency)
        self._sight = Sight(self._fleet, objective_ms, Pressure(on_pressure), now_ms())
        self._child = Child(folder, settings, self._sight.log)
        self._orders = Orders()
        self._changed = asyncio.Event()  # what is wanted
        self._seen = asyncio.Event()  # set, and replaced, at every look
        self._telling = False
        self._hasty_until = 0.0
        self._sock: socket.socket | None = None
        self._clock: asyncio.Task[None] | None = None
        self._looked = self._turned = now_ms()
        self._closing = False

    async def serve(self, sock: socket.socket) -> None:
        """Start HAProxy on an inherited listening socket, which ``close`` will close; returns when it is accepting.

        RuntimeError for a second socket; NotStarted or Unusable, with a text for the user, when it cannot run."""
        if self._sock is not None:
            raise RuntimeError("one HAProxy serves one socket")
        sock.listen(4096)
        self._sock = sock
        await self._child.start(sock)
        await self._tell()
        self._clock = asyncio.get_running_loop().create_task(self._run_clock())

    def add(self, task: str, port: int, zone: str, revision: str) -> None:  # noqa: ARG002 - as the embedded one
        """Make a task known; it gets no traffic before ``ready``. ValueError when already known."""
        self._fleet.add(task, port)
        self._changed.set()

    def ready(self, task: str, ramp_ms: int = RAMP_MS) -> None:
        """Route to the task; see the embedded balancer. KeyError when unknown."""
        self._fleet.ready(self._fleet.tasks[task], now_ms(), ramp_ms)
        self._changed.set()

    def unready(self, task: str) -> None:
        """Readiness lost: no new requests while others are ready; above 50 % unready it fails open. Unknown: no-op."""
        known = self._fleet.tasks.get(task)
        if known is not None:
            known.ready = False
            self._fleet.choose(now_ms())
            self._changed.set()

    async def drain(self, task: str, deadline_ms: int) -> int:
        """No new requests; returns when the task is idle or at the deadline: requests still open (0 when unknown).

        Event streams and upgraded connections count as open."""
        known = self._fleet.tasks.get(task)
        if known is None:
            return 0
        known.draining, known.drained = True, False
        self._fleet.choose(now_ms())
        self._changed.set()
        now = now_ms()
        deadline, self._hasty_until = now + deadline_ms, now + HASTE_MS
        while self._clock is not None and not known.drained and self._fleet.tasks.get(task) is known:
            try:
                async with asyncio.timeout(max(0.0, deadline - now_ms()) / 1000):
                    await self._seen.wait()
            except TimeoutError:
                break
        return known.open

    def remove(self, task: str) -> None:
        """Cut what is open on the task: what is safe to retry goes to another, others get 502. Unknown: no-op."""
        known = self._fleet.tasks.pop(task, None)
        if known is not None:
            self._orders.forget(known.server)
            self._fleet.choose(now_ms())
            self._changed.set()

    def idlest(self, among: Iterable[str]) -> str:
        """The task with the fewest open requests; ties to the last given. ValueError when empty."""
        tasks = self._fleet.tasks
        return stats.idlest(among, lambda name: tasks[name].open if name in tasks else 0)

    def warming(self, task: str) -> bool:
        """True while the task is routed at ramped weight."""
        known = self._fleet.tasks.get(task)
        return known is not None and known.warming

    def snapshot(self) -> dict[str, object]:
        """The embedded balancer's keys; docs/haproxy.md says which of them are estimates or always 0."""
        now, tasks = now_ms(), self._fleet.tasks
        return {
            **self._sight.to_json(now),
            "failing_open": self._fleet.failing_open,
            "classes": {},
            "ejected": sum(task.conduct.until > 0 for task in tasks.values()),
            "tasks": stats.tasks_to_json(tasks.values(), now),
        }

    @property
    def pid(self) -> int:
        """Of the present HAProxy; 0 before ``serve``."""
        return self._child.pid

    @property
    def settled(self) -> bool:
        """HAProxy knows everything it was to be told; a few ms after each change."""
        return not self._telling and not self._changed.is_set()

    def capacity_hint(self, per_task: float | None) -> None:
        """Requests/s one task carries, as learnt by the controller; None: unknown."""
        self._sight.pressure.hint = per_task if per_task is not None and per_task > 0 else None

    async def close(self, deadline_ms: int) -> None:
        """Stop accepting, finish what is open, close everything at the deadline. Upgraded connections and event
        streams are not waited for."""
        if self._closing:
            return
        self._closing = True
        if self._clock is not None:
            self._clock.cancel()
            await asyncio.wait([self._clock])
            self._clock = None
            await self._finish(now_ms() + deadline_ms)
        await self._child.end()
        if self._sock is not None:
            self._sock.close()
        self._sight.close()

    async def _finish(self, deadline: float) -> None:
        """The last requests: HAProxy accepts no more, and ends by itself when no connection is left."""
        with contextlib.suppress(Silent, ValueError):
            await self._tell()
            await self._look()  # so that we are connected: now is the last time
        self._child.signal(signal.SIGUSR1)
        while self._child.running and now_ms() < deadline:
            with contextlib.suppress(Silent, ValueError):
                await self._look()
                if not self._sight.queue and not self._sight.in_flight:
                    break
            await asyncio.sleep(HASTY_MS / 1000)

    # the clock

    async def _run_clock(self) -> None:
        failed = 0
        while not self._closing:
            with contextlib.suppress(TimeoutError):  # not wait_for: that one may swallow a cancellation
                async with asyncio.timeout(self._until_look()):
                    await self._changed.wait()
            self._changed.clear()
            try:
                await self._beat()
                failed = 0
            except (Silent, ValueError) as error:
                if self._child.running:
                    log.warning("%s: %s", self.name, error)
                    await asyncio.sleep(_LATER_S)
                else:
                    await asyncio.sleep(0 if not failed else min(_LATER_S * 2**failed, _LONGEST_WAIT_S))
                    failed += 1
                    await self._revive()

    def _until_look(self) -> float:
        now = now_ms()
        return max(0.0, self._looked + (HASTY_MS if now < self._hasty_until else LOOK_MS) - now) / 1000

    async def _beat(self) -> None:
        await self._tell()
        if self._until_look() > 0:
            return
        await self._look()
        self._fleet.tick(now_ms())
        self._fleet.judge(now_ms())
        await self._tell()
        now = now_ms()
        self._sight.press(now)
        if now - self._turned >= stats.RECENT_MS:
            self._turned = now
            state.bound(self._child.folder / "haproxy.log")
            stats.age(self._fleet.tasks.values())

    async def _revive(self) -> None:
        """A new HAProxy in the place of one that ended. Clients that connect meanwhile wait in the kernel."""
        assert self._sock is not None
        log.warning("%s: HAProxy ended; a new one takes over", self.name)
        self._child.runtime.close()
        self._sight.over()
        self._orders = Orders()
        self._fleet.restarted()
        self._fleet.choose(now_ms())
        try:
            await self._child.start(self._sock)
        except (NotStarted, Unusable) as error:
            log.error("%s: %s", self.name, error)
        self._changed.set()

    # HAProxy

    async def _tell(self) -> None:
        """Bring HAProxy to what is wanted. Raises Silent."""
        self._telling = True
        commands = self._orders.to(self._fleet.wanted(now_ms()))
        try:
            for command, answer in zip(commands, await self._child.runtime.ask(*commands), strict=True):
                if answer and not answer.startswith(_FINE):
                    log.warning("%s: HAProxy says to %r: %s", self.name, command, answer.splitlines()[0])
            for server, deletion in self._orders.deletions():
                answers = await self._child.runtime.ask(*deletion)
                if all(answer.startswith(_GONE) for answer in answers[2::3]):
                    self._orders.deleted(server)
        except (Silent, asyncio.CancelledError):
            self._orders.doubt()
            raise
        self._telling = False

    async def _look(self) -> None:
        """Read what HAProxy counts. Raises Silent, or ValueError when it makes no sense."""
        draining = [task for task in self._fleet.tasks.values() if self._orders.drains(task.server)]
        (text,) = await self._child.runtime.ask("show stat")
        rows = parse(text)
        self._looked = now_ms()
        self._sight.see(rows, self._looked)
        for task in draining:
            task.drained = not task.open
        self._seen.set()
        self._seen = asyncio.Event()
