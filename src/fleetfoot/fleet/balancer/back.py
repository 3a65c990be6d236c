"""A connection to a task: one request at a time, its response passed on as it comes.

Body bytes go to the client as they are, chunk framing included; the parser only watches where the response ends
and that nothing follows it. Only a client of HTTP/1.0, which knows no chunks, gets the decoded body.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from time import monotonic_ns
from typing import TYPE_CHECKING, cast

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from .heads import ends_with_connection, response_head, says_close
from .request import Request
from .tasks import Task

if TYPE_CHECKING:
    from .exchange import Exchange

HEAD_LIMIT = 262_144  # bytes of a response head
IDLE_LIMIT = 256  # connections a task keeps idle


class Back(asyncio.Protocol):
    """The task side. Idle in ``task.idle``, or it has a ``request``."""

    transport: asyncio.Transport

    def __init__(self, exchange: Exchange, task: Task) -> None:
        self.exchange = exchange
        self.task = task
        self.request: Request | None = None
        self.idle_since = 0  # ns
        self.write_paused = False
        self.read_paused = False
        self.tunnel = False
        self.eof = False  # of a tunnel: the task has said its last
        self._parser = HttpResponseParser(self)
        self._decoded: list[bytes] | None = None  # filled instead of raw bytes for a client of HTTP/1.0
        self._reset()

    def _reset(self) -> None:
        self.status = 0
        self.last = False  # the client connection ends with this response
        self._raw = b""  # the part of a head that came
        self._interims = 0  # 1xx heads parsed and not yet passed on
        self._head_parsed = self._streaming = self._complete = self._odd = self._until_eof = self._keep = False

    # The exchange's side.

    def start(self, request: Request) -> None:
        """Send a request; it is this connection's until it ends."""
        self.request = request
        request.back = self
        if request.body:
            self.transport.write(request.head + b"".join(request.body))
            request.body.clear()
            request.front.unhold(request)
        else:
            self.transport.write(request.head)
        if request.old and not request.head_only:
            self._decoded = []
            self._parser = HttpResponseParser(_Decoding(self, self._decoded))
        if request.front.write_paused:
            self.pause()

    def take(self) -> Request | None:
        """Close at once and give up the request, if there is one."""
        request, self.request = self.request, None
        self.transport.abort()
        return request

    def rest(self) -> None:
        """Wait for the next request."""
        if self.task.gone or self.exchange.closing or len(self.task.idle) >= IDLE_LIMIT:
            self.close()
            return
        self.idle_since = monotonic_ns()
        self.task.idle.append(self)

    def close(self) -> None:
        """Close when all is sent."""
        self.transport.close()

    def pause(self) -> None:
        """Read no more: the client does not keep up."""
        if not self.read_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    # The loop's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.task.backs[self] = None

    def data_received(self, data: bytes) -> None:
        request = self.request
        if request is None:  # nothing was asked
            self.transport.abort()
            return
        if self.tunnel:
            request.front.transport.write(data)
            return
        request.drip = 0.0
        switches = False
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            switches = True
        except HttpParserCallbackError:
            raise
        except HttpParserError:
            self._nonsense()
            return
        if self._odd or (switches and (self.status != 101 or not request.offered_upgrade)):
            self._nonsense()
        elif self._streaming:
            request.front.transport.write(data if self._decoded is None else self._take_decoded())
            if self._complete:
                self._finish(request)
        elif self._send_head(request, data) and self._complete:
            self._finish(request)

    def eof_received(self) -> bool:
        request = self.request
        if not self.tunnel or request is None or request.front.eof or request.front.transport.is_closing():
            return False  # both directions of a tunnel are over, or there is none
        self.eof = True
        request.front.transport.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.task.backs.pop(self, None)
        if exc is not None and self.request is not None and not self.request.whole and not self.tunnel:
            self._read_last()
        request, self.request = self.request, None
        if request is None:
            if self in self.task.idle:
                self.task.idle.remove(self)
        elif self.tunnel:
            self.exchange.release(request)
            request.front.end()
        elif self._streaming and self._until_eof and exc is None:
            self._finish(request)
        else:
            self.exchange.broke(request)

    def _read_last(self) -> None:
        """A task that answers an upload early and closes resets the connection: our next write fails before we have
        read, and the answer stands unread in the socket, which the loop closes only after ``connection_lost``."""
        descriptor = self.transport.get_extra_info("socket").fileno()
        left = HEAD_LIMIT
        with suppress(OSError):
            while self.request is not None and left > 0 and (data := os.read(descriptor, left)):
                left -= len(data)
                self.data_received(data)

    def pause_writing(self) -> None:
        self.write_paused = True
        if self.request is not None:
            self.request.front.regulate()

    def resume_writing(self) -> None:
        self.write_paused = False
        if self.request is not None:
            self.request.front.regulate()

    # The parser's side.

    def on_message_begin(self) -> None:
        if self._head_parsed:
            self._odd = True  # a second response to one request: whose is it?

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status == 101:
            self._head_parsed = True
        elif self.status < 100:
            self._odd = True
        elif self.status < 200:
            self._interims += 1
        else:
            self._head_parsed = True
            self._keep = self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        if self._head_parsed:
            self._complete = True

    # The response.

    def _send_head(self, request: Request, data: bytes) -> bool:
        """Pass on what came of the head; whether all of it is sent."""
        front = request.front
        raw = self._raw + data if self._raw else data
        while self._interims:
            self._interims -= 1
            interim, raw = _split(raw)
            if not request.old:
                front.transport.write(interim)
        if not self._head_parsed:
            self._raw = raw
            if len(raw) > HEAD_LIMIT:
                self._nonsense()
            return False
        self._streaming = request.answered = True
        self._raw = b""
        head, body = _split(raw)
        if self.status == 101:
            self._switch(request, head, body)
            return False
        low = head.lower()
        whole = True  # nothing between head and body to be changed
        if request.head_only:
            self._end_at_head(low, body)
            whole, body = False, b""
        elif not self._keep and not self._complete:
            self._until_eof = ends_with_connection(low)
        if self._decoded is not None:
            whole, body = False, self._take_decoded()
        self.last = self._is_last(request, low)
        changed = response_head(head, low, self._keep, self.last, request.old)
        front.transport.write(raw if changed is head and whole else changed + body)
        if b"text/event-stream" in low and not self._complete:
            self.exchange.stays(request, self.status)
        return True

    def _end_at_head(self, low: bytes, body: bytes) -> None:
        """The answer to HEAD has a length and no body, which no parser can know."""
        self._complete = True
        self._keep = not body and low.startswith(b"http/1.1") and not says_close(low)
        self._parser = HttpResponseParser(self)

    def _is_last(self, request: Request, low: bytes) -> bool:
        if not request.keep or not request.whole or self._until_eof or self.exchange.closing:
            return True
        return request.old and not request.head_only and b"\ncontent-length:" not in low

    def _take_decoded(self) -> bytes:
        assert self._decoded is not None
        body = b"".join(self._decoded)
        self._decoded.clear()
        return body

    def _switch(self, request: Request, head: bytes, rest: bytes) -> None:
        self.tunnel = True
        request.front.transport.write(head + rest)
        self.exchange.stays(request, self.status)
        request.front.tunnel(request)

    def _finish(self, request: Request) -> None:
        self.request = None
        if not request.counted:
            self.exchange.completed(request, self.status)
        last = self.last
        if self._keep and request.whole and not self._until_eof and not self.transport.is_closing():
            if self._decoded is not None:
                self._decoded = None
                self._parser = HttpResponseParser(self)
            if self.read_paused:
                self.resume()
            self._reset()
            self.rest()
        else:
            self.close()
        self.exchange.release(request)
        request.front.done(request, last)

    def _nonsense(self) -> None:
        """What the task said is not HTTP, or not only the answer."""
        request = self.take()
        if request is not None:
            self.exchange.broke(request, again=False)


class _Decoding:
    """What the parser sees for a client of HTTP/1.0: the same, and the body without its chunks."""

    def __init__(self, back: Back, decoded: list[bytes]) -> None:
        self.on_message_begin = back.on_message_begin
        self.on_headers_complete = back.on_headers_complete
        self.on_message_complete = back.on_message_complete
        self.on_body = decoded.append


def _split(raw: bytes) -> tuple[bytes, bytes]:
    end = raw.find(b"\r\n\r\n") + 4
    return raw[:end], raw[end:]
