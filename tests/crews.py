"""A crew in the middle of a change: its versions and zones, requests all the while, and the supervisor's seconds."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import sys
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from tests.balancers import until
from tests.fleets import Crew, service


def python(code: str) -> str:
    """A command that runs it."""
    return f"{sys.executable} -c {shlex.quote(code)}"


def quick(**more: Any) -> Any:
    """A service whose tasks are not warming for long, and whose updates prove themselves soon."""
    return service(**{"ramp_ms": 0, "bake_ms": 150, "revision": "v1", "env": {"COLOUR": "green"}, **more})


def zones(run: Crew) -> dict[str, int]:
    return dict(Counter(task["zone"] for task in run.told["tasks"]))


def revisions(run: Crew) -> set[str]:
    return {task["revision"] for task in run.told["tasks"]}


@contextlib.asynccontextmanager
async def watched(run: Crew, least: int) -> AsyncIterator[list[int]]:
    """Requests all the while: each is answered well, and never do fewer than ``least`` tasks serve."""
    answers: list[int] = []
    over = asyncio.Event()

    async def ask() -> None:
        while not over.is_set():
            answers.append((await run.get())[0])
            assert run.told["serving"] + run.told["warming"] >= least

    asking = [asyncio.create_task(ask()) for _ in range(3)]
    try:
        yield answers
    finally:
        over.set()
        await asyncio.gather(*asking)
    assert set(answers) == {200}


async def ticking(run: Crew, condition: Any, what: str) -> None:
    """Let the supervisor's seconds pass quickly until a condition holds."""

    def ticked() -> Any:
        run.supervisor.tick()
        return condition()

    await until(ticked, what)


async def settled(run: Crew, state: str) -> None:
    """The update came to this end and one version is left."""
    await ticking(
        run, lambda: run.told["update"].get("state") == state and not run.told["deploying"], f"the update {state}"
    )
    await ticking(run, lambda: not run.told["draining"], "the last to go")
