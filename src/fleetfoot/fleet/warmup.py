"""The warm-up of one task before its first request: a page asked for once, or a command run beside it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping

from . import proc
from .exits import Exits
from .health import probe
from .settings import Check, ServiceSettings
from .task import Task, environment
from .task import run as run_command


async def run(task: Task, settings: ServiceSettings, extra: Mapping[str, str], ended: Exits) -> str:
    """Empty when there is none or it did well, else why not. It has as long as a start may take."""
    hook = settings.warm_up
    if hook is None:
        return ""
    if hook.startswith("/"):
        return await probe(task.record.port, Check(path=hook, timeout_ms=settings.health.grace_ms))
    env = environment(settings, task.id, task.record.port, task.record.zone, extra)
    try:
        pid, start = run_command(settings, hook, env, task.log)
    except OSError as error:
        return f"cannot be started: {error}"
    code: int | None = None
    try:
        async with asyncio.timeout(settings.health.grace_ms / 1000):
            code = await ended.ended(pid, start)
    except TimeoutError:
        return "timed out"
    finally:
        if proc.start_time(pid) in (None, start):
            proc.kill_group(pid, signal.SIGKILL)  # also what it left behind
        if code is None:
            await ended.ended(pid, start)
    return f"exited with code {code}" if code else ""
