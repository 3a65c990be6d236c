"""What every scaler is to the simulated world, ours and the peers': a name, a period, and one ``decide``.

A scaler is asked every ``period`` ms of virtual time. It sees the counts of the fleet and, through a
``Feed``, only what its metric source would have shown it by then.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Counts(NamedTuple):
    """Tasks by state at ``at`` (ms). ``desired`` = serving + starting as ordered; draining ones are beside it."""

    at: int
    desired: int
    serving: int
    starting: int
    draining: int
    minimum: int
    maximum: int


class Feed(Protocol):
    """The world's measurements as a metric source delivers them.

    Names: ``requests`` (1/s), ``completed`` (1/s), ``concurrency`` (requests in service or queued, mean),
    ``in_flight`` (in service, mean), ``queue`` (waiting, mean), ``cpu`` (busy share of the serving tasks, 0..1),
    ``latency`` (p95, ms), ``errors`` (share), ``serving`` (tasks, mean).
    """

    def points(self, name: str, period: int, delay: int, count: int) -> list[float]:
        """The newest ``count`` whole periods of ``period`` ms visible now, oldest first; fewer at the beginning.

        A period that ends at ``e`` is visible from ``e + delay`` on; its value is the mean over the period
        (latency: the largest second's p95).
        """
        ...

    def mean(self, name: str, span: int, delay: int = 0) -> float | None:
        """The mean over the ``span`` ms before ``now - delay``, as far as measured; None before the first second."""
        ...


class Scaler(Protocol):
    """One policy of scaling with all it remembers. A fresh one is made for every run."""

    @property
    def name(self) -> str: ...

    @property
    def period(self) -> int:
        """ms between two decisions; a multiple of 1000."""
        ...

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:
        """The desired count to order at ``now`` (ms since the run began); None leaves it as it is."""
        ...
