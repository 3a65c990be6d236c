"""A process the keeper keeps: how it is started, when it is started again, and its words."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from . import proc

_SHORT_LIFE_MS = 5000
_LONGEST_WAIT_MS = 30_000
_MOST_UNSENT = 1 << 20


def python(module: str, options: Mapping[str, object]) -> list[str]:
    """The command line of one of our own modules, safe from a ``json.py`` in the folder we are started in."""
    here = Path(__file__).parents[2].resolve() == Path.cwd().resolve()
    return [sys.executable, *([] if here else ["-P"]), "-m", module, json.dumps(options)]


def plane_link() -> tuple[socket.socket, socket.socket]:
    """(ours, the plane's): JSON lines both ways."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs


class Child:
    """Plane or controller. ``pid`` is 0 while it does not run; ``again`` is when it may be started."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pid = 0
        self.born: int | None = None  # start time, as /proc has it
        self.again: int | None = None
        self.link: socket.socket | None = None
        self._started = 0
        self._short = 0  # lives shorter than 5 s in a row
        self._in = b""
        self._out = b""

    def start(self, argv: list[str], env: Mapping[str, str], fds: Iterable[int], now: int) -> None:
        """In a session of its own: Ctrl-C reaches the keeper only."""
        self.again, self._started = None, now
        try:
            process = subprocess.Popen(
                argv, env=env, pass_fds=tuple(fds), stdin=subprocess.DEVNULL, start_new_session=True
            )
        except OSError:  # as if it had ended at once
            self.ended(now)
            return
        process.returncode = 0  # the keeper reaps; Popen must not
        self.pid, self.born = process.pid, proc.start_time(process.pid)

    def ended(self, now: int) -> None:
        """It is gone. The next start: at once, then after 0.25, 0.5 … 30 s when its lives are short."""
        self.pid, self.born = 0, None
        self._short = self._short + 1 if now - self._started < _SHORT_LIFE_MS else 0
        wait = 0 if self._short <= 1 else min(_LONGEST_WAIT_MS, 250 << min(self._short - 2, 7))
        self.again = now + wait
        self._hang_up()

    def due(self, now: int) -> bool:
        return not self.pid and self.again is not None and now >= self.again

    def signal(self, number: signal.Signals) -> None:
        if self.pid:
            with contextlib.suppress(OSError):
                os.kill(self.pid, number)  # our own child, not reaped yet: the pid is its own

    def send(self, *words: Mapping[str, object]) -> bool:
        """Queue words and write what fits; True when more is to be written."""
        if self.link is None:
            return False
        for word in words:
            if len(self._out) < _MOST_UNSENT:
                self._out += json.dumps(word).encode() + b"\n"
        return self.flush()

    def flush(self) -> bool:
        """Write what fits now; True when more is to be written."""
        try:
            while self._out and self.link is not None:
                self._out = self._out[self.link.send(self._out) :]
        except BlockingIOError:
            return True
        except OSError:
            self._hang_up()
        return False

    def hear(self) -> list[dict[str, Any]]:
        """The words that have come; hangs up at the end of the link."""
        words = []
        try:
            got = self.link.recv(65536) if self.link is not None else b""
        except BlockingIOError:
            return []
        except OSError:
            got = b""
        if not got:
            self._hang_up()
        *lines, self._in = (self._in + got).split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError):
                words.append(json.loads(line))
        return words

    def _hang_up(self) -> None:
        if self.link is not None:
            self.link.close()
        self.link, self._in, self._out = None, b"", b""
