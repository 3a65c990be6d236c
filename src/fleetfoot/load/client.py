"""A lean HTTP/1.1 client: one request in a connection at a time, keep-alive, a bounded pool.

It sends what it is told and retries nothing: a request that fails has failed. Idle connections are
closed after two seconds, before a server's own idle time-out could close one under a request.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, cast

import httptools

from fleetfoot.load.ledger import Ending, Shot

IDLE_S = 2.0
CLOSE_S = 1.0
SHED = 503


class Address(NamedTuple):
    host: str  # numeric
    port: int


# How a request ended: (shot, ending, status or 0, why or "").
Done = Callable[[Shot, Ending, int, str], None]


class Pool:
    """Connections to one address. ``send`` returns at once; ``done`` is called once per request sent."""

    def __init__(self, address: Address, request: bytes, *, limit: int, done: Done, head: bool = False) -> None:
        self.address = address
        self.request = request
        self.limit = limit
        self.done = done
        self.head = head  # answers to HEAD have no body, whatever their headers say
        self.held = 0  # requests that found every connection busy and no room for one more
        self._idle: deque[Link] = deque()  # the last one in is the first one out
        self._waiting: deque[Shot] = deque()
        self._links: set[Link] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._closed = False

    def send(self, shot: Shot) -> None:
        if self._idle:
            self._idle.pop().send(shot)
            return
        self._waiting.append(shot)
        self._grow()
        if len(self._waiting) > len(self._connecting):
            self.held += 1

    def _grow(self) -> None:
        """Open a connection when more requests wait than connections are being opened, and there is room."""
        if len(self._waiting) <= len(self._connecting) or len(self._links) + len(self._connecting) >= self.limit:
            return
        task = self._loop.create_task(self._connect())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self) -> None:
        try:
            await self._loop.create_connection(lambda: Link(self), *self.address)
        except OSError as error:
            shot = self._next()
            if shot is not None:
                self.done(shot, Ending.FAILED, 0, _why(error))

    def _next(self) -> Shot | None:
        """The first waiting request that has not timed out meanwhile."""
        while self._waiting:
            shot = self._waiting.popleft()
            if not shot.done:
                return shot
        return None

    def opened(self, link: Link) -> None:
        if self._closed:
            link.abort()  # its connecting was cancelled, and the loop told us all the same
            return
        self._links.add(link)
        self.free(link)

    def free(self, link: Link) -> None:
        """``link`` can take a request."""
        if self._closed:
            link.close()
        elif (shot := self._next()) is not None:
            link.send(shot)
        else:
            link.idle_since = self._loop.time()
            self._idle.append(link)

    def retire(self, link: Link) -> None:
        """``link`` must not be given a request any more."""
        if link in self._idle:
            self._idle.remove(link)

    def lost(self, link: Link) -> None:
        """``link`` is gone; there is room for another if a request waits for it."""
        self._links.discard(link)
        self.retire(link)
        if not self._closed:
            self._grow()
        elif not self._links:
            self._empty.set()

    def give_up(self, shot: Shot) -> None:
        """Stop working on a request that timed out; its connection cannot be used again."""
        if shot.link is not None:
            shot.link.abort()

    def reap(self) -> None:
        """Close connections idle for long. Call about once a second."""
        deadline = self._loop.time() - IDLE_S
        while self._idle and self._idle[0].idle_since < deadline:
            self._idle.popleft().close()

    async def close(self) -> None:
        """Close every connection, and wait a second at most: no result waits for a lost goodbye."""
        self._closed = True
        for task in list(self._connecting):
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        for link in list(self._links):
            link.abort()
        if self._links:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._empty.wait()


class Link(asyncio.Protocol):
    """One connection; ``shot`` is the request it works on."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.shot: Shot | None = None
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._fresh()

    def _fresh(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._status = 0
        self._framed = False  # the answer says where it ends
        self._complete = False
        self._keep = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self.pool.opened(self)

    def send(self, shot: Shot) -> None:
        self.shot = shot
        shot.link = self
        assert self._transport is not None
        self._transport.write(self.pool.request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # --- what the parser says

    def on_header(self, name: bytes, _value: bytes) -> None:
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self._framed = True

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        if self.pool.head and self._status >= 200:
            self._keep = self._parser.should_keep_alive()
            self._complete = True

    def on_message_complete(self) -> None:
        if self._status >= 200:
            # Asked here: afterwards the parser says False for every connection.
            self._keep = self._parser.should_keep_alive()
            self._complete = True
        else:
            self._framed = False  # 100 Continue and the like: the answer is still to come

    # --- what the connection says

    def data_received(self, data: bytes) -> None:
        if self.shot is None:
            self.pool.retire(self)  # nobody asked
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("the server switched protocols")
        except httptools.HttpParserError:
            self._fail("the answer is not HTTP")
        else:
            if self._complete:
                self._answered()

    def _answered(self) -> None:
        shot, status, keep = self.shot, self._status, self._keep
        assert shot is not None
        self.shot = shot.link = None
        if self.pool.head:
            self._fresh()  # this parser would wait for the body
        self._complete = self._framed = False
        self._status = 0
        ending = Ending.OK if status < 400 else Ending.REFUSED if status == SHED else Ending.ERROR
        self.pool.done(shot, ending, status, "")
        if keep:
            self.pool.free(self)
        else:
            self.close()

    def _fail(self, why: str) -> None:
        shot, self.shot = self.shot, None
        if shot is not None:
            shot.link = None
            self.pool.done(shot, Ending.FAILED, 0, why)
        self.abort()

    def eof_received(self) -> None:
        self.pool.retire(self)  # the loop closes it now

    def connection_lost(self, error: Exception | None) -> None:
        if self.shot is not None and not self.shot.done:
            if self._status >= 200 and not self._framed and error is None:
                self._keep = False  # an answer that ends where the connection does
                self._answered()
            else:
                begun = "in the middle of an answer" if self._status else "without an answer"
                self._fail(f"connection {'reset' if error else 'closed'} {begun}")
        self.pool.lost(self)


def _why(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return (error.strerror or str(error) or type(error).__name__).lower()
