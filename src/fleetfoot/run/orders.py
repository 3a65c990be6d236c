"""Carries orders out beside the loop: recorded first, then commanded, then completed by the receipt.

Rules, for whoever edits this file:
1. One order of a service at a time, in the order they were decided; a newer one takes over from one that waits,
   for its turn or for its record.
2. Growth goes out when its record is durable, or 200 ms later without. Scale-in goes out only when it is durable.
3. Orders are absolute, so an attempt that failed is repeated until patience ends or a newer order waits.
4. Every order opened in the journal is completed there, also one that was given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from fleetfoot.core.model import Decision, Fleet, Receipt, State
from fleetfoot.edge.base import Journal, Order, Target, Ticket
from fleetfoot.run.clock import Now
from fleetfoot.run.settings import LiveSettings

log = logging.getLogger("fleetfoot.orders")

NOT_DURABLE = "not carried out: scale-in waits while the journal cannot be written"
SUPERSEDED = "a newer order took over"
STOPPED = "the controller stopped before the target answered"


class _Waiting(NamedTuple):
    order: Order
    ticket: Ticket


class Orders:
    """The way from a decision to a receipt."""

    def __init__(
        self,
        targets: Mapping[str, Target],
        journal: Journal,
        now: Now,
        settings: LiveSettings,
        done: Callable[[Order, Receipt, int | None], None],
    ) -> None:
        """``targets`` by service. ``done`` is told of every receipt, and when its order was durable."""
        self._targets = targets
        self._journal = journal
        self._now = now
        self._settings = settings
        self._done = done
        self._next: dict[str, _Waiting] = {}
        self._newer: dict[str, asyncio.Event] = {}  # set when a newer order waits behind one being repeated
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.last: dict[str, Receipt] = {}

    def give(self, decision: Decision, who: str = "") -> Order | None:
        """Record and send the decision's count; None when nothing has to be sent now."""
        grows = decision.desired > decision.current
        if self._given(decision) or (not grows and not self._journal.health().durable):
            return None
        order = Order(
            f"{decision.service}@{decision.now}",
            decision.service,
            decision.current,
            decision.desired,
            decision.now,
            decision.wall,
            who,
            decision.sampled,
            decision.received,
            decision.onset,
        )
        waiting = _Waiting(order, self._journal.open(order))
        older = self._next.pop(order.service, None)
        if older is not None:
            self._complete(older.order, self._refused(older.order, SUPERSEDED), None)
        self._next[order.service] = waiting
        if order.service in self._newer:
            self._newer[order.service].set()
        task = self._tasks.get(order.service)
        if task is None or task.done():
            self._tasks[order.service] = asyncio.create_task(self._carry_out(order.service))
        return order

    def _given(self, decision: Decision) -> bool:
        """Whether the target accepted this very count a moment ago and has only not shown it yet."""
        last = self.last.get(decision.service)
        return (
            last is not None
            and last.ok
            and last.count == decision.desired
            and decision.service not in self._next
            and decision.now - last.commanded < self._settings.repeat
        )

    async def _carry_out(self, service: str) -> None:
        while (waiting := self._next.pop(service, None)) is not None:
            order, ticket = waiting
            self._newer.pop(service, None)
            durable = await ticket.durable(self._settings.durable_within)
            recorded = self._now() if durable else None
            if recorded is not None:
                self._journal.stamp(order.id, {"recorded": recorded})
            if service in self._next:
                receipt = self._refused(order, SUPERSEDED)
            elif durable or order.count > order.before:
                receipt = await self._insist(order)
            else:
                receipt = self._refused(order, NOT_DURABLE)
            self._complete(order, receipt, recorded)

    async def _insist(self, order: Order) -> Receipt:
        until = self._now() + self._settings.order_patience
        while True:
            receipt = await self._targets[order.service].order(
                order.service, order.count, order.id, self._settings.order_deadline, order.before
            )
            if receipt.ok or self._now() >= until or order.service in self._next:
                return receipt
            newer = self._newer.setdefault(order.service, asyncio.Event())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.order_pause / 1000):
                    await newer.wait()
            if order.service in self._next:
                return receipt

    def _refused(self, order: Order, why: str) -> Receipt:
        return Receipt(order.id, order.service, order.count, False, self._now(), why)

    def _complete(self, order: Order, receipt: Receipt, recorded: int | None) -> None:
        self._journal.complete(receipt)
        self.last[order.service] = receipt
        if not receipt.ok and receipt.error not in (SUPERSEDED, NOT_DURABLE):
            log.warning("%s: the order for %d tasks failed: %s", order.service, order.count, receipt.error)
        self._done(order, receipt, recorded)

    async def close(self, within: float = 0.5) -> None:
        """Give what is under way a moment, and leave the rest without a receipt: the next start looks at it again."""
        running = [task for task in self._tasks.values() if not task.done()]
        if running:
            await asyncio.wait(running, timeout=within)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def look_again(
    orders: tuple[Order, ...], targets: Mapping[str, Target], journal: Journal, now: Now, patience: int = 10_000
) -> None:
    """Orders that an earlier controller left without a receipt: compared with the tasks there are, never repeated.

    ``patience``: ms a target that does not answer is asked again; nothing can be decided meanwhile anyhow.
    """
    until = now() + patience
    for order in orders:
        target = targets.get(order.service)
        fleet = await target.observe(order.service) if target else Fleet(now(), 0, state=State.MISSING)
        while target is not None and fleet.state is not State.FRESH and now() < until:
            await asyncio.sleep(0.1)
            fleet = await target.observe(order.service)
        seen = fleet.desired == order.count and fleet.state is State.FRESH
        error = "" if seen else f"no receipt; at the next start the count was {fleet.desired}, and it was decided anew"
        journal.complete(Receipt(order.id, order.service, order.count, seen, now(), error))
        log.warning(
            "%s: order %s for %d tasks had no receipt: %s",
            order.service,
            order.id,
            order.count,
            "it was carried out" if seen else "it is not what the fleet shows; not repeated",
        )
