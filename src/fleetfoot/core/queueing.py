"""The queue in front of a fleet: how much so many tasks carry when only few requests may wait too long.

``tasks`` servers of ``throughput`` requests/s each behind one line. A request waits longer than w with the
probability C exp(-(tasks x throughput - rate) w), where C is Erlang's probability of having to wait at all
(Kleinrock, Queueing Systems I, 3.5; M/M/c). For work with another variability than the exponential's the
exponent is stretched by 2 / (1 + cs2) (Allen and Cunneen). With many tasks C is near 1 wherever the fleet
is worth its money, so there it is taken as 1: too little is never promised.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, exp, log

MANY = 48  # tasks from which C is taken as 1
ROUNDS = 30  # of the bisection: a relative error under 1e-8


def waits(tasks: int, load: float) -> float:
    """Erlang C: the share of requests that must wait at ``tasks`` tasks offered ``load`` of them; 1 when overloaded."""
    if load >= tasks:
        return 1.0
    blocked = 1.0
    for n in range(1, tasks + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked / (1.0 - load / tasks * (1.0 - blocked))


def slack(late: float, wait: float) -> float:
    """Requests/s a fleet must be able to carry beyond its rate so that at most ``late`` (share) wait over ``wait`` s,
    when every request has to wait."""
    return -log(late) / wait


@lru_cache(maxsize=4096)
def carries(tasks: int, throughput: float, late: float, wait: float) -> float:
    """The highest rate (requests/s) at which at most ``late`` (share) of the requests wait longer than ``wait`` s."""
    full = tasks * throughput
    safe = max(0.0, full - slack(late, wait))
    if tasks >= MANY or full <= 0:
        return safe
    low, high = safe, full
    for _ in range(ROUNDS):
        rate = (low + high) / 2
        if waits(tasks, rate / throughput) * exp(-(full - rate) * wait) <= late:
            low = rate
        else:
            high = rate
    return low


def tasks_for(rate: float, throughput: float, late: float, wait: float) -> int:
    """The fewest tasks that ``carries`` at least ``rate``; at least one."""
    tasks = max(1, ceil((rate + slack(late, wait)) / throughput))
    while tasks > 1 and carries(tasks - 1, throughput, late, wait) >= rate:
        tasks -= 1
    return tasks
