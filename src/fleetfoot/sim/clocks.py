"""The clocks of a surge in a simulated run, where its onset is known (the four of docs/measurements.md)."""

from __future__ import annotations

from typing import NamedTuple

from fleetfoot.sim.score import seconds_over
from fleetfoot.sim.world import Run

CALM = 5  # seconds in a row not over


class Clocks(NamedTuple):
    """ms from the onset; None where it did not come to it.

    ``command``: to the first order to grow (1 and 2: a simulated order is accepted at once). ``serving``: to the
    moment as many tasks serve as were ordered at most before relief (3). ``relief``: to the first of five seconds
    in a row not over (4); 0 where none was over.
    """

    command: int | None
    serving: int | None
    relief: int | None


def clocks(run: Run, onset: int, until: int | None = None) -> Clocks:
    """The clocks of the surge that began in second ``onset``, up to second ``until``. Needs a row a second."""
    if run.step != 1:
        raise ValueError("a run of more than four days keeps minutes: it has no clocks")
    end = len(run.rows) if until is None else until
    over = [onset + second for second in seconds_over(run.rows[onset:end], run.setup.percentile)]
    relief = _relief(over, onset, end)
    last = 1000 * end if relief is None else 1000 * onset + max(relief, 1000)
    grown = [order for order in run.orders if 1000 * onset <= order.at <= last and order.after > order.before]
    if not grown:
        return Clocks(None, None, relief)
    most = max(order.after for order in grown)
    served = (change.at for change in run.changes if change.at >= grown[0].at and change.serving >= most)
    there = next(served, None)
    return Clocks(grown[0].at - 1000 * onset, None if there is None else there - 1000 * onset, relief)


def _relief(over: list[int], onset: int, end: int) -> int | None:
    if not over:
        return 0
    calm = over[0] + 1
    for second in over[1:]:
        if second - calm >= CALM:
            break
        calm = second + 1
    return 1000 * (calm - onset) if calm + CALM <= end else None
