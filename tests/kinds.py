"""A balancer of any kind, on real sockets. Where kinds may differ, docs/haproxy.md says how."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fleetfoot.fleet.balancer import BalancerSettings
from fleetfoot.fleet.balancers import AnyBalancer, make_balancer
from tests.balancers import Upstream, World, listening, until
from tests.support import short_tmp


class Fleet(World):
    """The same world for every kind; ``told`` waits until the balancer acts on what it was told."""

    async def told(self) -> None:
        balancer: Any = self.balancer
        await until(lambda: getattr(balancer, "settled", True), "the balancer to be told")

    async def task(self, name: str, *args: Any, **options: Any) -> Upstream:
        task = await super().task(name, *args, **options)
        await self.told()
        return task

    async def last_words(self, raw: bytes) -> bytes:
        """Say this and close the sending side: all that comes back."""
        client = await self.connect()
        client.send(raw)
        client.writer.write_eof()
        return await client.rest()

    async def counted(self, **counts: int) -> None:
        """Wait until the statistics say so."""
        await until(lambda: all(self.stat(name) == count for name, count in counts.items()), f"{counts}")


@contextlib.asynccontextmanager
async def fleet(
    kind: str, *, objective_ms: int = 60_000, concurrency: int | None = None, checked: bool = True, **settings: Any
) -> AsyncIterator[Fleet]:
    """A balancer with these settings. At the end every request offered must have had exactly one end (``checked``)."""
    pressure: list[str] = []
    with short_tmp() as state:
        balancer = make_balancer(
            kind, "test", BalancerSettings(**settings), objective_ms, concurrency, pressure.append, state
        )
        sock = listening()
        port = sock.getsockname()[1]
        await balancer.serve(sock)
        here = Fleet(balancer, port)  # type: ignore[arg-type]
        here.pressure = pressure
        try:
            yield here
            for client in here.clients:
                client.close()
            if checked:
                await until(lambda: here.stat("offered") == here.ends(), f"every request to end: {balancer.snapshot()}")
                await here.counted(in_flight=0, queue=0)
        finally:
            for task in here.tasks.values():
                task.gate.set()
            await balancer.close(1000)
            for task in here.tasks.values():
                task.kill()


def balancer_of(here: Fleet) -> AnyBalancer:
    return here.balancer


# Tasks that fail.
