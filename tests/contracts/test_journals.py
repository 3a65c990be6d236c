"""What every journal promises. Each implementation is a row of the table; a new one adds its row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, Decision, Fleet, Observation, Reason, Receipt, Signal
from fleetfoot.edge.base import Journal, OperatorAction, Order, Past
from fleetfoot.edge.journal.memory import MemoryJournal
from fleetfoot.edge.journal.sqlite import SqliteJournal

NOW = 1_700_000_000_000


class Shelf:
    """Opens the same journal again and again, as controllers that follow each other do."""

    def __init__(self, again: Callable[[], Journal]) -> None:
        self._again = again
        self._open: list[Journal] = []

    def open(self) -> Journal:
        self.close()
        self._open.append(self._again())
        return self._open[-1]

    def close(self) -> None:
        while self._open:
            self._open.pop().close()


@pytest.fixture(params=["memory", "sqlite"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    kept = MemoryJournal()
    shelf = Shelf((lambda: kept) if request.param == "memory" else (lambda: SqliteJournal(tmp_path / "journal.db")))
    yield shelf
    shelf.close()


def observation(now: int, rate: float = 50.0) -> Observation:
    return Observation(now, now, {"requests": Signal("requests", rate, now, now)}, Fleet(now, 2, serving=2))


def decision(now: int, desired: int = 4) -> Decision:
    return Decision(
        "orders",
        now,
        now,
        Action.GROW,
        2,
        desired,
        desired,
        (Reason("demand", {"rate": 50.0, "per_task": 14.0}),),
        (),
        (),
    )


def order(now: int, count: int = 4) -> Order:
    return Order(f"orders@{now}", "orders", 2, count, now, now)


def durable(ticket: object) -> bool:
    return asyncio.run(ticket.durable(60_000))  # type: ignore[attr-defined, no-any-return]


def test_a_new_journal_has_no_past(shelf: Shelf) -> None:
    assert shelf.open().past() == Past()


def test_an_order_without_a_receipt_is_found_by_the_next_controller(shelf: Shelf) -> None:
    journal = shelf.open()
    assert durable(journal.open(order(NOW)))
    assert shelf.open().past().open_orders == (order(NOW),)


def test_an_order_with_a_receipt_is_not_open_any_more(shelf: Shelf) -> None:
    journal = shelf.open()
    journal.open(order(NOW))
    journal.complete(Receipt(order(NOW).id, "orders", 4, True, NOW + 5))
    assert shelf.open().past().open_orders == ()


def test_the_stages_of_orders_that_were_carried_out_come_back(shelf: Shelf) -> None:
    journal = shelf.open()
    for number, ok in enumerate((True, False)):
        journal.open(order(NOW + number))
        journal.complete(Receipt(order(NOW + number).id, "orders", 4, ok, NOW + 5))
    journal.stamp(order(NOW).id, {"last_ready": NOW + 900})
    (stamps,) = shelf.open().past().stamps
    assert stamps["decided"] == NOW
    assert stamps["commanded"] == NOW + 5
    assert stamps["last_ready"] == NOW + 900


def test_a_failed_order_is_complete_too(shelf: Shelf) -> None:
    journal = shelf.open()
    journal.open(order(NOW))
    journal.complete(Receipt(order(NOW).id, "orders", 4, False, NOW + 5, "refused"))
    assert shelf.open().past().open_orders == ()


def test_the_newest_memory_of_every_service_comes_back_as_it_was(shelf: Shelf) -> None:
    journal = shelf.open()
    memory = Memory()
    journal.checkpoint("orders", NOW, memory.to_json())
    memory.now, memory.ordered = NOW + 1000, 7
    journal.checkpoint("orders", NOW + 1000, memory.to_json())
    journal.checkpoint("mail", NOW, Memory().to_json())
    memories = shelf.open().past().memories
    assert set(memories) == {"orders", "mail"}
    assert Memory.from_json(dict(memories["orders"])).to_json() == memory.to_json()


def test_what_people_ordered_comes_back_in_order(shelf: Shelf) -> None:
    journal = shelf.open()
    actions = (
        OperatorAction("orders", "scale", "ana", NOW, NOW, count=5, until=NOW + 60_000, reason="launch"),
        OperatorAction("orders", "pause", "bo", NOW + 1, NOW + 1, growth=True),
    )
    for action in actions:
        assert durable(journal.operate(action))
    assert shelf.open().past().actions == actions


def test_the_newest_time_in_the_journal_is_known(shelf: Shelf) -> None:
    journal = shelf.open()
    journal.observe("orders", observation(NOW))
    journal.observe("orders", observation(NOW + 1000))
    journal.open(order(NOW + 500))
    assert shelf.open().past().last == NOW + 1000


def test_the_same_order_twice_is_kept_once(shelf: Shelf) -> None:
    journal = shelf.open()
    journal.open(order(NOW))
    assert durable(journal.open(order(NOW)))
    assert shelf.open().past().open_orders == (order(NOW),)


def test_a_stamp_for_an_unknown_order_or_stage_is_quiet(shelf: Shelf) -> None:
    journal = shelf.open()
    journal.stamp("nobody@1", {"last_ready": NOW})
    journal.stamp("nobody@1", {"no_such_stage": NOW})
    journal.decide(decision(NOW))
    assert durable(journal.open(order(NOW)))


def test_a_healthy_journal_says_so(shelf: Shelf) -> None:
    health = shelf.open().health()
    assert health.durable
    assert health.error == ""
