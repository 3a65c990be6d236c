"""One task: a command in a session and process group of its own, that listens on $PORT."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from . import files, proc
from .clock import mono_ms
from .command import argv
from .health import Gate
from .settings import ServiceSettings
from .state import TaskRecord

_GROUP_POLL_S = 0.02


class Task:
    """A running task, started by this plane or adopted from the one before."""

    def __init__(self, record: TaskRecord, settings: ServiceSettings, log: Path) -> None:
        up = record.ready is not None
        self.record = record
        self.settings = settings  # of its version
        self.log = log
        self.readiness = Gate(settings.health.readiness, up=up)
        self.liveness = Gate(settings.health.liveness, up=True) if settings.health.liveness else None
        self.served_when_failing = 0  # requests served when the liveness check began to fail
        self.killed = False  # we sent the SIGKILL
        self.replaces = False  # started in the place of one that failed its liveness check
        self.why = ""  # why it is being stopped, or was found failed
        self.marked = ""  # why it is to be replaced though nothing forces it: its lifetime, its zone
        self.cpu_share = 0.0  # cores, over the last second
        self.rss = 0  # bytes, its descendants included
        self.frozen = False  # stopped by SIGSTOP
        self.waking = False  # promoted, its check not yet passed
        self.promoted: int | None = None  # when it was taken from the warm pool, ms
        self.routed: int | None = None  # when the balancer might first send it requests, ms
        self.wanted = asyncio.Event()  # a warm task is promoted
        self.good = False  # it lived long enough after becoming ready
        self.over: asyncio.Future[int] = asyncio.get_running_loop().create_future()  # its exit code

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def stopping(self) -> bool:
        return self.record.stopping

    @property
    def hung(self) -> bool:
        """Fails its liveness check, and not only once."""
        return self.liveness is not None and not self.liveness.up and self.liveness.failing >= 2

    @property
    def doubted(self) -> bool:
        """The last liveness check failed."""
        return self.liveness is not None and self.liveness.failing > 0

    def state(self, warming: bool) -> str:
        """starting, warming, serving, draining, failed, preparing or warm; ``warming`` is the balancer's word."""
        if self.stopping:
            return "draining"
        if self.record.warm:
            return "preparing" if self.record.ready is None else "warm"
        if self.record.ready is None or self.waking:
            return "starting"
        if not self.readiness.up:
            return "failed"
        return "warming" if warming else "serving"

    async def terminate(self, timeout_ms: int) -> None:
        """SIGTERM to the group; SIGKILL to what is left of it at the timeout. Returns when all is gone."""
        deadline = mono_ms() + timeout_ms
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)  # a stopped process would not hear it
        await self._until_gone(deadline)
        if not self.over.done() or proc.kill_group(self.record.pgid, 0):
            self.killed = not self.over.done()
            self.signal(signal.SIGKILL)
        await self.over

    def signal(self, number: int) -> None:
        """Signal the whole group, unless its number by now belongs to somebody else."""
        if proc.start_time(self.record.pid) in (None, self.record.start):
            proc.kill_group(self.record.pgid, number)

    async def _until_gone(self, deadline: int) -> None:
        left = max(0, deadline - mono_ms()) / 1000
        await asyncio.wait([self.over], timeout=left)
        # Then for children the leader did not wait for; nobody tells of them.
        while proc.kill_group(self.record.pgid, 0) and mono_ms() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_GROUP_POLL_S)


def spawn(
    settings: ServiceSettings, task: str, port: int, zone: str, extra: Mapping[str, str], log: Path
) -> TaskRecord:
    """Start a task's command. OSError, with a text for the user, when that cannot be."""
    pid, start = run(settings, settings.command, environment(settings, task, port, zone, extra), log)
    return record(settings, task, pid, start, port, zone, mono_ms())


def record(
    settings: ServiceSettings, task: str, pid: int, start: int, port: int, zone: str, spawned: int
) -> TaskRecord:
    """A task that leads a session of its own, as it goes on record."""
    return TaskRecord(
        id=task,
        service=settings.name,
        pid=pid,
        start=start,
        pgid=pid,
        port=port,
        zone=zone,
        revision=settings.revision,
        spawned=spawned,
    )


def environment(settings: ServiceSettings, task: str, port: int, zone: str, extra: Mapping[str, str]) -> dict[str, str]:
    """What a task finds in its environment."""
    return {
        **os.environ,
        **settings.env,
        **extra,
        "PORT": str(port),
        "FLEETFOOT_SERVICE": settings.name,
        "FLEETFOOT_TASK": task,
        "FLEETFOOT_REVISION": settings.revision,
        "FLEETFOOT_ZONE": zone,
    }


def run(settings: ServiceSettings, command: str, env: Mapping[str, str], log: Path) -> tuple[int, int]:
    """Pid and start time of a command in a session of its own."""
    fd = _open_log(log)
    try:
        child = subprocess.Popen(
            argv(command),
            cwd=settings.directory or None,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=fd,
            stderr=fd,
            start_new_session=True,
        )
    finally:
        os.close(fd)
    child.returncode = 0  # we wait for it by pidfd; Popen must not
    files.give_back(child.pid)
    start = proc.start_time(child.pid)  # there even for a zombie: nobody else reaps our children
    return child.pid, start or 0


def _open_log(path: Path) -> int:
    """The task's log for appending; with a full disk the task runs on without one."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
