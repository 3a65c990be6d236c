"""How a target answers: in time, never by raising, and not against what others have ordered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable


async def why_not(call: Awaitable[object], deadline_ms: int, who: str) -> str:
    """Empty when ``who`` did it, else why not: whatever went wrong, it is the answer that says so."""
    try:
        async with asyncio.timeout(deadline_ms / 1000):
            await call
    except TimeoutError:
        return f"{who} did not answer within {deadline_ms} ms"
    except Exception as failure:  # noqa: BLE001
        return str(failure) or type(failure).__name__
    return ""


def undoes(count: int, before: int, present: int) -> str:
    """Why ``count`` is not ordered: it was decided on ``before``, and somebody has added more since; else empty."""
    if present <= max(before, count):
        return ""
    return f"{count} were decided on when there were {before}, and somebody has ordered {present} since"
