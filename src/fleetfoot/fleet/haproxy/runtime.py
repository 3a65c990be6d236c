"""The runtime socket: one connection, kept open in HAProxy's interactive mode; one question at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fleetfoot.fleet import paths

_PROMPT = b"\n> "
_PATIENCE_S = 5.0
_MOST_BYTES = 1 << 26  # an answer about thousands of servers


class Silent(Exception):
    """HAProxy did not answer, or is gone; the text says which."""


class Runtime:
    """``ask`` connects when it has to, so that a new process at the same path is simply asked next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, *commands: str) -> list[str]:
        """The answer to each command, without white space around it. Raises Silent."""
        if not commands:
            return []
        async with self._lock:
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    return await self._ask(commands)
            except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
                self.close()
                raise Silent(f"HAProxy does not answer on its runtime socket: {error!r}") from error
            except asyncio.CancelledError:
                self.close()  # what answer would come next is not known
                raise

    async def _ask(self, commands: tuple[str, ...]) -> list[str]:
        if self._streams is None:
            sock = paths.connect(self._path, _PATIENCE_S)
            sock.setblocking(False)
            self._streams = await asyncio.open_unix_connection(sock=sock, limit=_MOST_BYTES)
            self._streams[1].write(b"prompt\n")
            await self._streams[0].readuntil(_PROMPT)
        reader, writer = self._streams
        answers = []
        for command in commands:
            writer.write(command.encode() + b"\n")
            answers.append((await reader.readuntil(_PROMPT))[: -len(_PROMPT)].decode("utf-8", "replace").strip())
        return answers

    def close(self) -> None:
        """Hang up; the next question connects again."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
