"""The client's pool, without a network."""

from __future__ import annotations

import asyncio
from typing import cast

from fleetfoot.load.client import Address, Link, Pool


class Wire:
    """A connection that never says goodbye."""

    def __init__(self) -> None:
        self.aborted = 0

    def abort(self) -> None:
        self.aborted += 1

    def close(self) -> None:
        pass


def _pool() -> Pool:
    return Pool(Address("127.0.0.1", 1), b"", limit=10, done=lambda *_: None)


def test_closing_ends_although_a_connection_never_says_that_it_is_closed() -> None:
    async def check() -> int:
        pool, wire = _pool(), Wire()
        Link(pool).connection_made(cast("asyncio.BaseTransport", wire))
        await asyncio.wait_for(pool.close(), 60)
        return wire.aborted

    assert asyncio.run(check()) == 1


def test_a_connection_that_comes_after_closing_is_dropped_and_not_waited_for() -> None:
    async def check() -> int:
        pool, wire = _pool(), Wire()
        await pool.close()
        Link(pool).connection_made(cast("asyncio.BaseTransport", wire))
        await asyncio.wait_for(pool.close(), 60)
        return wire.aborted

    assert asyncio.run(check()) == 1
