"""An asyncio loop whose time jumps to the next timer when nothing else is to do: hours pass in milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tests.support import PATIENCE

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    """Never waits; tells the loop how long it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is not None and timeout > 0:
            self.skipped += timeout
        elif not ready and timeout is None:
            raise AssertionError("everything waits and no timer is set: this would hang")
        return ready


class LoopTime(asyncio.SelectorEventLoop):
    """``time()`` begins at 0 and passes only when everything waits."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.skipped


async def eventually(condition: Callable[[], bool], within: float = PATIENCE) -> None:
    """Let everything else in the loop go on until ``condition`` holds."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - conditions of a test have no event
            await asyncio.sleep(0)


def run_in_loop_time(scenario: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run`` with a loop of this kind."""
    with asyncio.Runner(loop_factory=LoopTime) as runner:
        return runner.run(scenario)
