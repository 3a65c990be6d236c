from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, Decision, Fleet, Observation, Reason, Receipt, Signal, Start, Trail, Want
from fleetfoot.edge.base import Order
from fleetfoot.edge.journal.ops import Retention
from fleetfoot.edge.journal.read import CannotRead, Reader
from fleetfoot.edge.journal.sqlite import JournalError, SqliteJournal
from fleetfoot.edge.journal.writer import Poisoned, Record, Writer
from tests.support import wait_until

NOW = 1_700_000_040_000  # the start of a minute
HOUR = 3_600_000
DAY = 24 * HOUR


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[..., SqliteJournal]]:
    kept: list[SqliteJournal] = []

    def again(**options: object) -> SqliteJournal:
        for journal in kept:
            journal.close()
        kept[:] = [SqliteJournal(path, **options)]  # type: ignore[arg-type]
        return kept[0]

    yield again
    for journal in kept:
        journal.close()


def seen(now: int, rate: float = 50.0, bad: float = 0.0) -> Observation:
    signals = {
        "requests": Signal("requests", rate, now, now),
        "bad": Signal("bad", bad, now, now),
        "latency": Signal("latency", 0.1 + 0.2, now, now),
    }
    return Observation(
        now, now - 5, signals, Fleet(now, 2, serving=2, zones={"a": 2}, starts=(Start(1, "r", 9, True),))
    )


def decision(now: int) -> Decision:
    reason = Reason("demand", {"rate": 50.0, "per_task": 14.0, "extra": 0})
    trail = Trail("rate of change", 9, 4, Reason("rate_of_change", {"allowed": 4}))
    return Decision(
        "orders",
        now,
        now,
        Action.GROW,
        2,
        4,
        9,
        (reason,),
        (("default", Want(9, reason, True, 70.5)),),
        (trail,),
        onset=now - 900,
    )


def order(now: int, count: int = 4, name: str = "orders") -> Order:
    return Order(f"{name}@{now}", name, 2, count, now, now)


def test_observations_come_back_exactly_over_minutes_and_lives(
    path: Path, opened: Callable[..., SqliteJournal]
) -> None:
    told = [seen(NOW + tick * 1000, rate=50 + tick / 3) for tick in range(150)]
    journal = opened()
    for one in told[:70]:
        journal.observe("orders", one)
    journal = opened()  # a controller that starts again in the middle of a minute
    for one in told[70:]:
        journal.observe("orders", one)
    journal.close()
    with Reader(path) as reader:
        assert list(reader.observations("orders", 0, NOW * 2)) == told
        assert list(reader.observations("orders", NOW + 65_000, NOW + 75_000)) == told[65:76]


def test_what_led_to_an_order_is_durable_with_it(path: Path, opened: Callable[..., SqliteJournal]) -> None:
    journal = opened()
    journal.observe("orders", seen(NOW))
    asyncio.run(journal.open(order(NOW)).durable(5000))
    with Reader(path) as reader:
        wait_until(lambda: list(reader.observations("orders", 0, NOW * 2)), what="the observation behind the order")


def test_a_decision_comes_back_with_votes_trail_and_reasons(path: Path, opened: Callable[..., SqliteJournal]) -> None:
    journal = opened()
    journal.decide(decision(NOW))
    journal.close()
    with Reader(path) as reader:
        assert reader.decisions("orders", NOW - 1, NOW + 1) == [decision(NOW)]
        assert reader.decision_before("orders", NOW + 99) == decision(NOW)
        assert reader.decision_before("orders", NOW - 1) is None


def test_receipt_and_stages_complete_the_order(path: Path, opened: Callable[..., SqliteJournal]) -> None:
    journal = opened()
    journal.open(order(NOW))
    journal.stamp(order(NOW).id, {"recorded": NOW + 1})
    journal.complete(Receipt(order(NOW).id, "orders", 4, True, NOW + 2))
    journal.stamp(order(NOW).id, {"first_ready": NOW + 500, "last_ready": NOW + 900})
    journal.close()
    with Reader(path) as reader:
        row = reader.order_at("orders", NOW)
    assert row is not None
    assert (row.recorded, row.commanded, row.ok, row.last_ready, row.first_request) == (
        NOW + 1, NOW + 2, True, NOW + 900, None,
    )  # fmt: skip


def test_the_spec_of_a_moment_is_the_one_its_controller_ran_with(
    path: Path, opened: Callable[..., SqliteJournal]
) -> None:
    journal = opened()
    journal.run(NOW, NOW, "1", "services: {old: {}}")
    journal.run(NOW + 1000, NOW, "1", "services: {new: {}}")
    journal.close()
    with Reader(path) as reader:
        assert reader.spec_at(NOW + 999) == "services: {old: {}}"
        assert reader.spec_at(NOW + 1000) == "services: {new: {}}"


def test_a_minute_is_summed_up_for_charts(path: Path, opened: Callable[..., SqliteJournal]) -> None:
    journal = opened()
    for tick in range(60):
        journal.observe("orders", seen(NOW + tick * 1000, rate=100, bad=20 if tick in (10, 11) else 0))
    journal.close()
    with Reader(path) as reader:
        (row,) = reader.rollups("orders", NOW, NOW + 60_000)
    assert row["requests_mean"] == pytest.approx(100)
    assert row["desired_max"] == 2
    assert row["task_seconds"] == pytest.approx(118)
    assert row["seconds_over"] == 2


