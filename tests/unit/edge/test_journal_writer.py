"""The thread that writes the journal: what waits while the disk is full, and what is given up first."""

from __future__ import annotations

import asyncio

from fleetfoot.edge.journal.writer import Poisoned, Record, Writer
from tests.support import wait_until


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
