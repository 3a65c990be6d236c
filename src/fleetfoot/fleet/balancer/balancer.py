"""The balancer of one service: what the supervisor calls. No threads; lives in the plane's asyncio loop."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable

from .settings import BalancerSettings


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
        ``"queue"`` or ``"arrivals"``, at most 5 times a second."""
        raise NotImplementedError

    async def serve(self, sock: socket.socket) -> None:
        """Start accepting on an inherited listening socket; returns when accepting."""
        raise NotImplementedError

    def add(self, task: str, port: int, zone: str, revision: str) -> None:
        """Make a task known; it gets no traffic before ``ready``. ValueError when already known."""
        raise NotImplementedError

    def ready(self, task: str, ramp_ms: int = 5000) -> None:
        """Route to the task. The first time it is warming: its weight rises until its service time is
        like its peers' or ``ramp_ms`` are over, then it is serving. Without peers it serves at once."""
        raise NotImplementedError

    def unready(self, task: str) -> None:
        """Readiness lost: no new requests while others are ready; above 50 % unready it fails open."""
        raise NotImplementedError

    async def drain(self, task: str, deadline_ms: int) -> int:
        """No new requests; returns when the task is idle or at the deadline: requests still open."""
        raise NotImplementedError

    def remove(self, task: str) -> None:
        """Close the task's connections. Its in-flight requests that are safe to retry (body-less
        GET/HEAD, nothing sent to the client yet) go to another task, others get 502. Unknown: no-op."""
        raise NotImplementedError

    def idlest(self, among: Iterable[str]) -> str:
        """The task with the fewest open requests; ties to the last given. ValueError when empty."""
        raise NotImplementedError

    def warming(self, task: str) -> bool:
        """True while the task is routed at ramped weight."""
        raise NotImplementedError

    def snapshot(self) -> dict[str, object]:
        """The balancer's share of the ``stats`` reply (``offered`` … ``latency``) and under ``tasks``
        ``{task: {"in_flight", "served", "errors", "p95_ms"}}``."""
        raise NotImplementedError

    def capacity_hint(self, per_task: float | None) -> None:
        """Requests/s one task carries, as learnt by the controller; None: unknown."""
        raise NotImplementedError

    async def close(self, deadline_ms: int) -> None:
        """Stop accepting, finish what is open, close everything at the deadline."""
        raise NotImplementedError
