"""A journal whose file is damaged, gone, of another version or not to be written."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from fleetfoot.edge.journal.read import CannotRead, Reader
from fleetfoot.edge.journal.sqlite import JournalError, SqliteJournal
from tests.support import wait_until
from tests.unit.edge.journals import NOW, decision, order, seen


def test_a_journal_of_a_newer_version_is_refused_with_a_message(
    path: Path, opened: Callable[..., SqliteJournal]
) -> None:
    opened().close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE schema SET version = 99")
    with pytest.raises(JournalError, match="newer fleetfoot"):
        SqliteJournal(path)
    with pytest.raises(CannotRead, match="version 99"):
        Reader(path)


@pytest.mark.parametrize("junk", [b"not a database at all" * 100, b""], ids=["junk", "empty"])
def test_a_file_that_is_no_journal_is_moved_aside_and_a_new_one_begins(
    path: Path, opened: Callable[..., SqliteJournal], junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(junk)
    journal = opened()
    assert asyncio.run(journal.open(order(NOW)).durable(60_000))
    aside = list(path.parent.glob("journal.db.damaged-*"))
    assert len(aside) == (1 if junk else 0)
    if junk:
        assert aside[0].read_bytes() == junk
        assert "damaged" in caplog.text


def test_a_journal_damaged_in_its_middle_is_found_at_start(path: Path, opened: Callable[..., SqliteJournal]) -> None:
    journal = opened()
    for tick in range(500):
        journal.decide(decision(NOW + tick))
    journal.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(os.urandom(size // 4))
    journal = opened()
    assert journal.past().last == 0
    assert list(path.parent.glob("journal.db.damaged-*"))


def test_a_journal_that_was_deleted_under_the_controller_begins_again(
    path: Path, opened: Callable[..., SqliteJournal]
) -> None:
    journal = opened()
    assert asyncio.run(journal.open(order(NOW)).durable(60_000))
    for file in path.parent.glob("journal.db*"):
        file.unlink()
    assert asyncio.run(journal.open(order(NOW + 1)).durable(60_000))
    with Reader(path) as reader:
        assert [row.decided for row in reader.orders("orders")] == [NOW + 1]


def test_a_journal_that_cannot_be_opened_says_so_once_and_writes_when_it_can(
    path: Path, opened: Callable[..., SqliteJournal], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    path.mkdir()  # nothing can be written there
    journal = opened(retry=0.05)
    ticket = journal.open(order(NOW))
    wait_until(lambda: not journal.health().durable)
    for tick in range(20):
        journal.observe("orders", seen(NOW + tick * 1000))
    assert not asyncio.run(ticket.durable(50))
    health = journal.health()
    assert health.spooled >= 1
    assert health.error
    path.rmdir()
    wait_until(lambda: journal.health().durable)
    assert asyncio.run(ticket.durable(60_000))
    assert caplog.text.count("cannot write") == 1
    with Reader(path) as reader:
        assert [row.id for row in reader.orders("orders")] == [order(NOW).id]


def test_nobody_waits_for_a_journal_that_is_known_not_to_write(
    path: Path, opened: Callable[..., SqliteJournal]
) -> None:
    path.mkdir()
    journal = opened(retry=60.0)
    journal.open(order(NOW))
    wait_until(lambda: not journal.health().durable)
    ticket = journal.open(order(NOW + 1))

    async def at_once() -> bool:
        waiting = asyncio.ensure_future(ticket.durable(3_600_000))
        await asyncio.sleep(0)
        return waiting.done() and not waiting.result()

    assert asyncio.run(at_once())
    path.rmdir()
