"""The contract of a signal: how it is read and what it may do, whoever reads it. The file has it under ``signals:``.

A signal without one is read as its policy asks, counts as zero only where its source answered and had nothing, and
votes.
"""

from __future__ import annotations

from dataclasses import dataclass

HOLD, IGNORE, ZERO, FALLBACK = "hold", "ignore", "zero", "fallback"
VOTES, VETOES, ADVISES = "votes", "vetoes", "advises"
MEAN, P95 = "mean", "p95"


@dataclass(frozen=True, slots=True)
class Contract:
    """``window``: ms the statistic is of, in place of the reader's own. ``age``: ms after which it is stale, in place
    of three periods. ``fallback``: what stands for it when ``absent`` says so; growth alone may rest on that."""

    window: int | None = None
    statistic: str = MEAN  # mean, max, min or p95
    absent: str = ZERO
    fallback: float = 0.0
    age: int | None = None
    role: str = VOTES
