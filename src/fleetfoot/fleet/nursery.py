"""The plane's side of a zygote: starts it when the first task is asked of it, and again when it died."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from . import exits, files, proc
from .exits import Exits
from .settings import ServiceSettings
from .strays import ZYGOTE_MARK

_ROOT = Path(__file__).parents[2]
_CODE = (
    "import sys; sys.path.append(sys.argv[1]); from fleetfoot.fleet import zygote; sys.exit(zygote.main(sys.argv[2]))"
)
_FORK_S = 10


class Fork(NamedTuple):
    """A task that is being forked."""

    zone: str
    port: int
    warm: bool


class Failed(Exception):
    """No task can be forked; the text says why."""


class Zygote:
    """One zygote process, of one app and one revision."""

    def __init__(self, settings: ServiceSettings, env: Mapping[str, str], log: Path, ended: Exits) -> None:
        """Starts it. OSError when it cannot be."""
        self._ended = ended
        self._forks: dict[str, asyncio.Future[tuple[int, int]]] = {}
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ready.add_done_callback(lambda done: done.exception())  # who waits for it is told; nobody may
        self.failed = ""  # why no further task comes from it
        self._grace_s = settings.health.grace_ms / 1000
        ours, theirs = socket.socketpair()
        whole = {**os.environ, **settings.env, **env, "FLEETFOOT_REVISION": settings.revision}
        whole |= {"FLEETFOOT_SERVICE": settings.name, ZYGOTE_MARK: settings.name, "PYTHONUNBUFFERED": "1"}
        options = json.dumps({"app": settings.app, "link": theirs.fileno()})
        with theirs, log.open("ab") as out:
            child = subprocess.Popen(
                [sys.executable, "-P", "-c", _CODE, str(_ROOT), options],
                cwd=settings.directory or None,
                env=whole,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        child.returncode = 0  # we wait for it by pidfd; Popen must not
        files.give_back(child.pid)
        self.pid, self.start = child.pid, proc.start_time(child.pid) or 0
        ours.setblocking(False)
        self._writer: asyncio.StreamWriter | None = None
        self._life = asyncio.create_task(self._listen(ours))

    async def fork(self, task: str, env: Mapping[str, str], log: Path) -> tuple[int, int]:
        """Pid and start time of a new task. Raises Failed."""
        try:
            async with asyncio.timeout(self._grace_s):
                await asyncio.shield(self._ready)
        except TimeoutError:
            self._give_up("the app is still being imported")
        if self.failed or self._writer is None:
            raise Failed(self.failed or "the zygote is gone")
        made = self._forks[task] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"fork": task, "env": env, "log": str(log)}).encode() + b"\n")
        try:
            async with asyncio.timeout(_FORK_S):
                pid, start = await made
        except TimeoutError:
            self._give_up("the zygote does not answer")
            raise Failed(self.failed) from None
        finally:
            self._forks.pop(task, None)
        return pid, start

    async def close(self) -> None:
        """End it and wait for that; its tasks run on."""
        self._give_up("the fleet stops")
        await self._life

    def _give_up(self, why: str) -> None:
        self.failed = self.failed or why
        proc.kill(self.pid, self.start, signal.SIGKILL)

    async def _listen(self, link: socket.socket) -> None:
        reader, self._writer = await asyncio.open_unix_connection(sock=link)
        try:
            while line := await reader.readline():
                self._hear(json.loads(line))
        except (OSError, ValueError):
            pass
        self._writer.close()
        code = await self._ended.ended(self.pid, self.start)
        self.failed = self.failed or f"the zygote {exits.name(code)}"
        waits: list[asyncio.Future[Any]] = [self._ready, *self._forks.values()]
        for waiting in waits:
            if not waiting.done():
                waiting.set_exception(Failed(self.failed))

    def _hear(self, word: Mapping[str, Any]) -> None:
        if "exit" in word:
            self._ended.report(*word["exit"])
        elif "failed" in word:
            self.failed = str(word["failed"])
            self._ready.set_exception(Failed(self.failed))
        elif "ready" in word:
            self._ready.set_result(None)
        elif (waiting := self._forks.get(str(word.get("forked", word.get("refused"))))) and not waiting.done():
            if "forked" in word:
                waiting.set_result((word["pid"], word["start"]))
            else:
                waiting.set_exception(Failed(word["why"]))
