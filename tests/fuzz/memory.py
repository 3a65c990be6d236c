"""The balancer's own protocols over pipes in memory, with one task that reads with h11."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fleetfoot.fleet.balancer.back import Back
from fleetfoot.fleet.balancer.exchange import Exchange
from fleetfoot.fleet.balancer.settings import BalancerSettings
from fleetfoot.fleet.balancer.tasks import Task
from tests.fuzz.oracle import Reader, Seen

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Pipe:
    """A transport in memory: what is written goes to ``on_write`` at once, its end to the protocol a turn later."""

    def __init__(self, protocol: Any, on_write: Callable[[bytes], None]) -> None:
        self.protocol, self.on_write = protocol, on_write
        self.closing = False

    def write(self, data: bytes) -> None:
        if not self.closing:
            self.on_write(data)

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close

    def is_closing(self) -> bool:
        return self.closing

    def write_eof(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str) -> Any:
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}.get(name)


class InMemory(Exchange):
    """The exchange, with one task that is an h11 reader."""

    def __init__(self) -> None:
        super().__init__(BalancerSettings(), 60_000, None, lambda _: None)
        self.readers: list[Reader] = []
        self.order: list[Seen] = []
        self.fleet.ready(self.fleet.add("t1", 1, "a", "r"), 0.0, 0.0)

    async def connect(self, task: Task) -> tuple[Back | None, bool]:
        back = Back(self, task)
        loop = asyncio.get_running_loop()

        def on_whole() -> None:
            loop.call_soon(self._answer, back)

        reader = Reader(on_whole)

        def on_write(data: bytes) -> None:
            before = len(reader.seen)
            reader.feed(data)
            self.order += reader.seen[before:]
            if reader.broken:
                raise AssertionError(f"h11 cannot read what the balancer sent: {reader.broken}: {data!r}")

        back.connection_made(Pipe(back, on_write))  # type: ignore[arg-type]
        return back, False

    @staticmethod
    def _answer(back: Back) -> None:
        if not back.transport.is_closing():
            back.data_received(ANSWER)
