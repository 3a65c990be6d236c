"""How whole tasks are shared: what one has stays, then by rank, then in proportion to what each wishes beyond it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

DUST = 1e-9  # of a task, left by sums of fractions


class Ask(NamedTuple):
    """``has`` tasks, wishes for ``wish``; each uses ``unit`` of what is shared."""

    name: str
    rank: int
    has: int
    wish: int
    unit: float = 1.0


def share(limit: float, asks: Iterable[Ask]) -> dict[str, int]:
    """The tasks each may have of ``limit`` units. A unit of 0 is always granted."""
    asks = sorted(asks)
    shares = {ask.name: min(ask.has, ask.wish) for ask in asks}
    left = limit - sum(shares[ask.name] * ask.unit for ask in asks)
    ranks: dict[int, list[Ask]] = {}
    for ask in asks:
        if ask.wish > shares[ask.name]:
            ranks.setdefault(ask.rank, []).append(ask)
    for rank in sorted(ranks):
        left = _among(max(left, 0.0), ranks[rank], shares)
    return shares


def _among(left: float, asks: list[Ask], shares: dict[str, int]) -> float:
    """Add what ``left`` pays for to the shares of equals; returns what remains."""
    growth = {ask.name: ask.wish - shares[ask.name] for ask in asks}
    total = sum(growth[ask.name] * ask.unit for ask in asks)
    part = min(1.0, left / total) if total > 0 else 1.0
    for ask in asks:
        more = int(growth[ask.name] * part + DUST)
        shares[ask.name] += more
        left -= more * ask.unit
    if part == 1.0:
        return left
    for ask in sorted(asks, key=lambda ask: (-ask.wish, ask.name)):
        if ask.unit > 0:
            more = min(ask.wish - shares[ask.name], int(left / ask.unit + DUST))
            shares[ask.name] += more
            left -= more * ask.unit
    return left
