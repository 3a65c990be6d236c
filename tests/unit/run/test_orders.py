from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace

from fleetfoot.core.model import Action, Decision, Receipt
from fleetfoot.edge.base import Health, Order
from fleetfoot.edge.journal.memory import Known, MemoryJournal
from fleetfoot.edge.targets.memory import MemoryTarget
from fleetfoot.run.orders import NOT_DURABLE, SUPERSEDED, Orders, look_again
from fleetfoot.run.settings import LiveSettings
from tests.looptime import eventually

FAST = LiveSettings(order_deadline=30, order_patience=200, order_pause=5, durable_within=20)


class Bench:
    """A target, a journal and the way between them."""

    def __init__(self, settings: LiveSettings = FAST) -> None:
        self.time = 1000
        self.target = MemoryTarget({"orders": 4}, lambda: self.time)
        self.journal = MemoryJournal()
        self.told: list[tuple[Order, Receipt, int | None]] = []
        self.orders = Orders(
            {"orders": self.target},
            self.journal,
            lambda: self.time,
            settings,
            lambda order, receipt, recorded: self.told.append((order, receipt, recorded)),
        )

    def decide(self, desired: int, current: int = 4) -> Decision:
        self.time += 1
        action = Action.GROW if desired > current else Action.SHRINK
        return Decision("orders", self.time, self.time, action, current, desired, desired, (), (), ())

    async def quiet(self) -> None:
        await asyncio.gather(*self.orders._tasks.values())


def run(scenario: Callable[[Bench], Coroutine[None, None, None]], settings: LiveSettings = FAST) -> Bench:
    async def go() -> Bench:
        bench = Bench(settings)
        await scenario(bench)
        return bench

    return asyncio.run(go())


def test_an_order_is_in_the_journal_before_the_target_hears_of_it() -> None:
    async def scenario(bench: Bench) -> None:
        order = bench.orders.give(bench.decide(6))
        assert order is not None
        assert bench.journal.orders == {order.id: order}
        assert bench.target.orders == []
        await bench.quiet()
        assert bench.target.orders == [("orders", 6, order.id)]
        assert bench.journal.receipts[order.id].ok
        assert bench.journal.stamps[order.id]["recorded"] == bench.time

    run(scenario)


def test_an_order_says_on_what_count_it_was_decided() -> None:
    async def scenario(bench: Bench) -> None:
        bench.target.counts["orders"] = 9
        bench.orders.give(bench.decide(6, current=4))
        await eventually(lambda: len(bench.target.orders) > 1)
        assert bench.target.counts["orders"] == 9
        bench.orders.give(bench.decide(6, current=9))
        await bench.quiet()
        assert bench.target.counts["orders"] == 6

    run(scenario)


def test_growth_goes_out_while_the_journal_cannot_be_written() -> None:
    async def scenario(bench: Bench) -> None:
        bench.journal.error = "disk full"
        bench.orders.give(bench.decide(6))
        await bench.quiet()
        assert bench.target.counts["orders"] == 6
        assert bench.told[0][2] is None

    run(scenario)


def test_scale_in_waits_while_the_journal_cannot_be_written() -> None:
    async def scenario(bench: Bench) -> None:
        bench.journal.error = "disk full"
        assert bench.orders.give(bench.decide(2)) is None
        bench.journal.error = ""
        assert bench.orders.give(bench.decide(2)) is not None
        await bench.quiet()
        assert bench.target.counts["orders"] == 2

    run(scenario)


def test_scale_in_whose_record_turns_out_not_to_be_durable_is_given_up_and_completed() -> None:
    class Slow(MemoryJournal):
        def open(self, order: Order) -> Known:
            super().open(order)
            return Known(False)

        def health(self) -> Health:
            return Health()

    async def scenario(bench: Bench) -> None:
        bench.journal = Slow()
        bench.orders._journal = bench.journal
        order = bench.orders.give(bench.decide(2))
        await bench.quiet()
        assert order is not None
        assert bench.target.orders == []
        assert bench.journal.receipts[order.id].error == NOT_DURABLE

    run(scenario)


def test_a_failed_order_is_tried_again_until_it_is_accepted() -> None:
    async def scenario(bench: Bench) -> None:
        bench.target.refuse = "busy"
        bench.orders.give(bench.decide(6))
        await eventually(lambda: len(bench.target.orders) >= 3)
        bench.target.refuse = ""
        await bench.quiet()
        assert bench.target.counts["orders"] == 6
        assert len(bench.told) == 1
        assert bench.told[0][1].ok

    run(scenario)


