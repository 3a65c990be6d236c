"""Long transfers over a scale-in: downloads, uploads and WebSockets on tasks that ignore SIGTERM."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from fleetfoot.fleet.client import BlockingPlaneClient
from tests.faults import Fleet

PIECE_S = 0.05
PIECE = b"x" * 100
SLACK_S = 0.2  # between the order as sent and as carried out
WAYS = ("downloads", "uploads", "websockets")


@dataclass
class Transfers:
    """What became of them: ``whole`` and ``cut``, by way; times are CLOCK_MONOTONIC seconds."""

    whole: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WAYS, 0))
    cut: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    ordered: float = 0.0
    going: int = 0

    def cut_before(self, moment: float) -> int:
        """Cut so early."""
        return sum(at < moment for times in self.cut.values() for at in times)


def scale_in(fleet: Fleet, seconds: float, each: int, allowed_s: float) -> Transfers:
    """``each`` transfers of each way take ``seconds``; once all are going, all tasks but one are to leave, whose drain
    and stop timeout are ``allowed_s`` together. A WebSocket goes on until it is cut, or a while longer than allowed."""
    return asyncio.run(_scale_in(fleet, seconds, each, allowed_s))


async def _scale_in(fleet: Fleet, seconds: float, each: int, allowed_s: float) -> Transfers:
    made = Transfers()

    async def one(way: str, work: Any) -> None:
        try:
            await work
            made.whole[way] += 1
        except (OSError, asyncio.IncompleteReadError):
            made.cut[way].append(time.monotonic())

    works = [one("downloads", _download(fleet.port, seconds, made)) for _ in range(each)]
    works += [one("uploads", _upload(fleet.port, seconds, made)) for _ in range(each)]
    works += [one("websockets", _websocket(fleet.port, allowed_s + 2, made)) for _ in range(each)]
    running = [asyncio.create_task(work) for work in works]
    while made.going < len(works):  # noqa: ASYNC110 - what is waited for is in other tasks
        await asyncio.sleep(0.01)  # sleep: until every transfer has begun
    made.ordered = time.monotonic()
    await asyncio.to_thread(BlockingPlaneClient(fleet.state / "plane.sock").scale, "orders", 1)
    await asyncio.gather(*running)
    return made


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _download(port: int, seconds: float, made: Transfers) -> None:
    async with connection(port) as (reader, writer):
        writer.write(f"GET /drip/{seconds:g} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        made.going += 1
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))


async def _upload(port: int, seconds: float, made: Transfers) -> None:
    async with connection(port) as (reader, writer):
        pieces = round(seconds / PIECE_S)
        writer.write(f"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: {pieces * len(PIECE)}\r\n\r\n".encode())
        made.going += 1
        begun = time.monotonic()
        for number in range(pieces):
            await asyncio.sleep(begun + (number + 1) * PIECE_S - time.monotonic())  # sleep: how slow the client is
            writer.write(PIECE)
            await writer.drain()
        if not (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200"):
            raise ConnectionError("not answered well")


async def _websocket(port: int, seconds: float, made: Transfers) -> None:
    async with connection(port) as (reader, writer):
        writer.write(
            b"GET /ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"
        )
        if b"101" not in (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0]:
            raise ConnectionError("not upgraded")
        made.going += 1
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            writer.write(PIECE)
            await reader.readexactly(len(PIECE))
            await asyncio.sleep(PIECE_S)  # sleep: one message after the other
