"""The admin socket: JSON lines over a unix socket that only the owner may open.

A request is ``{"id": n, "op": name, …}``, its answer ``{"id": n, "ok": true, …}`` or ``{"id": n, "ok": false,
"error": text}``, in order; the op is told the process that asks as ``peer``. A connection that asked for ``watch``
also gets ``{"wake": service, "why": word}``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import paths
from .clock import mono_ms
from .supervisor import Refused

log = logging.getLogger("fleetfoot.fleet")
Op = Callable[[Mapping[str, Any]], Mapping[str, Any]]

_LONGEST_LINE = 1 << 20
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
_WAKE_GAP_MS = 200  # at most 5 wakes a second and service
_SLOW_READER = 1 << 16  # bytes a watcher may leave unread before it gets no more wakes


class Admin:
    """Serves ``ops``; an op that raises Refused, KeyError, TypeError or ValueError is answered with its text."""

    def __init__(self, ops: Mapping[str, Op]) -> None:
        self._ops = ops
        self._watchers: set[asyncio.StreamWriter] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._woken: dict[str, int] = {}  # service -> when it was last told
        self._later: dict[str, asyncio.TimerHandle] = {}
        self._server: asyncio.Server | None = None

    async def serve(self, path: Path) -> None:
        """Listen at ``path``. OSError when that cannot be."""
        sock = paths.listen(path)
        self._server = await asyncio.start_unix_server(self._talk, sock=sock, limit=_LONGEST_LINE)

    async def close(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
        for timer in self._later.values():
            timer.cancel()
        for writer in list(self._writers):
            writer.close()

    def wake(self, service: str, why: str) -> None:
        """Tell the watchers at once, or at the end of the gap when they were told just now."""
        if service in self._later:
            return
        wait = self._woken.get(service, -_WAKE_GAP_MS) + _WAKE_GAP_MS - mono_ms()
        if wait > 0:
            loop = asyncio.get_running_loop()
            self._later[service] = loop.call_later(wait / 1000, self._tell, service, why)
        else:
            self._tell(service, why)

    def _tell(self, service: str, why: str) -> None:
        self._later.pop(service, None)
        self._woken[service] = mono_ms()
        line = _line({"wake": service, "why": why})
        for writer in self._watchers:
            if writer.transport.get_write_buffer_size() < _SLOW_READER:
                writer.write(line)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                writer.write(_line(self._answer(line, writer)))
                await writer.drain()
        except (OSError, ValueError):  # gone, or a line without an end
            pass
        finally:
            self._watchers.discard(writer)
            self._writers.discard(writer)
            writer.close()

    def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> dict[str, Any]:
        number: object = None
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ValueError("a request is an object")
            number = request.get("id")
            if request.get("op") == "watch":
                self._watchers.add(writer)
                return {"id": number, "ok": True}
            op = self._ops.get(str(request.get("op")))
            if op is None:
                raise ValueError(f"unknown op {request.get('op')!r}; known: {', '.join(sorted([*self._ops, 'watch']))}")
            return {"id": number, "ok": True, **op({**request, "peer": _peer(writer)})}
        except KeyError as error:
            return {"id": number, "ok": False, "error": f"{error.args[0]!r} is missing"}
        except (Refused, TypeError, ValueError) as error:
            return {"id": number, "ok": False, "error": str(error)}


def _peer(writer: asyncio.StreamWriter) -> int:
    """The pid at the other end, as the kernel knows it."""
    credentials = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, _, _ = _CREDENTIALS.unpack(credentials)
    return int(pid)


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
