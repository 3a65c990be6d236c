"""A connection of a client, as the loop sees it: it opens, stalls and closes, and is read as long as there is room."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from .pace import Pace
from .peer import peer_of
from .reading import PIPELINE, Reader
from .turns import DEAF, HOLD, TUNNEL

if TYPE_CHECKING:
    from .exchange import Exchange


class Front(Reader):
    """The client side."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.stuck_since = 0.0  # stamp of the sweep, ms; 0.0: progress since it last looked
        self.taken = 0  # bytes the client had taken when the sweep last looked
        self.pace: Pace | None = None  # while the client has the word

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.peer = peer_of(transport)
        self.exchange.fronts[self] = None
        if self.exchange.closing:
            transport.close()

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
