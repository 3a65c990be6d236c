"""The thread that writes: bounded, patient, and never in the way of growth.

Rules, for whoever edits this file:
1. ``put`` never blocks and never raises. What cannot be written now waits in the spool.
2. The spool is bounded in records and in bytes. When it is full the oldest history goes first, orders and
   their receipts last.
3. A record is durable when the transaction that holds it has been committed with FULL sync.
4. While writes fail, nobody waits for them: ``Mark.durable`` answers no at once, and the thread tries
   again every ``retry`` seconds. Failing and recovering are said once each.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

from fleetfoot.edge.base import Health

log = logging.getLogger("fleetfoot.journal")

Key = tuple[Any, ...] | None


class Record(NamedTuple):
    """One row on its way: ``op`` names what to do with ``values``. A later record of one ``key`` replaces it."""

    op: str
    values: Mapping[str, Any]
    precious: bool = False  # an order, a receipt, a person's action
    key: Key = None
    size: int = 500  # bytes in memory, roughly


class Poisoned(Exception):
    """The database refuses this very record; trying again would not help."""


class Withdrawn(Exception):
    """Nobody wants this record kept any more."""


class Mark:
    """A record's way to the disk; see ``edge.base.Ticket``."""

    def __init__(self, failing: Callable[[], bool], take_back: Callable[[Mark], bool]) -> None:
        self.done: Future[None] = Future()
        self._failing = failing
        self._take_back = take_back

    def withdraw(self) -> bool:
        return self._take_back(self)

    async def durable(self, within_ms: int) -> bool:
        if self.done.done():
            return self.done.exception() is None
        if self._failing():
            return False
        known = asyncio.wrap_future(self.done)
        known.add_done_callback(asyncio.Future.exception)  # looked at, also when nobody waits any more
        await asyncio.wait([known], timeout=within_ms / 1000)
        return known.done() and known.exception() is None


class Writer:
    """Takes records from any thread and hands them in batches to ``write``, which is one transaction."""

    def __init__(
        self,
        write: Callable[[Sequence[Record]], None],
        spool: int = 20_000,
        retry: float = 1.0,
        batch: int = 500,
        most_bytes: int = 64_000_000,
    ) -> None:
        """``write`` raises Poisoned for a record the database refuses, anything else when it cannot write now."""
        self._write = write
        self._limit = spool
        self._retry = retry
        self._batch = batch
        self._most_bytes = most_bytes
        self._bytes = 0  # of what waits
        self._wake = threading.Condition()
        self._waiting: deque[tuple[Record, Mark]] = deque()
        self._busy: list[tuple[Record, Mark]] = []  # the batch being written, or waiting for the next attempt
        self._writing = False
        self._dropped = 0
        self._error = ""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def put(self, record: Record) -> Mark:
        mark = Mark(lambda: bool(self._error), self._withdraw)
        with self._wake:
            if record.key is not None and self._error:
                self._forget_older(record.key)
            self._waiting.append((record, mark))
            self._bytes += record.size
            while len(self._waiting) > self._limit or (self._bytes > self._most_bytes and len(self._waiting) > 1):
                self._drop_one()
            self._wake.notify()
        return mark

    def health(self) -> Health:
        with self._wake:
            spooled = len(self._waiting) + len(self._busy) if self._error else 0
            return Health(not self._error, spooled, self._dropped, self._error)

    def close(self, within: float = 10.0) -> None:
        """Write what waits, for at most ``within`` seconds."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join(within)

    def _withdraw(self, mark: Mark) -> bool:
        with self._wake:
            if mark.done.done() or (self._writing and any(busy is mark for _, busy in self._busy)):
                return False
            mark.done.set_exception(Withdrawn())  # it is passed over when its turn comes
            return True

    def _forget_older(self, key: tuple[Any, ...]) -> None:
        self._bytes -= sum(record.size for record, _ in self._waiting if record.key == key)
        self._waiting = deque(pair for pair in self._waiting if pair[0].key != key)

    def _drop_one(self) -> None:
        self._dropped += 1
        history = (index for index, (record, _) in enumerate(self._waiting) if not record.precious)
        index = next(history, 0)
        self._bytes -= self._waiting[index][0].size
        del self._waiting[index]

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._busy and not self._stopping:
                    self._wake.wait()
                if not self._busy:
                    self._busy = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
                    self._bytes -= sum(record.size for record, _ in self._busy)
                if not self._busy:
                    return  # stopping, and all is written
            if not self._try() and not self._rest():
                return

    def _rest(self) -> bool:
        """Wait before the next attempt; False when it is time to stop instead."""
        until = time.monotonic() + self._retry
        with self._wake:
            while not self._stopping and (left := until - time.monotonic()) > 0:
                self._wake.wait(left)
            return not self._stopping

    def _try(self) -> bool:
        with self._wake:
            batch = [pair for pair in self._busy if not pair[1].done.done()]
            self._writing = True
        try:
            self._commit(batch)
        except Exception as failure:  # noqa: BLE001 - a full disk, a lost file, a locked database: keep the records, try again
            self._failed(failure)
            return False
        finally:
            with self._wake:
                self._writing = False
        with self._wake:
            self._busy = []
            recovered, self._error = self._error, ""
        if recovered:
            log.warning("journal: writing again; %d records were lost while it could not", self._dropped)
        return True

    def _commit(self, batch: list[tuple[Record, Mark]]) -> None:
        try:
            self._write([record for record, _ in batch])
        except Poisoned as poison:
            if len(batch) == 1:
                log.error("journal: one record could not be kept: %s", poison)
                batch[0][1].done.set_exception(poison)
                return
            for pair in batch:
                self._commit([pair])
            return
        for _, mark in batch:
            mark.done.set_result(None)

    def _failed(self, failure: Exception) -> None:
        text = " ".join(str(getattr(failure, "orig", None) or failure).split()) or type(failure).__name__
        with self._wake:
            first, self._error = not self._error, text
        if first:
            log.warning("journal: cannot write (%s); records wait in memory, growth goes on, scale-in waits", text)
