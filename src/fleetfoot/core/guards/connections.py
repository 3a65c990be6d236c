"""Connections: tasks times pool stays within what the database takes.

Everything that may hold a pool is counted: both revisions of a rollout, tasks that drain and tasks kept warm.
Pools shrink before tasks are added: the tasks are told a smaller pool with the answer to their push, and only when
they have had ``SETTLE`` to follow are the freed connections given to new tasks. Pools grow again when there has been
room for a while. Growth is paced by connections a second, by a bucket that all services on the database share.
"""

from __future__ import annotations

from math import ceil

from fleetfoot.core.guards.base import Verdict
from fleetfoot.core.guards.launch_limits import debt_of
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Data, Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import Database, Launch, Pool, Replicas
from fleetfoot.core.view import View

SLICE = "connections"
SETTLE = 5_000  # ms until tasks have closed what a smaller pool leaves: a push a second, and requests that end
CALM = 60_000  # ms there must be room for a larger pool before it is told
LASTS = 60_000  # ms a read load must last before a replica is asked for
NEXT = 600_000  # ms until the effect of a replica can be seen, and another may be asked for


def beside(view: View, pool: Pool) -> int:
    """Tasks that hold connections and are not among the desired count: draining, warm, of the other revision."""
    fleet = view.fleet
    seen = fleet.serving + fleet.warming + fleet.starting + fleet.draining + fleet.warm - fleet.desired
    if fleet.deploying:  # and those of the wave that is still to come
        seen = max(seen, fleet.draining + fleet.warm + ceil(pool.surge * view.current))
    return max(seen, 0)


def held(mine: Slice, pool: Pool, now: int) -> int:
    """The pool each task may still hold: what it was told before, until it has had time to follow."""
    if "pool" not in mine:
        return pool.high
    return int(mine["before"] if now - mine["told"] < SETTLE else mine["pool"])


def bucket(database: Database, widest: int) -> Launch | None:
    """The bucket of connections that may be opened: a second's worth at once, and what one task more takes of it."""
    if database.growth is None:
        return None
    return Launch(database.growth + widest, database.growth)


def opening(database: Database, views: list[View], widest: int) -> tuple[float, float]:
    """(connections that may be opened at this moment, those opened and not yet made good)"""
    limit = bucket(database, widest)
    if limit is None:
        return float("inf"), 0.0
    debt = debt_of(limit, views, "opened", SLICE)
    return max(0.0, limit.burst - debt), debt


def connections(count: int, view: View, mine: Slice) -> Verdict:
    pool, grant = view.settings.pool, view.grant
    if pool is None or grant.pool is None:
        return None
    now, current = view.now, view.current
    _tell(mine, grant.pool, held(mine, pool, now), now, pool)
    mine["at"], mine["count"], mine["opened"], mine["each"] = now, current, grant.opened, grant.pool
    if pool.database.replicas is not None:
        _replicas(pool.database.replicas, view, mine)
    most = current + grant.opens
    share = grant.free * (current + beside(view, pool)) / grant.crowd if grant.crowd else 0.0
    mine["room"] = max(0, int(share / grant.pool) - max(0, min(count, most) - current))
    if count <= most:
        return None
    database = pool.database
    still = held(mine, pool, now)
    data: Data = {
        "wish": count, "pool": grant.pool, "free": grant.free, "connections": database.connections,
        "database": database.name,
    }  # fmt: skip
    if still > grant.pool:
        return most, Reason(Code.POOL_FIRST, {**data, "held": still})
    if database.growth is not None and grant.free >= (count - current) * grant.pool:
        return most, Reason(Code.CONNECTIONS_PACED, {**data, "growth": database.growth})
    return most, Reason(Code.CONNECTIONS, data)


def _tell(mine: Slice, granted: int, still: int, now: int, pool: Pool) -> None:
    """The pool the tasks are told: smaller at once, larger when there has been room for a while."""
    told = mine.get("pool")
    if told is None:  # nobody knows what they have: the largest
        mine.update(pool=min(granted, pool.high), before=pool.high, told=now, tight=now)
    elif granted < told:
        mine.update(pool=granted, before=still, told=now, tight=now)
    elif granted == told:
        mine["tight"] = now
    elif now - mine["tight"] >= CALM:
        mine.update(pool=granted, before=granted, told=now, tight=now)


def _replicas(rules: Replicas, view: View, mine: Slice) -> None:
    """Ask for another read replica, one at a time; nobody creates it here."""
    if not view.usable(rules.signal):
        return
    load, tasks = view.value(rules.signal), view.grant.crowd
    if load < rules.load or tasks <= rules.above:
        mine["busy"] = None
        return
    busy = mine.get("busy")
    if busy is None:
        mine["busy"] = busy = view.now
    wanted, asked = mine.get("replicas", 0), mine.get("asked")
    if view.now - busy < LASTS or wanted >= rules.most or (asked is not None and view.now - asked < NEXT):
        return
    mine.update(replicas=wanted + 1, asked=view.now)
    view.remarks.append(Reason(Code.REPLICA_WANTED, {"replicas": wanted + 1, "tasks": tasks, "load": round(load, 3)}))
