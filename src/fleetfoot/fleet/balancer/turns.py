"""The requests of one client connection, answered in order and handed out one at a time.

Rules for whoever edits this file:
1. ``current`` is the first request that is not over, ``pending`` came behind it.
2. After a mistake in framing nothing on the connection is believed: one answer, and it is closed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from .heads import CHUNKED
from .pages import page
from .peer import reset
from .request import Request

if TYPE_CHECKING:
    from .exchange import Exchange

HOLD = 65_536  # bytes of bodies kept for requests that no task has yet; also the rest read after an early refusal
LINGER_S = 2.0  # a client that is still sending gets so long to read why it was refused

HTTP, HELD, TUNNEL, DEAF = range(4)  # what incoming bytes are: requests; kept for an upgrade; passed on; dropped


class Turns(asyncio.Protocol):
    """Whose turn it is, and how each turn ends."""

    transport: asyncio.Transport

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.current: Request | None = None
        self.incoming: Request | None = None  # whose body is arriving: the current one, or the last of those pending
        self.pending: deque[Request] = deque()
        self.mode = HTTP
        self.write_paused = self.read_paused = False
        self.held = 0  # bytes in bodies that no task has yet
        self.in_head = self._advancing = False
        self._rest = b""  # came after a request for an upgrade
        self._verdict: tuple[int, str] | None = None  # the last answer, due after the pending ones
        self._lingering: asyncio.TimerHandle | None = None

    def regulate(self) -> None:
        """Read or do not read, by what is held and by what the task takes."""
        raise NotImplementedError

    def unhold(self, request: Request) -> None:
        """What was kept of its body is on its way."""
        self.held -= request.held
        request.held = 0
        self.regulate()

    def done(self, request: Request, last: bool) -> None:
        """Its response is sent."""
        request.ended = True
        if last:
            self._shut(request)
            return
        self.current = None
        if self.pending or self.mode != HTTP or self._verdict is not None or self.read_paused:
            self._advance()

    def refuse(self, request: Request, status: int, *, retry_after: int | None = None) -> None:
        """Answer the current request with a page of our own; if the client saw a part of another answer, cut it off."""
        if request.answered:
            self.cut(request)
            return
        request.ended = request.answered = True
        request.body.clear()
        self.unhold(request)
        much = request.length == CHUNKED or request.length > HOLD or request.expects
        close = not request.keep or (much and not request.whole) or self.exchange.closing
        self.transport.write(page(status, retry_after=retry_after, close=close, body=not request.head_only))
        if close:
            self._shut(request)
        elif request.whole:
            self.current = None
            self._advance()

    def cut(self, request: Request) -> None:
        """The response cannot go on: reset the connection, so that its end is not taken for the body's."""
        request.ended = True
        reset(self.transport)

    def end(self) -> None:
        """Close when all is sent."""
        if self.current is not None:
            self.current.ended = True
        self.transport.close()

    def _advance(self) -> None:
        """Begin the next request, or give the last answer."""
        if self._advancing:
            return
        self._advancing = True
        while self.current is None and self.pending and not self.write_paused and not self.transport.is_closing():
            self.current = self.pending.popleft()
            self.exchange.place(self.current)
        self._advancing = False
        self.regulate()
        if self.current is not None or self.pending:
            return
        if self._verdict is not None:
            status, why = self._verdict
            self._verdict = None
            self.transport.write(page(status, why=why, close=True))
            self._linger()
        elif self.mode == HELD:  # the upgrade was declined: what came after it are requests
            self.mode = HTTP
            rest, self._rest = self._rest, b""
            self.data_received(rest)

    def judge(self, status: int, why: str = "") -> None:
        """What comes is no request we take: answer it when its turn is, and listen no more."""
        self.exchange.counters.refused += 1
        self.mode = DEAF
        self.in_head = False
        self._verdict = (status, why)
        self._advance()

    def spoil(self, status: int) -> None:
        """The bytes are not HTTP, or the body is too large or too slow."""
        request, self.incoming = self.incoming, None
        if request is None or request.whole:
            self.judge(status)
            return
        if not request.counted:
            self.exchange.gone(request)
        if request is self.current:
            if request.answered:
                self.cut(request)
                return
            self.current = None
        else:
            self.pending.remove(request)
        request.ended = True
        self.judge(status)

    def _shut(self, request: Request) -> None:
        self.mode = DEAF
        if request.whole and self.incoming is None:
            self.transport.close()
        else:
            self._linger()

    def _linger(self) -> None:
        """Close after the client has had time to read: closing while it sends would reset the connection."""
        self.mode = DEAF
        if self.transport.is_closing():
            return
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.transport.write_eof()
        self._lingering = asyncio.get_running_loop().call_later(LINGER_S, self.transport.abort)
