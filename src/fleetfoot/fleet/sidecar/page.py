"""The sidecar's own page, on its own port: ``GET /-/health`` and ``GET /-/alive``, for whoever watches the container.

Not on the port of the traffic: there every path is the app's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

HEALTH, ALIVE = "/-/health", "/-/alive"
_HEAD_S = 5.0
_MAX_HEAD = 8192


class Page:
    """Answers with what ``tell`` says: whether all is well, and the particulars."""

    def __init__(self, tell: Callable[[], tuple[bool, Mapping[str, Any]]]) -> None:
        self._tell = tell

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of one connection."""
        with suppress(OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_HEAD_S):
                head = await reader.readuntil(b"\r\n\r\n")
            words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
            writer.write(self.response(words))
            await writer.drain()
        writer.close()

    def response(self, words: list[str]) -> bytes:
        """The whole response to a request line."""
        method, path = (words[0], words[1].split("?")[0]) if len(words) == 3 else ("", "")
        good, told = self._tell()
        if method not in ("GET", "HEAD"):
            status = 405 if method else 400
        elif path == ALIVE:
            status = 200
        else:
            status = 404 if path != HEALTH else 200 if good else 503
        text = json.dumps(told).encode() + b"\n" if status in (200, 503) else b""
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(text)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        return head.encode() + (b"" if method == "HEAD" else text)
