"""How a process ended, in words, and how the plane gets to know of it."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress

from . import proc

KILLED = "killed or out of memory"
NAMES = {
    126: "not executable",
    127: "command not found",
    134: "aborted",
    137: KILLED,
    139: "segmentation fault",
    143: "terminated",
}
OUT_OF_MEMORY = "out of memory"
STOP_TIMEOUT = "killed after the stop timeout"
UNKNOWN = -1  # it ended while nobody who could ask was its parent


def shell_code(returncode: int) -> int:
    """The code a shell would show: 128 + n for a process that signal n ended."""
    return 128 - returncode if returncode < 0 else returncode


def wait_code(status: int) -> int:
    """The same from the status of ``waitpid``."""
    return shell_code(os.waitstatus_to_exitcode(status))


def name(code: int, *, oom: bool = False, ours: bool = False) -> str:
    """Words for an exit code. ``oom``: the kernel just ended a process for lack of memory;
    ``ours``: we sent the SIGKILL ourselves."""
    if code == UNKNOWN:
        return "exit code unknown"
    if code == 137 and ours:
        return STOP_TIMEOUT
    if code == 137 and oom:
        return OUT_OF_MEMORY
    return NAMES.get(code, f"exited with code {code}")


class OomWatch:
    """Did the kernel's count of out-of-memory kills rise within the last two to three seconds?"""

    def __init__(self, count: Callable[[], int] = proc.oom_kills) -> None:
        self._count = count
        self._samples: deque[int] = deque([count()], maxlen=3)

    def sample(self) -> None:
        """Call once a second."""
        self._samples.append(self._count())

    def rose(self) -> bool:
        return self._count() > self._samples[0]


class Exits:
    """Waits for tasks to end: own children by pidfd and waitpid, adopted ones by pidfd, their code by
    the keeper, whose children they are. Must be used inside the running loop."""

    def __init__(self, patience_ms: int = 500) -> None:
        self.oom = OomWatch()
        self._patience = patience_ms / 1000
        self._reported: dict[tuple[int, int], int] = {}
        self._waiting: dict[tuple[int, int], asyncio.Future[int]] = {}

    def report(self, pid: int, start: int, code: int) -> None:
        """The keeper reaped this process. Kept, at most 1024, until somebody asks."""
        waiting = self._waiting.get((pid, start))
        if waiting is not None and not waiting.done():
            waiting.set_result(code)
            return
        self._reported[pid, start] = code
        while len(self._reported) > 1024:
            del self._reported[next(iter(self._reported))]

    def ended(self, pid: int, start: int) -> Coroutine[None, None, int]:
        """Coroutine that returns the exit code once the process is gone, UNKNOWN when nobody can tell."""
        return self._ended(pid, start)

    async def _ended(self, pid: int, start: int) -> int:
        await _gone(pid, start)
        with suppress(ChildProcessError):
            reaped, status = os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 - does not block
            if reaped == pid:
                return wait_code(status)
        if (pid, start) in self._reported:
            return self._reported.pop((pid, start))
        waiting = self._waiting[pid, start] = asyncio.get_running_loop().create_future()
        try:
            return await asyncio.wait_for(waiting, self._patience)
        except TimeoutError:
            return UNKNOWN
        finally:
            del self._waiting[pid, start]


def _resolve(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


async def _gone(pid: int, start: int) -> None:
    """Return when the process has ended (a zombie has)."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except OSError:  # a sandbox without pidfd
        while proc.alive(pid, start):  # noqa: ASYNC110 - there is nothing to be told by
            await asyncio.sleep(0.05)
        return
    loop = asyncio.get_running_loop()
    try:
        if not proc.alive(pid, start):
            return
        ended = loop.create_future()
        loop.add_reader(fd, _resolve, ended)
        try:
            await ended
        finally:
            loop.remove_reader(fd)
    finally:
        os.close(fd)
