"""A connection of a client: its requests one after the other, their bodies passed on as they come.

Rules for whoever edits this file:
1. Requests of one connection are answered in order and handed out one at a time: ``current`` is the first that is
   not over, ``pending`` came behind it, ``incoming`` is the one whose body is arriving (it may be either).
2. What is held in memory is bounded: beyond ``HOLD`` bytes or ``PIPELINE`` requests nothing more is read.
3. After a mistake in framing nothing on the connection is believed: one answer, and it is closed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic_ns
from typing import TYPE_CHECKING, cast

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser

from .heads import CHUNKED, RefusedHead, asks_to_close, request_head
from .pace import Pace
from .pages import page
from .peer import Peer, peer_of, reset
from .request import Request

if TYPE_CHECKING:
    from .exchange import Exchange

HOLD = 65_536  # bytes of bodies kept for requests that no task has yet; also the rest read after an early refusal
PIPELINE = 16  # requests behind the current one; what one read brings beyond that is kept as well, up to:
PIPELINE_LIMIT = 1000
LINGER_S = 2.0  # a client that is still sending gets so long to read why it was refused

HTTP, HELD, TUNNEL, DEAF = range(4)  # what incoming bytes are: requests; kept for an upgrade; passed on; dropped


class Front(asyncio.Protocol):
    """The client side."""

    transport: asyncio.Transport
    peer: Peer

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.current: Request | None = None
        self.incoming: Request | None = None
        self.pending: deque[Request] = deque()
        self.mode = HTTP
        self.write_paused = self.read_paused = False
        self.held = 0  # bytes in bodies that no task has yet
        # Stamps of the sweep, ms; 0.0: progress since it last looked.
        self.idle_since = self.head_since = self.stuck_since = 0.0
        self.taken = 0  # bytes the client had taken when the sweep last looked
        self.pace: Pace | None = None  # while the client has the word
        self.eof = False  # of a tunnel: the client has said its last
        self.in_head = self._advancing = False
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._size = 0  # bytes of the head, as parsed
        self._fed = -1  # bytes of the head, as they came; -1: it begins in this piece
        self._bare = (
            0  # bytes of a chunked body that came since its last data: framing, trailers; -1: data in this piece
        )
        self._rest = b""  # came after a request for an upgrade
        self._body_as_upgrade = False  # the parser takes a body for the new protocol's first bytes
        self._verdict: tuple[int, str] | None = None  # the last answer, due after the pending ones
        self._lingering: asyncio.TimerHandle | None = None
        self._parser = HttpRequestParser(self)

    # The loop's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.peer = peer_of(transport)
        self.exchange.fronts[self] = None
        if self.exchange.closing:
            transport.close()

    def data_received(self, data: bytes) -> None:
        if self.mode != HTTP:
            self._outside_http(data)
            return
        was_in_head, size = self.in_head, len(data)
        while data and self.mode == HTTP:
            try:
                self._parser.feed_data(data)
                data = b""
            except HttpParserUpgrade as upgrade:
                data = self._after_upgrade(data[upgrade.args[0] :])
            except HttpParserCallbackError:
                raise
            except HttpParserError:
                data = b""
                if self.mode == HTTP:
                    self.spoil(400)
        if self.in_head:
            self._measure_head(size, was_in_head)
        elif self.incoming is not None and self.incoming.length == CHUNKED:
            self._measure_framing(size)
        if self.held or self.pending:
            self.regulate()

    def eof_received(self) -> bool:
        back = self.current.back if self.current is not None else None
        if self.mode != TUNNEL or back is None or back.eof or back.transport.is_closing():
            return False  # a client that closes is gone; the half-closed cannot be told from it
        self.eof = True
        back.transport.write_eof()
        return True

    def connection_lost(self, _exc: Exception | None) -> None:
        self.mode = DEAF
        self.exchange.fronts.pop(self, None)
        if self._lingering is not None:
            self._lingering.cancel()
        left = list(self.pending) if self.current is None else [self.current, *self.pending]
        self.current = self.incoming = None
        self.pending.clear()
        for request in left:
            if not request.ended:
                request.ended = True
                self.exchange.gone(request)

    def pause_writing(self) -> None:
        self.write_paused = True
        self.stuck_since = 0.0
        if self.current is not None and self.current.back is not None:
            self.current.back.pause()

    def resume_writing(self) -> None:
        self.write_paused = False
        if self.current is not None and self.current.back is not None:
            self.current.back.resume()
        elif self.current is None:
            self._advance()

    # The parser's side.

    def on_url(self, url: bytes) -> None:
        if self.mode != HTTP or self._body_as_upgrade:
            return
        if self.in_head:
            self._target += url
        else:
            self.in_head = True
            self._target = url
            self._headers, self._size, self._fed = [], 0, -1
        self._size += len(url)
        if self._size > self.exchange.settings.max_header:
            self.judge(431)

    def on_header(self, name: bytes, value: bytes | None) -> None:
        if not self.in_head:
            return  # a trailer, or the head of one who is not listened to
        value = value or b""
        self._headers.append((name, value))
        self._size += len(name) + len(value) + 4
        if self._size > self.exchange.settings.max_header:
            self.judge(431)

    def on_headers_complete(self) -> None:
        if not self.in_head:
            return
        self.in_head = False
        self.head_since = self.idle_since = 0.0
        parser, exchange = self._parser, self.exchange
        method, version, upgrading = parser.get_method(), parser.get_http_version(), parser.should_upgrade()
        try:
            parsed = request_head(method, self._target, self._headers, version, upgrading, self.peer)
        except RefusedHead as refused:
            self.judge(refused.status, refused.why)
            return
        max_body = exchange.settings.max_body
        if max_body is not None and parsed[1] > max_body:
            self.judge(413)
            return
        if len(self.pending) >= PIPELINE_LIMIT:
            self.judge(400, "too many requests at once on one connection")
            return
        old, keep = version == "1.0", parser.should_keep_alive()
        if old and keep:
            keep = not asks_to_close(self._headers)  # the parser lets keep-alive win
        request = Request(self, method, parsed, keep, old, monotonic_ns())
        self._body_as_upgrade = upgrading and request.length != 0
        self.incoming = request
        self._bare = -1
        if exchange.classes is not None:
            request.group = exchange.classes.of(request.head, self._headers)
        exchange.arrived(request)
        if self.current is None and not self.write_paused:
            self.current = request
            exchange.place(request)
        else:
            self.pending.append(request)

    def on_body(self, data: bytes) -> None:
        request = self.incoming
        if request is None or request.ended:
            return
        request.seen += len(data)
        self.idle_since = 0.0
        if request.length == CHUNKED:
            self._bare = -1
            max_body = self.exchange.settings.max_body
            if max_body is not None and request.seen > max_body:
                self.spoil(413)
                return
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._send_body(request, data)

    def on_message_complete(self) -> None:
        request = self.incoming
        if request is None or self._body_as_upgrade:
            return
        self.incoming = None
        self.idle_since = 0.0
        request.whole = True
        if request.length == CHUNKED and not request.ended:
            self._send_body(request, b"0\r\n\r\n")
        if not request.keep:
            self.mode = DEAF
        if request.ended and self.current is request:  # refused before its body had come
            self.current = None
            self._advance()

    def _measure_head(self, size: int, was_in_head: bool) -> None:
        """Bound a head of which only pieces came: the parser reports no header before it is whole."""
        if self._fed < 0:  # it began in this piece, perhaps behind another request: how far, the parser does not say
            self._fed = -size if was_in_head or self.current is not None or self.pending else 0
        self._fed += size
        if self._fed > self.exchange.settings.max_header:
            self.judge(431)

    def _measure_framing(self, size: int) -> None:
        """Bound what is no data in a chunked body: trailers and chunk extensions are dropped, but must end."""
        self._bare = 0 if self._bare < 0 else self._bare + size
        if self._bare > self.exchange.settings.max_header:
            self.spoil(431)

    # Bodies, upgrades.

    def _send_body(self, request: Request, data: bytes) -> None:
        back = request.back
        if back is None:
            request.body.append(data)
            request.held += len(data)
            self.held += len(data)
        elif not back.transport.is_closing():
            request.drip = 0.0
            back.transport.write(data)

    def unhold(self, request: Request) -> None:
        """What was kept of its body is on its way."""
        self.held -= request.held
        request.held = 0
        self.regulate()

    def _after_upgrade(self, rest: bytes) -> bytes:
        """The parser stopped behind a head that asks for an upgrade: the bytes to parse next."""
        self._parser = HttpRequestParser(self)
        if self._body_as_upgrade and self.incoming is not None:
            # It took the body for another protocol. A new parser is told of the body alone.
            length = self.incoming.length
            framing = b"transfer-encoding: chunked" if length == CHUNKED else b"content-length: %d" % length
            self._parser.feed_data(b"POST / HTTP/1.1\r\nhost: body\r\n" + framing + b"\r\n\r\n")
            self._body_as_upgrade = False
            return rest
        newest = self.pending[-1] if self.pending else self.current
        if newest is not None and newest.offered_upgrade and not newest.ended:
            self.mode = HELD
            self._rest = rest
            return b""
        return rest

    def _outside_http(self, data: bytes) -> None:
        if self.mode == TUNNEL:
            if self.current is not None and self.current.back is not None:
                self.current.back.transport.write(data)
        elif self.mode == HELD:
            self._rest += data
            self.regulate()

    def tunnel(self, request: Request) -> None:
        """The task switched protocols: from now on bytes are passed on as they are."""
        self.mode = TUNNEL
        rest, self._rest = self._rest, b""
        if rest and request.back is not None:
            request.back.transport.write(rest)
        self.regulate()

    def regulate(self) -> None:
        """Read or do not read, by what is held and by what the task takes."""
        back = self.current.back if self.current is not None else None
        full = self.held > HOLD or len(self.pending) > PIPELINE or len(self._rest) > HOLD
        full = full or (back is not None and back.write_paused)
        if full != self.read_paused and not self.transport.is_closing():
            self.read_paused = full
            if full:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    # Answers.

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
