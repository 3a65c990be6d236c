"""The balancers there are: ``embedded`` (our own, the default) and ``haproxy``."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from .balancer import Balancer, BalancerSettings

KINDS = ("embedded", "haproxy")


class AnyBalancer(Protocol):
    """What the supervisor calls; balancer/balancer.py says what each does."""

    name: str

    async def serve(self, sock: socket.socket) -> None: ...
    def add(self, task: str, port: int, zone: str, revision: str) -> None: ...
    def ready(self, task: str, ramp_ms: int = ...) -> None: ...
    def unready(self, task: str) -> None: ...
    async def drain(self, task: str, deadline_ms: int) -> int: ...
    def remove(self, task: str) -> None: ...
    def idlest(self, among: Iterable[str]) -> str: ...
    def warming(self, task: str) -> bool: ...
    def snapshot(self) -> Mapping[str, Any]: ...
    def capacity_hint(self, per_task: float | None) -> None: ...
    async def close(self, deadline_ms: int) -> None: ...


def make_balancer(
    kind: str,
    name: str,
    settings: BalancerSettings,
    objective_ms: int,
    concurrency: int | None,
    on_pressure: Callable[[str], None],
    state: Path,
) -> AnyBalancer:
    """One service's balancer. ``state``: the state folder, where HAProxy's files go. ValueError for another kind."""
    if kind == "embedded":
        return Balancer(name, settings, objective_ms, concurrency, on_pressure)
    if kind != "haproxy":
        raise ValueError(f"there is no balancer of the kind {kind!r}; there are {', '.join(KINDS)}")
    from .haproxy.balancer import HAProxyBalancer

    return HAProxyBalancer(name, settings, objective_ms, concurrency, on_pressure, state / "haproxy" / name)
