"""Warm tasks: started, ready, warmed up, then stopped by SIGSTOP; one is promoted within milliseconds.

A stopped process keeps its memory and its listening socket: the kernel would accept connections for
it, so it must not be known to the balancer. Its timers fire late and its own connections may die
meanwhile; therefore it is woken now and then, checked, and replaced when it does not answer.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Sequence
from dataclasses import replace

from .health import probe
from .settings import Check, ServiceSettings
from .task import Task

_QUICK_MS = 1000  # the one check of a promotion
_RECOVERY_S = 0.2  # between two checks of a woken task that does not answer yet


def choose(warm: Sequence[Task], zone: str) -> Task | None:
    """Whom to promote: stopped ones before those still starting, then of the wanted zone, then the oldest."""
    return min(warm, key=lambda one: (not one.frozen, one.record.zone != zone), default=None)


def surplus(warm: Sequence[Task], target: int) -> list[Task]:
    """Whom to let go of a pool that is larger than its target: those not stopped yet first, then the youngest."""
    ranked = sorted(warm, key=lambda one: (not one.frozen, one.record.spawned), reverse=True)
    return ranked[: max(0, len(warm) - target)]


def freeze(task: Task) -> None:
    """Stop every process of the task's group."""
    task.frozen = True
    task.signal(signal.SIGSTOP)


def thaw(task: Task) -> None:
    """Let them run on; a task that runs is not disturbed."""
    task.frozen = False
    task.signal(signal.SIGCONT)


async def rest(task: Task, settings: ServiceSettings) -> str:
    """Keep a ready task stopped until it is promoted. Empty then, after one good check; else why it is stale."""
    check = settings.health.readiness
    while not task.wanted.is_set() and not task.stopping:
        freeze(task)
        await _promoted(task, settings.warm_refresh_ms * random.uniform(0.9, 1.1) / 1000)
        if task.frozen:
            thaw(task)
        if not task.wanted.is_set() and (why := await refresh(task, settings)):
            return why
    return await probe(task.record.port, replace(check, timeout_ms=min(check.timeout_ms, _QUICK_MS)))


async def _promoted(task: Task, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await task.wanted.wait()
    except TimeoutError:
        pass


async def refresh(task: Task, settings: ServiceSettings) -> str:
    """The task runs for a while, so that what is due happens: timers, reconnects. Empty when it is well."""
    await _promoted(task, settings.warm_awake_ms / 1000)
    why = ""
    for _ in range(settings.health.readiness.unhealthy):
        why = await _ask(task, settings)
        if not why or task.wanted.is_set():
            return ""
        await _promoted(task, _RECOVERY_S)
    return why


async def _ask(task: Task, settings: ServiceSettings) -> str:
    """The readiness check; then the warm-up's page, which shows what the check does not: connections behind it."""
    check = settings.health.readiness
    if why := await probe(task.record.port, check):
        return why
    path = settings.warm_up
    if path is None or not path.startswith("/"):
        return ""
    return await probe(task.record.port, Check(path=path, timeout_ms=settings.health.grace_ms))
