"""The one definition of "a second over the objective", used by simulator, load generator, live loop and report."""

from __future__ import annotations

EDGE = 1e-9  # so that exactly the allowed share is allowed, whatever the rounding


def second_is_over(arrivals: int, bad: float, percentile: float = 0.95) -> bool:
    """Whether one second was over its objective.

    ``arrivals``: requests that arrived in the second; ``bad``: those of them that took longer than
    the objective, failed or were shed; ``percentile``: the objective's (0.95 for a p95). More than
    ``1 - percentile`` of the arrivals must be bad; a second without arrivals is not over.
    """
    return arrivals > 0 and bad / arrivals > (1.0 - percentile) + EDGE
