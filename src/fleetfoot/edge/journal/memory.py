"""A journal in memory: for tests, for trying things, and the contract suite."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from fleetfoot.core.model import Decision, Observation, Receipt
from fleetfoot.edge.base import Health, OperatorAction, Order, Past, order_stamps


class Known:
    """A ticket whose answer is known."""

    def __init__(self, safe: bool, undo: Callable[[], None] = lambda: None) -> None:
        self.safe = safe
        self._undo = undo

    async def durable(self, within_ms: int) -> bool:  # noqa: ARG002 - the ticket protocol
        return self.safe

    def withdraw(self) -> bool:
        if not self.safe:
            self._undo()
        return not self.safe


class MemoryJournal:
    """Keeps everything in lists. Set ``error`` to a text to make it as a full disk would."""

    def __init__(self) -> None:
        self.error = ""
        self.observations: list[tuple[str, Observation]] = []
        self.decisions: list[Decision] = []
        self.checkpoints: dict[str, dict[str, Any]] = {}
        self.orders: dict[str, Order] = {}
        self.receipts: dict[str, Receipt] = {}
        self.stamps: dict[str, dict[str, int]] = {}
        self.actions: list[OperatorAction] = []
        self._last = 0

    def observe(self, service: str, observation: Observation) -> None:
        self._last = max(self._last, observation.now)
        self.observations.append((service, observation))

    def decide(self, decision: Decision) -> None:
        self.decisions.append(decision)

    def checkpoint(self, service: str, now: int, memory: Mapping[str, Any]) -> None:
        self._last = max(self._last, now)
        self.checkpoints[service] = json.loads(json.dumps(memory))

    def open(self, order: Order) -> Known:
        self._last = max(self._last, order.decided)
        self.orders.setdefault(order.id, order)
        return Known(not self.error)

    def complete(self, receipt: Receipt) -> None:
        self.receipts[receipt.order] = receipt

    def stamp(self, order_id: str, stamps: Mapping[str, int]) -> None:
        self.stamps.setdefault(order_id, {}).update(stamps)

    def operate(self, action: OperatorAction) -> Known:
        self.actions.append(action)
        return Known(not self.error, lambda: self.actions.remove(action))

    def past(self) -> Past:
        waiting = tuple(order for name, order in self.orders.items() if name not in self.receipts)
        done = [order for name, order in self.orders.items() if name in self.receipts and self.receipts[name].ok]
        stamps = tuple(
            {**order_stamps(order), "commanded": self.receipts[order.id].commanded, **self.stamps.get(order.id, {})}
            for order in done
        )
        return Past(self._last, dict(self.checkpoints), waiting, tuple(self.actions), stamps)

    def health(self) -> Health:
        return Health(not self.error, 0, 0, self.error)

    def close(self) -> None:
        pass
