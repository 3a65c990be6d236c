"""Several services share what there is: reads every wish, grants each its share of the shared limits.

Rules for whoever edits this file:
1. It has no memory. What must be known of the past each service's guards keep in their own slices.
2. What a service has and still wishes for is never taken; only the rest is shared, by priority, and among
   equals in proportion to what each wishes beyond it. Shares are whole tasks; what rounding leaves goes to
   the largest wish, ties by name.
3. A lone service is granted the whole limit, by the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from fleetfoot.core import money
from fleetfoot.core.guards.connections import SLICE, beside, held, opening
from fleetfoot.core.guards.launch_limits import debt_of
from fleetfoot.core.model import Grant
from fleetfoot.core.settings import Launch, Pool
from fleetfoot.core.share import DUST, Ask, share
from fleetfoot.core.view import WHOLE

if TYPE_CHECKING:
    from fleetfoot.core.engine import Wish


def alone(wish: Wish) -> Grant:
    """The grant of a service that shares with nobody."""
    return grants({"": wish}).get("", WHOLE) if wish.view.settings.limited else WHOLE


def grants(wishes: Mapping[str, Wish]) -> dict[str, Grant]:
    """A grant for every service that shares something, by name; the others are granted everything."""
    found: dict[str, Grant] = {}
    first = next(iter(wishes.values()), None)
    shared = first.view.settings.shared if first is not None else None
    if shared is not None and shared.launch is not None:
        _launches(shared.launch, wishes, found)
    if shared is not None and shared.budget is not None:
        money.budget(shared.budget, wishes, found)
    databases: dict[str, dict[str, Wish]] = {}
    for name, wish in wishes.items():
        pool = wish.view.settings.pool
        if pool is not None:
            databases.setdefault(pool.database.name, {})[name] = wish
    for users in databases.values():
        _connections(users, found)
    return found


class _User(NamedTuple):
    """A service on a database. ``present`` and ``wished``: all tasks that hold a pool."""

    name: str
    rank: int
    pool: Pool
    present: int
    wished: int
    held: int


def _user(name: str, wish: Wish) -> _User:
    view, pool = wish.view, wish.view.settings.pool
    assert pool is not None
    more, current = beside(view, pool), view.current
    wished = max(current, min(wish.tasks, max(view.maximum, current)))
    mine = view.memory.slices.get(SLICE, {})
    still = held(mine, pool, view.now)
    return _User(name, view.settings.priority, pool, current + more, wished + more, still)


def _connections(wishes: Mapping[str, Wish], found: dict[str, Grant]) -> None:
    """One database: tasks first, at the smallest pools; what is left makes the pools larger."""
    users = [_user(name, wishes[name]) for name in sorted(wishes)]
    database = users[0].pool.database
    limit, crowd = database.connections, sum(user.present for user in users)
    tasks = share(limit, [Ask(u.name, u.rank, u.present, u.wished, u.pool.low) for u in users])
    least = sum(tasks[u.name] * u.pool.low for u in users)
    span = sum(tasks[u.name] * (u.pool.high - u.pool.low) for u in users)
    part = min(1.0, max(0.0, limit - least) / span) if span else 1.0
    pools = {u.name: u.pool.low + int((u.pool.high - u.pool.low) * part + DUST) for u in users}
    free = max(0, limit - sum(u.present * u.held for u in users))
    views = [wish.view for wish in wishes.values()]
    room, opened = opening(database, views, max(u.pool.high for u in users))
    opens = share(
        min(free, room), [Ask(u.name, u.rank, 0, max(0, tasks[u.name] - u.present), pools[u.name]) for u in users]
    )
    merged: dict[tuple[int, int, int], Grant] = {}  # most services are granted the very same
    for u in users:
        before = found.get(u.name, WHOLE)
        key = (id(before), pools[u.name], opens[u.name])
        if key not in merged:
            merged[key] = before._replace(
                pool=pools[u.name], opens=opens[u.name], free=free, opened=round(opened, 3), crowd=crowd
            )
        found[u.name] = merged[key]


def _launches(limit: Launch, wishes: Mapping[str, Wish], found: dict[str, Grant]) -> None:
    """The bucket of starts, and the quota of cores. Only who wants more is asked: most ticks that is nobody."""
    debt = debt_of(limit, [wish.view for wish in wishes.values()])
    room = max(0.0, limit.burst - debt)
    grow = {name: wish for name, wish in wishes.items() if wish.tasks > wish.view.current}
    found.update(dict.fromkeys(wishes, Grant(debt=round(debt, 3))))
    if not grow:
        return
    starts, quota = None, None
    if sum(wish.tasks - wish.view.current for wish in grow.values()) > room:
        starts = share(room, [
            Ask(name, wish.view.settings.priority, 0, wish.tasks - wish.view.current) for name, wish in grow.items()
        ])  # fmt: skip
    if limit.cpu is not None:
        used = sum((wish.view.settings.cpu or 0.0) * min(wish.tasks, wish.view.current) for wish in wishes.values())
        quota = share(limit.cpu - used, [
            Ask(name, wish.view.settings.priority, 0, wish.tasks - wish.view.current, wish.view.settings.cpu or 0.0)
            for name, wish in grow.items()
        ])  # fmt: skip
    for name, wish in grow.items():
        tasks = None if quota is None else wish.view.current + quota[name]
        found[name] = Grant(tasks, None if starts is None else starts[name], round(debt, 3))
