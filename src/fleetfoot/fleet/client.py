"""Clients of the admin socket: ``PlaneClient`` for asyncio, ``BlockingPlaneClient`` for everything else."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from . import paths

_LONGEST_LINE = 64 << 20
_RETRY_S = 0.1


class PlaneError(RuntimeError):
    """The plane refused, did not answer in time, or is not there; the text says which."""


class Refusal(PlaneError):
    """The plane understood and said no."""


class PlaneClient:
    """Talks to the plane over one connection that is made when needed and made again after an error.

    Overlapping calls wait for each other. Each raises PlaneError.
    """

    def __init__(self, path: Path | str, timeout_ms: int = 2000) -> None:
        """``path``: STATE/plane.sock; ``timeout_ms``: for one call, connecting included."""
        self._path = Path(path)
        self._timeout = timeout_ms / 1000
        self._number = 0
        self._lock = asyncio.Lock()
        self._stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def stats(self) -> dict[str, Any]:
        """All services, as docs/fleet.md has them."""
        return await self.call("stats")

    async def scale(self, service: str, desired: int, order: str = "") -> dict[str, Any]:
        """Set the desired count: ``{"desired": n, "was": m}``."""
        return await self.call("scale", service=service, desired=desired, order=order)

    async def warm(self, service: str, count: int) -> dict[str, Any]:
        """Set the size of the warm pool: ``{"warm_target": n, "was": m}``."""
        return await self.call("warm", service=service, count=count)

    async def zone(self, service: str, zone: str, lost: bool, *, dry: bool = False) -> dict[str, Any]:
        """Mark a zone as lost, or as there again: ``{"lost": [zone, …]}``."""
        return await self.call("zone", service=service, zone=zone, lost=lost, dry=dry)

    async def update(
        self, service: str, settings: Mapping[str, Any], *, force: bool = False, dry: bool = False
    ) -> dict[str, Any]:
        """Bring in changed settings: ``{"begun": whether tasks are replaced, "update": as in stats}``."""
        return await self.call("update", service=service, settings=settings, force=force, dry=dry)

    async def pause(self, service: str, paused: bool) -> dict[str, Any]:
        """Whether replacements that can wait have to."""
        return await self.call("pause", service=service, paused=paused)

    async def hint(self, service: str, throughput: float | None) -> dict[str, Any]:
        """Requests/s one task carries, as learnt."""
        return await self.call("hint", service=service, throughput=throughput)

    async def stop(self) -> dict[str, Any]:
        """Stop the whole fleet in order; returns when that has begun."""
        return await self.call("stop")

    async def call(self, op: str, **args: object) -> dict[str, Any]:
        """One request and its answer."""
        try:
            async with asyncio.timeout(self._timeout), self._lock:
                return await self._exchange(op, args)
        except TimeoutError as error:
            raise PlaneError(f"no answer to {op} within {self._timeout:g} s") from error
        except (OSError, ValueError) as error:
            raise PlaneError(f"the plane at {self._path} does not answer: {error}") from error

    async def watch(self) -> AsyncIterator[dict[str, Any]]:
        """``{"wake": service, "why": word}`` as the plane tells them, for ever: a connection of its own,
        made again when it breaks."""
        while True:
            with contextlib.suppress(OSError, ValueError):
                reader, writer = await self._connect()
                try:
                    writer.write(_request(0, "watch", {}))
                    while line := await reader.readline():
                        told = json.loads(line)
                        if "wake" in told:
                            yield told
                finally:
                    writer.close()
            await asyncio.sleep(_RETRY_S)

    async def close(self) -> None:
        """Close the connection; a later call makes a new one."""
        self._drop()

    async def _exchange(self, op: str, args: dict[str, object]) -> dict[str, Any]:
        self._number += 1
        request, clean = _request(self._number, op, args), False
        try:
            line = b""
            if self._stream is not None:  # the plane may have been replaced since: every op may be repeated
                with contextlib.suppress(OSError):
                    line = await self._ask(*self._stream, request)
                if not line:
                    self._drop()
            if self._stream is None:
                self._stream = await self._connect()
                line = await self._ask(*self._stream, request)
            clean = bool(line)
            return _answer(line, self._number, op)
        finally:
            if not clean:  # an answer may still come: it must not be taken for the next one
                self._drop()

    @staticmethod
    async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
        writer.write(request)
        return await reader.readline()

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream[1].transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        with paths.short(self._path) as name:
            return await asyncio.open_unix_connection(name, limit=_LONGEST_LINE)


class BlockingPlaneClient:
    """The same calls without asyncio, each over a connection of its own. Each raises PlaneError."""

    def __init__(self, path: Path | str, timeout_ms: int = 2000) -> None:
        self._path = Path(path)
        self._timeout = timeout_ms / 1000

    def stats(self) -> dict[str, Any]:
        return self.call("stats")

    def scale(self, service: str, desired: int, order: str = "") -> dict[str, Any]:
        return self.call("scale", service=service, desired=desired, order=order)

    def hint(self, service: str, throughput: float | None) -> dict[str, Any]:
        return self.call("hint", service=service, throughput=throughput)

    def stop(self) -> dict[str, Any]:
        return self.call("stop")

    def call(self, op: str, **args: object) -> dict[str, Any]:
        try:
            with paths.connect(self._path, self._timeout) as sock, sock.makefile("rb") as lines:
                sock.sendall(_request(1, op, args))
                return _answer(lines.readline(), 1, op)
        except TimeoutError as error:
            raise PlaneError(f"no answer to {op} within {self._timeout:g} s") from error
        except (OSError, ValueError) as error:
            raise PlaneError(f"the plane at {self._path} does not answer: {error}") from error


def _request(number: int, op: str, args: dict[str, object]) -> bytes:
    return json.dumps({"id": number, "op": op, **args}, separators=(",", ":")).encode() + b"\n"


def _answer(line: bytes, number: int, op: str) -> dict[str, Any]:
    if not line:
        raise PlaneError("the plane closed the connection without an answer")
    answer = json.loads(line)
    if not isinstance(answer, dict) or answer.get("id") != number:
        raise PlaneError(f"an answer to {op} that does not belong to it")
    if not answer.get("ok"):
        raise Refusal(str(answer.get("error", f"{op} was refused")))
    return answer
