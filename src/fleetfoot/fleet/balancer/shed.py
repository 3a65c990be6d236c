"""``shed: objective``: would this request wait longer than the objective?"""

from __future__ import annotations

MARGIN = 0.8  # of the objective: the estimate is a mean, and half of the requests take longer than a mean


def hopeless(
    objective_ms: float,
    work: int,
    oldest_ms: float,
    ready: int,
    per_task: float,
    hint: float | None,
    share: float = 1.0,
) -> bool:
    """Whether a new request is best refused at once.

    ``work``: requests handed to tasks and waiting; ``oldest_ms``: age of the oldest of them; ``per_task``:
    completions/s of a ready task over the last second; ``hint``: requests/s a task carries, if known;
    ``share``: of the objective that a request of this class may wait.

    Completions say how fast the tasks are only while they have more to do than they can. So they count alone
    once the oldest request is old enough to show that it waits; before, they are a lower bound of a known
    capacity, and without one nothing is refused.
    """
    if not ready:
        return oldest_ms > objective_ms * share  # nobody serves, and those who came before wait too long already
    if work < 2 * ready:
        return False
    rate = per_task * ready
    if hint is not None:
        if oldest_ms < objective_ms / 2:
            rate = max(rate, hint * ready)
    elif oldest_ms < objective_ms / 4:
        return False
    return (work + 1) * 1000 > rate * objective_ms * MARGIN * share
