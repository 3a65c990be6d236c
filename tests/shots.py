"""Open-loop load whose every request has a name.

``fleetfoot load`` counts; here it must be known of each request what became of it, and in which task, so every one
bears its number in its path, and tests/apps/faulty.py writes down which it saw. Nothing is retried.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support import wait_until

PATIENCE_S = 30.0  # for an answer; a deadline that no working fleet meets, never a figure


KEPT_S = 1.0  # how long a connection of the client may be idle and still be used


@dataclass(eq=False)
class Shot:
    """One request. Times are CLOCK_MONOTONIC seconds; status 0: no answer, ``why`` says more."""

    name: str
    unsafe: bool  # a POST: must not be sent twice
    sent: float
    ended: float = 0.0
    status: int = 0
    why: str = ""

    @property
    def ok(self) -> bool:
        return self.status == 200

    @property
    def lost(self) -> bool:
        return self.ended > 0 and not self.ok

    def during(self, start: float, end: float) -> bool:
        return self.sent <= end and self.ended >= start


class Load:
    """``rate`` requests/s in step, two GET and two POST in turn, whatever becomes of those before.

    Two and two: where two tasks take turns, either sees both.
    """

    def __init__(self, port: int, rate: float = 100, *, unsafe: bool | None = None, prefix: str = "") -> None:
        """``unsafe``: only POST (True), only GET (False). ``prefix`` of the names tells several loads apart."""
        self.shots: list[Shot] = []
        self._port, self._gap, self._unsafe, self._prefix = port, 1 / rate, unsafe, prefix
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    @contextmanager
    def going(self) -> Iterator[Load]:
        """Leaving it waits for every answer."""
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join(PATIENCE_S + 5)

    def more(self, count: int) -> None:
        """Wait for so many further good answers."""
        goal = sum(shot.ok for shot in list(self.shots)) + count
        wait_until(lambda: sum(s.ok for s in list(self.shots)) >= goal, what=f"{count} more answers: {self.words()}")

    def failed(self) -> list[Shot]:
        """Those that ended, and not well."""
        return [shot for shot in list(self.shots) if shot.lost]

    def words(self) -> dict[str, int]:
        """How the requests ended, counted."""
        return dict(Counter(f"{s.status or s.why or 'open'}{' POST' if s.unsafe else ''}" for s in list(self.shots)))

    async def _run(self) -> None:
        begun, asked = time.monotonic(), set()
        for number in itertools.count():
            await asyncio.sleep(max(0.0, begun + number * self._gap - time.monotonic()))  # sleep: until it is due
            if self._over.is_set():
                break
            unsafe = number % 4 >= 2 if self._unsafe is None else self._unsafe
            shot = Shot(f"{self._prefix}{number}", unsafe, time.monotonic())
            self.shots.append(shot)
            task = asyncio.create_task(self._ask(shot))
            asked.add(task)
            task.add_done_callback(asked.discard)
        await asyncio.gather(*asked)
        for _, writer, _ in self._idle:
            writer.close()

    async def _ask(self, shot: Shot) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._exchange(shot)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
            shot.status, shot.why = 0, type(error).__name__
        shot.ended = time.monotonic()

    async def _exchange(self, shot: Shot) -> None:
        reader, writer = await self._connection()
        kept = False
        try:
            method, body = ("POST", "hi") if shot.unsafe else ("GET", "")
            length = f"content-length: {len(body)}\r\n" if body else ""
            writer.write(f"{method} /{shot.name} HTTP/1.1\r\nhost: x\r\n{length}\r\n{body}".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            lines = head.split("\r\n")
            length = next((line[15:] for line in lines if line.startswith("content-length:")), "0")
            got = await reader.readexactly(int(length))
            if "transfer-encoding" in head:
                raise ValueError("chunks are not expected")
            shot.status = int(lines[0].split()[1])
            if shot.ok and got.decode() != shot.name:
                raise ValueError("the answer to another request")
            kept = "connection: close" not in lines
        finally:
            if kept:
                self._idle.append((reader, writer, time.monotonic()))
            else:
                writer.transport.abort()

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer, since = self._idle.pop()
            if time.monotonic() - since < KEPT_S and not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)
