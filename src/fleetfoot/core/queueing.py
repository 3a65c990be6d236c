"""The queue in front of a fleet: how much so many tasks carry when only few requests may wait too long.

``tasks`` servers of ``throughput`` requests/s each behind one line. A request waits longer than w with the
probability C exp(-(tasks x throughput - rate) w), where C is Erlang's probability of having to wait at all
(Kleinrock, Queueing Systems I, 3.5; M/M/c). For work with another variability than the exponential's the
exponent is stretched by 2 / (1 + cs2) (Allen and Cunneen). With many tasks an upper bound stands for C, so that
one task costs as little time as a thousand, and too little is never promised.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, erf, exp, log, pi, sqrt

MANY = 48  # tasks from which C's upper bound is taken, there within 0.2 % of it
NEVER = 700.0  # of an exponent: e to the minus this is nothing, and to the plus still a number
ROUNDS = 30  # of the bisection: a relative error under 1e-8


def waits(tasks: int, load: float) -> float:
    """Erlang C: the share of requests that must wait at ``tasks`` tasks offered ``load`` of them; 1 when overloaded."""
    if load >= tasks:
        return 1.0
    blocked = 1.0
    for n in range(1, tasks + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked / (1.0 - load / tasks * (1.0 - blocked))


def waits_at_most(tasks: int, load: float) -> float:
    """An upper bound of ``waits`` that needs no loop (Janssen, van Leeuwaarden and Zwart 2011, Operations Research 59,
    1512-1522)."""
    if load >= tasks:
        return 1.0
    share = load / tasks
    half = tasks * (share - 1.0 - log(share)) if share > 0.0 else NEVER
    if half >= NEVER:
        return exp(-NEVER)
    mills = (1.0 + erf(sqrt(half))) * sqrt(pi / 2.0) * exp(half)
    return 1.0 / (share + (1.0 - share) * (sqrt(tasks) * mills + 2.0 / 3.0))


def slack(late: float, wait: float) -> float:
    """Requests/s a fleet must be able to carry beyond its rate so that at most ``late`` (share) wait over ``wait`` s,
    when every request has to wait."""
    return -log(late) / wait


@lru_cache(maxsize=4096)
def carries(tasks: int, throughput: float, late: float, wait: float) -> float:
    """The highest rate (requests/s) at which at most ``late`` (share) of the requests wait longer than ``wait`` s."""
    full = tasks * throughput
    if full <= 0:
        return 0.0
    waiting = waits if tasks < MANY else waits_at_most
    low, high = max(0.0, full - slack(late, wait)), full
    for _ in range(ROUNDS):
        rate = (low + high) / 2
        if waiting(tasks, rate / throughput) * exp(-(full - rate) * wait) <= late:
            low = rate
        else:
            high = rate
    return low


def tasks_for(rate: float, throughput: float, late: float, wait: float) -> int:
    """The fewest tasks that ``carries`` at least ``rate``; at least one."""
    high = max(1, ceil((rate + slack(late, wait)) / throughput))
    low = int(rate / throughput)  # carries less: it has nothing to spare
    while high - low > 1:
        middle = (low + high) // 2
        if carries(middle, throughput, late, wait) >= rate:
            high = middle
        else:
            low = middle
    return high
