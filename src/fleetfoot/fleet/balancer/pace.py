"""How fast a client brings its body or takes its answer, over the time in which only the client holds things up.

A limit on silence is no limit on a client that drips: one byte a minute keeps a task's place for a day. So whoever has
the word must move ``min_rate`` bytes a second on average, over each stretch of time anew: what came fast before buys
no slow time later. Answers are given longer stretches than bodies: a client's system tells that it has room again only
when there is a good deal of it, which a slow reader makes once in many seconds.
"""

from __future__ import annotations

import asyncio
import socket
import struct

_BYTES_ACKED = 120  # offset in Linux's struct tcp_info, a u64
_WHOLE = _BYTES_ACKED + 8


class Pace:
    """One stretch of one movement. Times in ms, ``moved`` in bytes so far."""

    __slots__ = ("begun", "from_", "of")

    def __init__(self, of: object, moved: int, now: float) -> None:
        """``of``: what moves; another one begins another stretch."""
        self.of, self.from_, self.begun = of, moved, now

    def too_slow(self, moved: int, now: float, rate: float, stretch_ms: float) -> bool:
        """Whether a stretch is over and less moved in it than ``rate`` bytes a second make."""
        span = now - self.begun
        if span < stretch_ms:
            return False
        slow = moved - self.from_ < rate * span / 1000
        self.from_, self.begun = moved, now
        return slow


def bytes_acked(transport: asyncio.Transport) -> int | None:
    """Bytes that the client's system has taken so far; None when its kind of connection does not tell.

    Our own buffer tells little: the kernel takes from it in steps of a megabyte, minutes apart for a slow client.
    """
    sock = transport.get_extra_info("socket")
    if sock is not None:
        try:
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _WHOLE)
        except OSError:
            return None
        if len(info) == _WHOLE:
            return int(struct.unpack_from("=Q", info, _BYTES_ACKED)[0])
    return None