def test_old_observations_go_but_those_around_orders_stay_a_month(
    path: Path, opened: Callable[..., SqliteJournal]
) -> None:
    journal = opened()
    days = [0, 10, 31]
    for days_ago in days:
        at = NOW - days_ago * DAY - 5 * HOUR
        journal.observe("orders", seen(at))
        journal.observe("plain", seen(at))
        journal.open(order(at + 10 * 60_000))
    journal.observe("orders", seen(NOW))
    journal.observe("plain", seen(NOW))
    journal.close()
    journal = opened()
    journal.observe("plain", seen(NOW + 60_000))  # a new life trims at its first observation
    journal.close()
    with Reader(path) as reader:
        ages = [(NOW - one.now) // DAY for one in reader.observations("orders", 0, NOW)]
        assert ages == [10, 0, 0]
        assert [one.now for one in reader.observations("plain", 0, NOW * 2)] == [NOW, NOW + 60_000]


def test_the_newest_lives_of_controllers_are_kept_and_older_ones_go(
    path: Path, opened: Callable[..., SqliteJournal]
) -> None:
    journal = opened(retention=Retention(runs=3))
    for life in range(5):
        journal.run(NOW + life, NOW + life, "0.1", f"file {life}")
    journal.observe("orders", seen(NOW + 60_000))
    journal.close()
    with Reader(path) as reader:
        assert [reader.spec_at(NOW + life) for life in range(5)] == [None, None, "file 2", "file 3", "file 4"]


def test_the_newest_checkpoint_is_never_forgotten(path: Path, opened: Callable[..., SqliteJournal]) -> None:
    journal = opened(retention=Retention())
    journal.checkpoint("orders", NOW - 100 * DAY, Memory().to_json())
    journal.checkpoint("orders", NOW - 99 * DAY, Memory().to_json())
    journal.observe("orders", seen(NOW))
    journal.close()
    with Reader(path) as reader:
        assert reader.checkpoint("orders", NOW) is not None
        assert reader.checkpoint("orders", NOW - 100 * DAY) is None


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
    assert asyncio.run(journal.open(order(NOW)).durable(5000))
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
    assert asyncio.run(journal.open(order(NOW)).durable(5000))
    for file in path.parent.glob("journal.db*"):
        file.unlink()
    assert asyncio.run(journal.open(order(NOW + 1)).durable(5000))
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
    assert asyncio.run(ticket.durable(5000))
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


class Disk:
    """Something to write to that may be full, or refuse one record for good."""

    def __init__(self) -> None:
        self.full = True
        self.kept: list[Record] = []

    def write(self, batch: list[Record]) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        if any(record.op == "poison" for record in batch):
            raise Poisoned("never")
        self.kept += batch


def written_by(disk: Disk, limit: int = 10) -> Writer:
    return Writer(disk.write, spool=limit, retry=0.02)  # type: ignore[arg-type]


def test_a_full_spool_forgets_history_before_orders_and_counts_what_it_lost() -> None:
    disk = Disk()
    writer = written_by(disk)
    writer.put(Record("first", {}))
    wait_until(lambda: not writer.health().durable)
    for number in range(8):
        writer.put(Record("order", {"n": number}, precious=True))
    for number in range(8):
        writer.put(Record("history", {"n": number}))
    assert writer.health().dropped == 6
    disk.full = False
    wait_until(lambda: writer.health().durable)
    writer.close()
    assert [r.values["n"] for r in disk.kept if r.op == "order"] == list(range(8))
    assert [r.values["n"] for r in disk.kept if r.op == "history"] == [6, 7]


def test_the_spool_is_bounded_in_bytes_too() -> None:
    disk = Disk()
    writer = Writer(disk.write, retry=0.02, most_bytes=10_000)  # type: ignore[arg-type]
    writer.put(Record("first", {}, size=0))
    wait_until(lambda: not writer.health().durable)
    for number in range(30):
        writer.put(Record("minute", {"n": number}, key=("minute", number), size=1000))
    assert writer.health().dropped == 20
    disk.full = False
    wait_until(lambda: writer.health().durable)
    writer.close()
    assert [r.values["n"] for r in disk.kept if r.op == "minute"] == list(range(20, 30))


def test_a_newer_form_of_a_waiting_record_replaces_it() -> None:
    disk = Disk()
    writer = written_by(disk)
    writer.put(Record("first", {}))
    wait_until(lambda: not writer.health().durable)
    for number in range(50):
        writer.put(Record("minute", {"n": number}, key=("minute", 1)))
    disk.full = False
    wait_until(lambda: writer.health().durable)
    writer.close()
    assert [r.values["n"] for r in disk.kept if r.op == "minute"] == [49]
    assert writer.health().dropped == 0


def test_a_record_the_database_refuses_for_good_costs_only_itself() -> None:
    disk = Disk()
    disk.full = False
    writer = written_by(disk)
    marks = [writer.put(Record(op, {})) for op in ("a", "poison", "b")]
    wait_until(marks[2].done.done)
    writer.close()
    assert [r.op for r in disk.kept] == ["a", "b"]
    assert asyncio.run(marks[0].durable(0))
    assert not asyncio.run(marks[1].durable(0))
    assert writer.health().durable


def test_closing_while_the_disk_is_full_does_not_hang() -> None:
    disk = Disk()
    writer = Writer(disk.write, retry=3600.0)  # type: ignore[arg-type]
    writer.put(Record("a", {}))
    wait_until(lambda: not writer.health().durable)
    writer.close()
    assert not any(thread.name == "journal" and thread.is_alive() for thread in [writer._thread])
