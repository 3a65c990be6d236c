"""Mutated HTTP/1.1 through the balancer's own protocols, in memory, to a task that reads with h11.

What the task sees must be what h11 reads from the client's bytes themselves: the same requests, in the same order,
from the first on, with the same method, target, headers and body. Fewer are fine: the balancer refuses more than h11.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from fleetfoot.fleet.balancer.front import Front
from tests.fuzz.memory import InMemory, Pipe
from tests.fuzz.messages import message
from tests.fuzz.oracle import differs, oracle


@dataclass
class Outcome:
    """What became of the messages."""

    messages: int = 0
    offered: int = 0
    refused: int = 0
    seen: int = 0
    bodies: int = 0  # of those seen
    wrong: list[str] = field(default_factory=list)


class Fuzz:
    """Messages of one seed. The same seed gives the same messages."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.exchange = InMemory()
        self.outcome = Outcome()

    async def run(self, count: int) -> Outcome:
        """Send ``count`` more messages, each on a connection of its own."""
        for _ in range(count):
            raw = message(self.source)
            await self.send(raw)
        counters = self.exchange.counters
        self.outcome.offered, self.outcome.refused = counters.offered, counters.refused
        return self.outcome

    async def send(self, raw: bytes) -> None:
        """One message, in up to three pieces; what is wrong with it goes to the outcome."""
        exchange, source = self.exchange, self.source
        exchange.order = []
        front = Front(exchange)
        front.connection_made(Pipe(front, lambda _: None))  # type: ignore[arg-type]
        cuts = sorted(source.randrange(len(raw) + 1) for _ in range(source.randrange(3)))
        for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
            if start < end and not front.transport.is_closing():
                front.data_received(raw[start:end])
                await asyncio.sleep(0)
        quiet = 0
        while quiet < 4:
            before = len(exchange.order), exchange.counters.completed
            await asyncio.sleep(0)
            quiet = quiet + 1 if before == (len(exchange.order), exchange.counters.completed) else 0
        front.transport.close()
        await asyncio.sleep(0)
        outcome = self.outcome
        outcome.messages += 1
        outcome.seen += len(exchange.order)
        outcome.bodies += sum(bool(one.body) for one in exchange.order)
        wrong = differs(exchange.order, oracle(raw)) or ("it stays" if exchange.open or exchange.fronts else "")
        if wrong:
            outcome.wrong.append(f"{raw!r}: {wrong}")
