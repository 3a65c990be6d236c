"""HAProxy's log: one line per request that ended, through a pipe.

A pipe and not a datagram socket: the kernel keeps some 20,000 of these lines in it but only a few hundred datagrams,
and one read takes a thousand lines. HAProxy never waits for the reader: what does not fit is dropped.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from contextlib import suppress
from typing import NamedTuple

_PIPE_BYTES = 1 << 20  # the most an ordinary user may ask for
_READ_BYTES = 1 << 20

COMPLETED, BROKEN, SHED, TIMED_OUT, GONE = "completed", "broken", "shed", "timed_out", "client_gone"


class Line(NamedTuple):
    """One request that ended. Times in ms; HAProxy has no finer ones."""

    end: str  # COMPLETED ... GONE
    status: int
    server: str  # "<NOSRV>": it reached none
    latency: int  # head complete -> end
    service: int  # the same without the time in the queue
    stream: bool  # an upgraded connection or an event stream: its length is no latency
    weight: int  # requests this line stands for


class LogPipe:
    """The pipe. ``far`` is HAProxy's end; keep it open, so that a next HAProxy can have it."""

    def __init__(self) -> None:
        self._near, self.far = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        with suppress(OSError):  # the user's quota of pipes is used up: a smaller one then
            fcntl.fcntl(self._near, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._rest = b""

    def read(self) -> Counter[bytes]:
        """The lines that have come; equal ones, of which there are many, only once with their number."""
        with suppress(BlockingIOError):
            while part := os.read(self._near, _READ_BYTES):
                self._rest += part
        *lines, self._rest = self._rest.split(b"\n")
        return Counter(lines)

    def close(self) -> None:
        os.close(self._near)
        os.close(self.far)


def parse(raw: bytes) -> Line | None:
    """A line of ``config.LOG_FORMAT``; None for one of a request that was refused before it reached a backend."""
    fields = raw.decode("latin-1").split(" ")
    if len(fields) != 11 or fields[5] == "web":
        return None
    try:
        total, head, queue, status = (int(field.lstrip("+")) for field in fields[:4])
        weight, held = (0 if field == "-" else int(field) for field in fields[7:9])
    except ValueError:
        return None
    span = max(0, total - max(head, 0))  # TR counts what the request was held as part of the head
    return Line(
        end=how(fields[4], fields[9]),
        status=status,
        server=fields[6],
        latency=span + held,
        service=max(0, span - max(queue, 0)),
        stream=status == 101 or fields[10] != "-",
        weight=max(1, weight),
    )


def how(ended: str, ours: str) -> str:
    """Which end a request had. ``ended``: HAProxy's termination state; ``ours``: what our rules said of it."""
    if ours == "shed":
        return SHED
    if ours == "late":
        return TIMED_OUT
    cause, when = ended[:1], ended[1:2]
    if cause == "-":
        return COMPLETED
    if cause in "Cc":
        return GONE
    if cause == "s" and when != "C":  # sC: the connection could not be made in time
        return TIMED_OUT
    return BROKEN
