"""Checks of a task: one HTTP request, and the thresholds that turn answers into a verdict."""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress

from .files import is_ours
from .settings import Check

NEVER_LISTENED = "never listened on $PORT"
CANNOT_ASK = "cannot be asked: "  # for lack of descriptors, memory or ports here: says nothing about the task
FIRST_POLL_MS = 20
FORKED_POLL_MS = 1  # of a task whose imports are done
LAST_POLL_MS = 200
_POLL_GROWTH = 1.15  # a poll comes at most 15 % of a start-up late, 200 ms in the end


async def probe(port: int, check: Check) -> str:
    """One check: empty when it passed, else what was seen (``answered 500``, ``timed out`` …).

    Any status under 500 passes; without a path an accepted connection does. Never raises.
    """
    try:
        async with asyncio.timeout(check.timeout_ms / 1000):
            return await _ask(port, check.path)
    except TimeoutError:
        return "timed out"
    except OSError as error:
        if error.errno == errno.ECONNREFUSED:
            return "refused the connection"
        return f"{CANNOT_ASK if is_ours(error) else 'failed: '}{error.strerror or error}"


async def _ask(port: int, path: str | None) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        if path is None:
            return ""
        request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: fleetfoot-check\r\nConnection: close\r\n\r\n"
        )
        writer.write(request.encode("latin-1", errors="replace"))
        return verdict(await reader.readline())
    except (ValueError, asyncio.IncompleteReadError):
        return "did not answer in HTTP"
    finally:
        with suppress(OSError):
            writer.transport.abort()


def verdict(line: bytes) -> str:
    """What a status line means: empty for any status from 100 to 499."""
    parts = line.split(None, 2)
    if not line:
        return "closed the connection without an answer"
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
        return "did not answer in HTTP"
    return "" if 100 <= int(parts[1]) < 500 else f"answered {int(parts[1])}"


class Gate:
    """Counts answers in a row: ``up`` after ``healthy`` good ones, down after ``unhealthy`` failures.

    Starts down. Gained fast, lost slowly: the caller asks often while it is down.
    """

    __slots__ = ("_check", "_row", "last", "up")

    def __init__(self, check: Check, *, up: bool = False) -> None:
        self._check = check
        self._row = 0  # > 0: good answers in a row, < 0: failures in a row
        self.up = up
        self.last = ""  # what the last failure was

    @property
    def failing(self) -> int:
        """Failures in a row."""
        return max(0, -self._row)

    def see(self, failure: str) -> bool:
        """Take one answer (empty: good); True when the verdict changed. What could not be asked changes nothing."""
        if failure.startswith(CANNOT_ASK):
            self.last = failure
            return False
        if failure:
            self.last = failure
            self._row = min(self._row, 0) - 1
        else:
            self._row = max(self._row, 0) + 1
        up = self._row >= self._check.healthy if not self.up else -self._row < self._check.unhealthy
        changed, self.up = up != self.up, up
        return changed


class Polls:
    """The waits between the checks of a starting task, in ms: 20, 23, 26 … 200. ``first``: the first of them."""

    __slots__ = ("_next",)

    def __init__(self, first: int = FIRST_POLL_MS) -> None:
        self._next = float(first)

    def wait(self) -> float:
        now, self._next = self._next, min(LAST_POLL_MS, self._next * _POLL_GROWTH)
        return now


def start_failure(last: str, listened: bool) -> str:
    """Why a task that ran out of its grace counts as failed."""
    return f"readiness check {last}" if listened else NEVER_LISTENED
