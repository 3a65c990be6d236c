"""Compiled: what is seen of a simulated second at its end, and what the data plane would say in the middle of it."""

from __future__ import annotations

from fleetfoot.sim.draws import compiled, inlined
from fleetfoot.sim.heaps import bucket, quantile

# isort: off
from fleetfoot.sim.layout import (
    BUSY, BUSY_END, BUSY_SUM, COMPLETED, DONE, END, FAILED, FULL, GONE, HEAD, IDLE, IN_SERVICE, LATE, LATE_OPEN,
    LATENCY, LEAVING, LOGGED, LOOKED, OBJECTIVE, OPEN_LATE, QUANTILE, QUEUE, QUEUE_END, QUEUE_SUM, REQUESTS, SERVERS,
    SHED, SHOWN_DONE, SHOWN_GONE, SHOWN_REQUESTS, SHOWN_SHED, SORTED, TAIL, TIMEOUT,
)  # fmt: skip
# isort: on


@inlined
def waits_late(n, x, line, t):  # type: ignore[no-untyped-def]
    """(those in line past the objective at ``t``, ms in the middle between it and the oldest)."""
    n[LATE] = max(n[LATE], n[HEAD])
    while n[LATE] < n[TAIL] and line[n[LATE] & (len(line) - 1), 0] < t - x[OBJECTIVE]:
        n[LATE] += 1
    late = n[LATE] - n[HEAD]
    oldest = t - line[n[HEAD] & (len(line) - 1), 0] if late > 0 else 0.0
    return late, 500.0 * (x[OBJECTIVE] + max(oldest, x[OBJECTIVE] + 0.001))


@compiled
def close(n, x, line, ahead, hist, took, row, second):  # type: ignore[no-untyped-def]
    """Write down what was seen of the second that ends, and clear its place in the rings."""
    place = second & (len(ahead) - 1)
    for i in range(len(took)):
        took[i] += hist[place, i]
    late, middle = waits_late(n, x, line, x[END])
    late += ahead[place, LATE_OPEN]
    if late > 0:
        hist[place, bucket(middle)] += late
    done, gone = ahead[place, DONE], ahead[place, GONE]
    row[COMPLETED], row[FAILED], row[OPEN_LATE] = done, gone, late
    known = done + gone + late
    row[LATENCY] = quantile(hist[place], known, x[QUANTILE]) if known > 0 else 0.0
    row[IN_SERVICE], row[QUEUE] = x[BUSY_SUM], x[QUEUE_SUM]
    row[SERVERS] = n[IDLE] + n[BUSY] - n[LEAVING]
    row[QUEUE_END], row[BUSY_END] = n[TAIL] - n[HEAD], n[BUSY]
    hist[place, :] = 0
    ahead[place, :] = 0
    x[BUSY_SUM], x[QUEUE_SUM] = float(n[BUSY]), float(n[TAIL] - n[HEAD])


@inlined
def sum_up(sums, row, second):  # type: ignore[no-untyped-def]
    """The running sums behind the second."""
    before, after = sums[second & (len(sums) - 1)], sums[(second + 1) & (len(sums) - 1)]
    for column in range(OPEN_LATE + 1):
        after[column] = before[column] + row[column]


@compiled
def log_one(n, x, log, until, arrived):  # type: ignore[no-untyped-def]
    """Remember when a request that has begun to be served is counted: at ``until``, its end or its time-out."""
    if n[LOGGED] == len(log):
        forget(n, x, log)
        if n[LOGGED] == len(log):
            n[FULL] += 1
            return
    log[n[LOGGED], 0], log[n[LOGGED], 1] = until, arrived
    n[LOGGED] += 1


@compiled
def forget(n, x, log):  # type: ignore[no-untyped-def]
    """Drop from the log what was counted before the last reading."""
    kept = 0
    for i in range(n[LOGGED]):
        if log[i, 0] > x[LOOKED]:
            log[kept, 0], log[kept, 1] = log[i, 0], log[i, 1]
            kept += 1
    n[LOGGED] = kept


@compiled
def begin_second(n, x, log, shown, began):  # type: ignore[no-untyped-def]
    """Nothing of the second has been read yet."""
    if n[SHOWN_REQUESTS] >= 0:
        n[SHOWN_REQUESTS], n[SHOWN_DONE], n[SHOWN_GONE], n[SHOWN_SHED] = -1, 0, 0, 0
        shown[0, :] = 0
    x[LOOKED] = began
    forget(n, x, log)


@compiled
def working(n, busy, t):  # type: ignore[no-untyped-def]
    """How many servers are busy at ``t``: in a list without order some are past it."""
    if n[SORTED]:
        return n[BUSY]
    found = 0
    for i in range(n[BUSY]):
        found += busy[i] > t
    return found


@compiled
def read(n, x, line, busy, ahead, hist, row, log, shown, part, second, t):  # type: ignore[no-untyped-def]
    """Write into ``part`` what the data plane says at ``t`` of the time since its last reading in this second.

    Columns as of ``rows``, counts as means a second. What was booked ahead and has not ended yet is taken off.
    """
    place, span = second & (len(ahead) - 1), t - x[LOOKED]
    for i in range(shown.shape[1]):
        shown[1, i] = hist[place, i] - shown[0, i]
        shown[0, i] = hist[place, i]
    late, middle = waits_late(n, x, line, t)
    done, gone = ahead[place, DONE], ahead[place, GONE]
    for i in range(n[LOGGED]):
        until, arrived = log[i, 0], log[i, 1]
        if until > t:
            late += arrived + x[OBJECTIVE] < t
            if until < x[END]:
                lost = until == arrived + x[TIMEOUT]
                which = bucket(1000.0 * (x[TIMEOUT] if lost else until - arrived))
                shown[0, which] -= 1
                shown[1, which] -= 1
                gone -= lost
                done -= not lost
    asked = max(n[SHOWN_REQUESTS], 0)
    part[REQUESTS] = (row[REQUESTS] - asked) / span
    part[COMPLETED], part[FAILED] = (done - n[SHOWN_DONE]) / span, (gone - n[SHOWN_GONE]) / span
    part[SHED], part[OPEN_LATE] = (row[SHED] - n[SHOWN_SHED]) / span, late
    known = done - n[SHOWN_DONE] + gone - n[SHOWN_GONE] + late
    if late > 0:
        shown[1, bucket(middle)] += late
    part[LATENCY] = quantile(shown[1], known, x[QUANTILE]) if known > 0 else 0.0
    part[SERVERS] = n[IDLE] + n[BUSY] - n[LEAVING]
    part[QUEUE_END], part[BUSY_END] = n[TAIL] - n[HEAD], working(n, busy, t)
    n[SHOWN_REQUESTS], n[SHOWN_SHED] = int(row[REQUESTS]), int(row[SHED])
    n[SHOWN_DONE], n[SHOWN_GONE] = done, gone
    x[LOOKED] = t