def test_an_order_nobody_accepts_ends_with_a_receipt_that_says_why() -> None:
    async def scenario(bench: Bench) -> None:
        bench.target.refuse = "busy"
        bench.orders.give(bench.decide(6))
        await eventually(lambda: len(bench.target.orders) >= 2)
        bench.time += 10_000
        await bench.quiet()
        assert bench.told[0][1].error == "busy"

    run(scenario)


def test_a_newer_order_takes_over_from_one_that_is_being_repeated_and_they_arrive_in_order() -> None:
    async def scenario(bench: Bench) -> None:
        bench.target.refuse = "busy"
        first = bench.orders.give(bench.decide(6))
        await eventually(lambda: bool(bench.target.orders))
        second = bench.orders.give(bench.decide(8))
        third = bench.orders.give(bench.decide(9))
        bench.target.refuse = ""
        await bench.quiet()
        assert first is not None
        assert second is not None
        assert third is not None
        assert [count for _, count, _ in bench.target.orders] == [6, 9]
        assert bench.journal.receipts[second.id].error == SUPERSEDED
        assert set(bench.journal.receipts) == {first.id, second.id, third.id}

    run(scenario)


def test_a_newer_order_takes_over_from_one_that_waits_for_its_record() -> None:
    class Slow(MemoryJournal):
        def __init__(self) -> None:
            super().__init__()
            self.go = asyncio.Event()

        def open(self, order: Order) -> Known:
            super().open(order)
            return Late(self.go) if len(self.orders) == 1 else Known(True)

    class Late(Known):
        def __init__(self, go: asyncio.Event) -> None:
            super().__init__(True)
            self.go = go

        async def durable(self, within_ms: int) -> bool:
            return await self.go.wait()

    async def scenario(bench: Bench) -> None:
        journal = bench.journal = bench.orders._journal = Slow()
        shrink = bench.orders.give(bench.decide(2))
        await asyncio.sleep(0)
        bench.orders.give(bench.decide(8))
        journal.go.set()
        await bench.quiet()
        assert shrink is not None
        assert [count for _, count, _ in bench.target.orders] == [8]
        assert journal.receipts[shrink.id].error == SUPERSEDED

    run(scenario)


def test_a_count_just_accepted_is_not_ordered_again_before_the_fleet_can_show_it() -> None:
    async def scenario(bench: Bench) -> None:
        bench.orders.give(bench.decide(6))
        await bench.quiet()
        assert bench.orders.give(bench.decide(6)) is None
        bench.time += FAST.repeat + 1
        assert bench.orders.give(bench.decide(6)) is not None
        await bench.quiet()

    run(scenario)


def test_a_target_that_hangs_costs_the_deadline_and_no_more() -> None:
    async def scenario(bench: Bench) -> None:
        bench.target.slow = 60_000
        bench.orders.give(bench.decide(6))
        bench.time += 10_000
        await bench.quiet()
        assert "30 ms" in bench.told[0][1].error

    run(scenario, replace(FAST, order_patience=0))


def open_order(count: int) -> Order:
    return Order("orders@5", "orders", 2, count, 5, 5)


def test_an_order_without_a_receipt_that_was_carried_out_is_completed_and_not_repeated() -> None:
    async def scenario(bench: Bench) -> None:
        await look_again((open_order(4),), {"orders": bench.target}, bench.journal, lambda: 99)
        assert bench.journal.receipts["orders@5"].ok
        assert bench.target.orders == []

    run(scenario)


def test_an_order_without_a_receipt_that_the_fleet_does_not_show_is_closed_and_not_repeated() -> None:
    async def scenario(bench: Bench) -> None:
        await look_again((open_order(9),), {"orders": bench.target}, bench.journal, lambda: 99)
        assert not bench.journal.receipts["orders@5"].ok
        assert "4" in bench.journal.receipts["orders@5"].error
        assert bench.target.orders == []

    run(scenario)


def test_an_order_for_a_service_that_is_gone_is_closed() -> None:
    async def scenario(bench: Bench) -> None:
        order = Order("old@5", "old", 2, 4, 5, 5)
        await look_again((order,), {"orders": bench.target}, bench.journal, lambda: 99)
        assert not bench.journal.receipts["old@5"].ok

    run(scenario)
