"""The bytes of a client become requests; their bodies are passed on as they come.

Rule for whoever edits this file: what is held in memory is bounded. Beyond ``HOLD`` bytes or ``PIPELINE`` requests
nothing more is read, and what is dropped as it comes (trailers, chunk extensions) must end all the same.
"""

from __future__ import annotations

from time import monotonic_ns
from typing import TYPE_CHECKING

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser

from .heads import CHUNKED, RefusedHead, asks_to_close, request_head
from .peer import Peer
from .request import Request
from .turns import DEAF, HELD, HTTP, TUNNEL, Turns

if TYPE_CHECKING:
    from .exchange import Exchange

PIPELINE = 16  # requests behind the current one; what one read brings beyond that is kept as well, up to:
PIPELINE_LIMIT = 1000


class Reader(Turns):
    """The parser of a client connection, and what it calls."""

    peer: Peer

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.idle_since = self.head_since = 0.0  # stamps of the sweep, ms; 0.0: progress since it last looked
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._size = 0  # bytes of the head, as parsed
        self._fed = -1  # bytes of the head, as they came; -1: it begins in this piece
        self._bare = 0  # bytes that came since a chunked body's last data: framing, trailers; -1: data in this piece
        self._body_as_upgrade = False  # the parser takes a body for the new protocol's first bytes
        self._parser = HttpRequestParser(self)
        self.eof = False  # of a tunnel: the client has said its last

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

    # Bodies.

    def _send_body(self, request: Request, data: bytes) -> None:
        back = request.back
        if back is None:
            request.body.append(data)
            request.held += len(data)
            self.held += len(data)
        elif not back.transport.is_closing():
            request.drip = 0.0
            back.transport.write(data)

    # Upgrades.

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
