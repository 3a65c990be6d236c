"""The balancer of one service: what the supervisor calls. No threads; lives in the plane's asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable

from . import stats
from .exchange import Exchange, now_ms
from .front import Front
from .settings import BalancerSettings
from .sweep import period_ms, sweep

TICK_S = 0.05
RAMP_MS = 5000
BACKLOG = 4096  # connections the kernel keeps while the plane is busy or being replaced


class Balancer:
    """Accepts HTTP on inherited sockets and hands each request to the least loaded task of one service."""

    def __init__(
        self,
        name: str,
        settings: BalancerSettings,
        objective_ms: int,
        concurrency: int | None,
        on_pressure: Callable[[str], None],
    ) -> None:
        """``concurrency``: requests a task may have at once; None: no limit. ``on_pressure`` gets
        ``"queue"`` or ``"arrivals"``, each at most 5 times a second."""
        self.name = name
        self._exchange = Exchange(settings, objective_ms, concurrency, on_pressure)
        self._fleet = self._exchange.fleet
        self._servers: list[asyncio.Server] = []
        self._clock: asyncio.Task[None] | None = None

    async def serve(self, sock: socket.socket) -> None:
        """Start accepting on an inherited listening socket, which ``close`` will close; returns when accepting."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Front(self._exchange), sock=sock, backlog=BACKLOG)
        self._servers.append(server)
        if self._clock is None:
            self._clock = loop.create_task(self._run_clock())

    def add(self, task: str, port: int, zone: str, revision: str) -> None:
        """Make a task known; it gets no traffic before ``ready``. ValueError when already known."""
        self._fleet.add(task, port, zone, revision)

    def ready(self, task: str, ramp_ms: int = RAMP_MS) -> None:
        """Route to the task. The first time it is warming: its weight rises until its service time is
        like its peers' or ``ramp_ms`` are over, then it is serving. Without serving peers, or with 0, it
        serves at once. KeyError when unknown."""
        self._fleet.ready(self._fleet.tasks[task], now_ms(), ramp_ms)
        self._exchange.pump()

    def unready(self, task: str) -> None:
        """Readiness lost: no new requests while others are ready; above 50 % unready it fails open. Unknown: no-op."""
        known = self._fleet.tasks.get(task)
        if known is not None:
            known.ready = False
            self._fleet.rebuild(now_ms())
            self._exchange.pump()

    async def drain(self, task: str, deadline_ms: int) -> int:
        """No new requests; returns when the task is idle or at the deadline: requests still open (0 when unknown).

        Event streams and upgraded connections count as open."""
        known = self._fleet.tasks.get(task)
        if known is None:
            return 0
        known.draining = True
        self._fleet.rebuild(now_ms())
        if known.in_flight:
            if known.drained is None or known.drained.done():
                known.drained = asyncio.get_running_loop().create_future()
            await asyncio.wait([known.drained], timeout=deadline_ms / 1000)
        return known.in_flight

    def remove(self, task: str) -> None:
        """Close the task's connections. Its in-flight requests that are safe to retry (body-less
        GET/HEAD/OPTIONS, nothing sent to the client yet) go to another task, others get 502. Unknown: no-op."""
        known = self._fleet.tasks.get(task)
        if known is not None:
            self._exchange.forget(known)

    def idlest(self, among: Iterable[str]) -> str:
        """The task with the fewest open requests; ties to the last given. ValueError when empty."""
        tasks = self._fleet.tasks
        return stats.idlest(among, lambda name: tasks[name].in_flight if name in tasks else 0)

    def warming(self, task: str) -> bool:
        """True while the task is routed at ramped weight."""
        known = self._fleet.tasks.get(task)
        return known is not None and known.warming

    def snapshot(self) -> dict[str, object]:
        """The balancer's share of the ``stats`` reply (``offered`` … ``latency``) and under ``tasks``
        ``{task: {"in_flight", "tunnels", "served", "errors", "p95_ms", "ejected_ms", "probing",
        "ejections", "slow"}}``."""
        exchange, now = self._exchange, now_ms()
        tasks = self._fleet.tasks
        return {
            **exchange.counters.to_json(),
            "in_flight": sum(task.in_flight - task.tunnels for task in tasks.values()),
            "tunnels": sum(task.tunnels for task in tasks.values()),
            "connections": len(exchange.fronts),
            "failing_open": self._fleet.failing_open,
            "queue": len(exchange.queue),
            "queue_ms": int(exchange.queue.filled_for(now)),
            "oldest_ms": int(exchange.oldest_ms(now)),
            "open_over": exchange.open_over(now),
            "classes": {} if exchange.classes is None else {one.name: one.to_json() for one in exchange.classes.all},
            "ejected": sum(task.conduct.until > 0 for task in tasks.values()),
            "tasks": stats.tasks_to_json(tasks.values(), now),
        }

    def capacity_hint(self, per_task: float | None) -> None:
        """Requests/s one task carries, as learnt by the controller; None: unknown."""
        self._exchange.pressure.hint = per_task if per_task is not None and per_task > 0 else None

    async def close(self, deadline_ms: int) -> None:
        """Stop accepting, finish what is open, close everything at the deadline. Upgraded connections and event
        streams are not waited for."""
        exchange = self._exchange
        exchange.closing = True
        for server in self._servers:
            server.close()
        for front in list(exchange.fronts):
            if front.current is None:
                front.transport.close()
        if exchange.open:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(exchange.settled.wait(), deadline_ms / 1000)
        if self._clock is not None:
            self._clock.cancel()
        for front in list(exchange.fronts):
            if front.current is not None and not front.current.counted:
                front.transport.abort()
            else:
                front.transport.close()
        for task in list(self._fleet.tasks.values()):
            for back in list(task.backs):
                if back.request is None:
                    back.close()
        exchange.stop_dialling()
        await asyncio.sleep(0)

    async def _run_clock(self) -> None:
        exchange = self._exchange
        period = period_ms(exchange.settings)
        pause_s = min(TICK_S, period / 1000)
        sweep_at = turn_at = now_ms()
        while True:
            await asyncio.sleep(pause_s)
            now = now_ms()
            exchange.tick(now)
            if now >= sweep_at:
                sweep(exchange, now)
                sweep_at = now + period
            if now >= turn_at:
                stats.age(self._fleet.tasks.values())
                turn_at = now + stats.RECENT_MS
