"""The checks of one task over its life: it must become ready in time, then readiness and liveness go on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from .clock import mono_ms
from .health import FIRST_POLL_MS, FORKED_POLL_MS, LAST_POLL_MS, Polls, probe, start_failure
from .settings import Check, Health
from .task import Task

_REFUSED = "refused the connection"


async def until_ready(task: Task, health: Health, *, forked: bool = False) -> str:
    """Poll a starting task, fast at first, a ``forked`` one faster. Empty once it is ready, else why it failed."""
    deadline = task.record.spawned + health.grace_ms
    polls, listened = Polls(FORKED_POLL_MS if forked else FIRST_POLL_MS), False
    while True:
        failure = await probe(task.record.port, health.readiness)
        listened = listened or failure != _REFUSED
        task.readiness.see(failure)
        if task.readiness.up:
            return ""
        if mono_ms() >= deadline:
            return start_failure(task.readiness.last, listened)
        await asyncio.sleep(polls.wait() / 1000)


async def keep_checking(
    task: Task, health: Health, routed: Callable[[Task], None], doubted: Callable[[Task], None]
) -> None:
    """Both checks of a ready task, until cancelled. ``routed`` is called when its readiness changes,
    ``doubted`` at the first failure of its liveness check in a row."""
    async with asyncio.TaskGroup() as both:
        both.create_task(_readiness(task, health.readiness, routed))
        if health.liveness is not None:
            both.create_task(_liveness(task, health.liveness, doubted))


async def _readiness(task: Task, check: Check, routed: Callable[[Task], None]) -> None:
    await asyncio.sleep(_phase(check))
    while True:
        if task.readiness.see(await probe(task.record.port, check)):
            routed(task)
        wait = check.interval_ms if task.readiness.up else min(check.interval_ms, LAST_POLL_MS)  # gained fast
        await asyncio.sleep(wait / 1000)


async def _liveness(task: Task, check: Check, doubted: Callable[[Task], None]) -> None:
    gate = task.liveness
    assert gate is not None
    await asyncio.sleep(_phase(check))
    while True:
        gate.see(await probe(task.record.port, check))
        if gate.failing == 1:
            doubted(task)
        await asyncio.sleep(check.interval_ms / 1000)


def _phase(check: Check) -> float:
    """Seconds before the first check, so that tasks started together are not checked together."""
    return random.random() * check.interval_ms / 1000
