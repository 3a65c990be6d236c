"""Sends what a recorder counts: one daemon thread, one kept connection, one push an interval.

The rules, for whoever edits this:
1. Nothing here blocks the app or raises into it. Every exception is swallowed, counted in
   ``failed`` and logged once of its kind.
2. A push that failed is never sent again: the next one, taken anew, contains it.
3. The last push is made by the same thread, when the app ends; the app waits for it 0.5 s at most.
4. After a fork the child has no thread and no connection; its recorder starts it at the first event.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import urlsplit
from weakref import WeakSet
from zlib import crc32

from fleetfoot_agent.recorder import Counts
from fleetfoot_agent.wire import VERSION, encode, push_of

if TYPE_CHECKING:
    from http.client import HTTPConnection

log = logging.getLogger("fleetfoot_agent")

INTERVAL_MS = 1000
INTERVALS_MS = (200, 60_000)  # the controller may ask for no less and no more
TIMEOUT_S = 2.0
LAST_PUSH_S = 0.5
BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
_MAX_ANSWER = 16 * 1024  # bytes


class Target(NamedTuple):
    """Where the pushes go, and as whom."""

    url: str
    token: str
    service: str
    task: str
    revision: str = ""


class Source(Protocol):
    """Whose counts are sent: a recorder, or who counts otherwise."""

    wake: Callable[[], object] | None

    def take(self) -> Counts:
        """The counts now; called in the sender's thread. What it raises is a push that failed."""


class Answer(NamedTuple):
    """What the controller last said. ``pool``: suggested connections of this task's pool."""

    tasks: int | None = None
    pool: int | None = None
    interval_ms: int = INTERVAL_MS


def target_from(environ: Mapping[str, str]) -> Target | None:
    """The target the environment names, or None when FLEETFOOT_PUSH_URL is not set.

    Raises ValueError when it is set and cannot be used; the text names the variable.
    """
    url = environ.get("FLEETFOOT_PUSH_URL", "")
    if not url:
        return None
    if not _usable(url):
        raise ValueError("FLEETFOOT_PUSH_URL is not an http or https address")
    token, service = environ.get("FLEETFOOT_TOKEN", ""), environ.get("FLEETFOOT_SERVICE", "")
    if not token or not token.isascii() or not token.isprintable():
        raise ValueError("FLEETFOOT_TOKEN is not set to printable ASCII characters")
    if not service:
        raise ValueError("FLEETFOOT_SERVICE is not set")
    task = environ.get("FLEETFOOT_TASK") or socket.gethostname()
    return Target(url, token, service, task, environ.get("FLEETFOOT_REVISION", ""))


def _usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def phase(task: str) -> float:
    """Where in the interval this task pushes, 0..1: so that a fleet does not push all at once."""
    return crc32(task.encode()) / 2**32


def pause(now: float, interval: float, task: str) -> float:
    """Seconds from ``now`` to the task's next turn, at least half an interval away."""
    wait = (phase(task) * interval - now) % interval
    return wait if wait >= interval / 2 else wait + interval


def back_off(failures: int) -> float:
    """Seconds to wait after so many failures in a row: 1, 2, 4 … 30, shortened by up to a half."""
    return BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1] * random.uniform(0.5, 1.0)


class Refused(Exception):
    """The controller answered, and not with what a controller says."""

    def __init__(self, words: str, retry_after: float = 0.0) -> None:
        super().__init__(words)
        self.retry_after = retry_after


def read_answer(status: int, body: bytes, retry_after: str | None) -> Answer:
    """The answer of the controller. Raises Refused."""
    if status != 200:
        wait = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0.0
        raise Refused(f"the controller answered {status}", min(wait, BACK_OFF_S[-1]))
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or data.get("v") != VERSION:
        raise Refused("what answered is not a controller")
    low, high = INTERVALS_MS
    interval = _whole(data.get("interval_ms")) or INTERVAL_MS
    return Answer(_whole(data.get("tasks")), _whole(data.get("pool")) or None, min(max(interval, low), high))


def _whole(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


class Sender:
    """Pushes what ``recorder`` counts to ``target``; ``start`` it once, or let a fork wake it."""

    def __init__(self, recorder: Source, target: Target, on_answer: Callable[[Answer], None] | None = None) -> None:
        self.target = target
        self.answer: Answer | None = None
        self.last_push_s = LAST_PUSH_S  # how long the app waits for the last push when it ends
        self.pushed = 0
        self.failed = 0
        self._recorder = recorder
        self._on_answer = on_answer
        self._logged: set[str] = set()
        self._forget()
        recorder.wake = self.start
        _senders.add(self)
        atexit.register(self.stop)

    def _forget(self) -> None:
        """No thread, no connection: at the start, and in a forked child."""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._connection: HTTPConnection | None = None
        self._sequence = 0

    def start(self) -> None:
        """Start pushing, unless it is done already."""
        try:
            with self._lock:
                if self._thread is not None and self._thread.is_alive() and not self._closing.is_set():
                    return
                self._closing = threading.Event()
                args = (self._closing,)
                self._thread = threading.Thread(target=self._run, args=args, name="fleetfoot-agent", daemon=True)
                self._thread.start()
        except RuntimeError as error:  # no thread to be had, or the interpreter ends
            self._tell(error)

    def stop(self) -> None:
        """Push once more and end; waits ``last_push_s`` at most. May be started again."""
        with self._lock:
            thread = self._thread
            self._closing.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(self.last_push_s)

    # --- the thread ---

    def _run(self, closing: threading.Event) -> None:
        failures, wait = 0, self._pause()
        while True:
            final = closing.wait(wait)
            try:
                self._push(final)
                failures, wait = 0, self._pause()
            except Exception as error:  # noqa: BLE001 - rule 1
                self.failed += 1
                failures += 1
                wait = max(back_off(failures), getattr(error, "retry_after", 0.0))
                self._drop()
                self._tell(error)
            if final:
                self._drop()
                return

    def _pause(self) -> float:
        interval = (self.answer or Answer()).interval_ms / 1000
        return pause(time.monotonic(), interval, self.target.task)

    def _push(self, final: bool) -> None:
        self._sequence += 1
        who = (self.target.service, self.target.task, self.target.revision)
        body = encode(push_of(self._recorder.take(), who, self._sequence, final))
        answer = read_answer(*self._post(body, self.last_push_s * 0.8 if final else TIMEOUT_S))
        self.pushed += 1
        changed, self.answer = answer != self.answer, answer
        if changed and self._on_answer is not None:
            try:
                self._on_answer(answer)
            except Exception as error:  # noqa: BLE001 - the app's own; the push itself went well
                self._tell(error)

    def _post(self, body: bytes, timeout: float) -> tuple[int, bytes, str | None]:
        """One POST on the kept connection; on a new one when the server had closed the kept one."""
        if self._connection is not None:
            try:
                return self._exchange(self._connection, body, timeout)
            except ConnectionError:  # closed while idle; http.client's RemoteDisconnected is one too
                self._drop()
        self._connection = self._connect(timeout)
        return self._exchange(self._connection, body, timeout)

    def _connect(self, timeout: float) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection  # here: 15 ms of import, beside the app's start

        parts = urlsplit(self.target.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=timeout)

    def _exchange(self, connection: HTTPConnection, body: bytes, timeout: float) -> tuple[int, bytes, str | None]:
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        parts = urlsplit(self.target.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Authorization": f"Bearer {self.target.token}", "Content-Type": "application/json"}
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        answer = response.read(_MAX_ANSWER)
        if not response.isclosed():
            self._drop()  # more than an answer may have: what is left must not be read as the next one
        return response.status, answer, response.getheader("Retry-After")

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _tell(self, error: Exception) -> None:
        kind = f"{type(error).__name__}: {error}" if isinstance(error, Refused) else type(error).__name__
        if kind not in self._logged:
            self._logged.add(kind)
            log.warning("fleetfoot agent: %s (%s); the app is not affected, this is said once", error, kind)


_senders: WeakSet[Sender] = WeakSet()


def _after_fork() -> None:
    for sender in list(_senders):
        connection = sender._connection
        sender._forget()
        if connection is not None and connection.sock is not None:
            connection.sock.close()  # our copy of the parent's socket; the parent's connection stays open


os.register_at_fork(after_in_child=_after_fork)
