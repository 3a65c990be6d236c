"""The compiled queue: every request of a simulated second through one first-come-first-served line of servers.

Rules for whoever edits this file:

* Time is seconds since the run began, as float64. All state lives in the arrays of ``plant.Plant``; nothing is
  kept between calls elsewhere, and nothing depends on anything but them.
* Events are worked off in the order of their time: servers that become free or are added, then what happens
  at the instant itself. A request is given to a server at its start and its end is known from then on, so its
  completion is booked ahead into the second it falls in (a ring of seconds, longer than the time-out).
* Servers are alike, so only how many are idle is kept, beside a heap of the times at which busy ones end.
  ``LEAVING`` of those leave instead of becoming idle: the ones that end first.
* The verdict on a request belongs to the second in which it arrived, its completion to the second in which it
  completed.
"""

from __future__ import annotations

import math

import numpy as np

from fleetfoot.sim.draws import COLD, GAPS, RETRY, RETRY_WORK, WORK, compiled, exponential, inlined, key, uniform, work

# n: whole numbers. State, then settings.
IDLE, BUSY, LEAVING, HEAD, TAIL, LATE, EXPIRED, ADD_HEAD, ADD_TAIL, COLD_HEAD, RETRIES, RETRIED, CAME_BACK = range(13)
SEED, KIND, QUEUE_LIMIT, RETRY_MOST = range(13, 17)
N = 17
# x: numbers. State, then settings (seconds, shares).
BUSY_SUM, QUEUE_SUM, END = range(3)
MEAN, SIGMA, OBJECTIVE, TIMEOUT, PATIENCE, RETRY_SHARE, RETRY_DELAY = range(3, 10)
KNEE, KNEE_SLOPE, COLD_SPAN, COLD_FACTOR, SHED_AT, QUANTILE = range(10, 16)
X = 16
# rows: what was seen of each second.
REQUESTS, COMPLETED, FAILED, SHED, LATENCY, IN_SERVICE, QUEUE, SERVERS, QUEUE_END, BUSY_END, OPEN_LATE = range(11)
# ... and the verdicts on its arrivals, final ``TIMEOUT`` seconds later.
WAS_LATE, WAS_LOST = 11, 12
COLUMNS = 13
# ahead: booked into seconds to come.
DONE, GONE, LATE_OPEN = range(3)

BUCKETS, PER_OCTAVE, LOWEST = 384, 16, -8  # of latency: from 2**-9 ms, 6 % wide at most
INF = np.inf
RAMP_FROM = 0.1  # weight of a task that has just become ready, against a warm one's 1
SHED_MARGIN, SHED_LEAST = 0.8, 2  # as fleet/balancer/shed.py


@inlined
def push(heap, size, at):  # type: ignore[no-untyped-def]
    """Put ``at`` into the binary heap of ``size``."""
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if heap[up] <= at:
            break
        heap[i] = heap[up]
        i = up
    heap[i] = at


@inlined
def pop(heap, size):  # type: ignore[no-untyped-def]
    """Take the least out of the heap of ``size``."""
    last, i, child = heap[size - 1], 0, 1
    size -= 1
    while child < size:
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if last <= heap[child]:
            break
        heap[i] = heap[child]
        i, child = child, 2 * child + 1
    heap[i] = last


@inlined
def bucket(ms):  # type: ignore[no-untyped-def]
    """Which bucket a latency falls in."""
    if ms <= 0.0:
        return 0
    part, power = math.frexp(ms)
    return min(max((power - LOWEST) * PER_OCTAVE + int((part - 0.5) * 2 * PER_OCTAVE), 0), BUCKETS - 1)


@compiled
def quantile(counts, total, share):  # type: ignore[no-untyped-def]
    """The latency in ms under which ``share`` of the ``total`` lie, straight through its bucket."""
    above, i = (1.0 - share) * total, BUCKETS
    while i > 0:
        i -= 1
        if counts[i] > above:
            width = 2.0 ** (i // PER_OCTAVE + LOWEST) / (2 * PER_OCTAVE)
            floor = 2.0 ** (i // PER_OCTAVE + LOWEST) * (0.5 + (i % PER_OCTAVE) / (2.0 * PER_OCTAVE))
            return floor + width * (1.0 - above / counts[i])
        above -= counts[i]
    return 0.0


@inlined
def again(n, x, retry, at, tries):  # type: ignore[no-untyped-def]
    """Perhaps the client of a request given up at ``at`` sends it once more."""
    if tries >= n[RETRY_MOST] or n[RETRIES] >= len(retry):
        return
    drawn = key(n[SEED], RETRY, n[RETRIED])
    n[RETRIED] += 1
    if uniform(drawn, 0) < x[RETRY_SHARE]:
        push_retry(retry, n[RETRIES], at + x[RETRY_DELAY] * exponential(drawn, 1), tries + 1)
        n[RETRIES] += 1


@compiled
def push_retry(retry, size, at, tries):  # type: ignore[no-untyped-def]
    """The heap of retries: rows of (time, which try)."""
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if retry[up, 0] <= at:
            break
        retry[i, 0], retry[i, 1] = retry[up, 0], retry[up, 1]
        i = up
    retry[i, 0], retry[i, 1] = at, tries


@compiled
def pop_retry(retry, size):  # type: ignore[no-untyped-def]
    last, tries, i, child = retry[size - 1, 0], retry[size - 1, 1], 0, 1
    size -= 1
    while child < size:
        if child + 1 < size and retry[child + 1, 0] < retry[child, 0]:
            child += 1
        if last <= retry[child, 0]:
            break
        retry[i, 0], retry[i, 1] = retry[child, 0], retry[child, 1]
        i, child = child, 2 * child + 1
    retry[i, 0], retry[i, 1] = last, tries


@inlined
def serve(n, x, busy, retry, ahead, hist, rows, arrived, now, need, tries, waited):  # type: ignore[no-untyped-def]
    """A free server takes a request: when it ends and what becomes of it is settled here."""
    if x[KNEE] < INF and n[BUSY] + 1 > x[KNEE]:
        need *= 1.0 + x[KNEE_SLOPE] * ((n[BUSY] + 1) / x[KNEE] - 1.0)
    end = now + need
    push(busy, n[BUSY], end)
    n[BUSY] += 1
    n[IDLE] -= 1
    x[BUSY_SUM] += x[END] - now
    took, ring, keep = end - arrived, len(ahead) - 1, len(rows) - 1
    came, until = int(arrived) & keep, end
    if took > x[TIMEOUT]:
        until = arrived + x[TIMEOUT]
        ahead[int(until) & ring, GONE] += 1
        rows[came, WAS_LOST] += 1.0
    else:
        ahead[int(end) & ring, DONE] += 1
        hist[int(end) & ring, bucket(1000.0 * took)] += 1
        if took > x[OBJECTIVE]:
            rows[came, WAS_LATE] += 1.0
    if took > x[OBJECTIVE]:
        for second in range(int(max(arrived + x[OBJECTIVE], now)), int(until)):
            ahead[second & ring, LATE_OPEN] += 1
    if n[RETRY_MOST] > 0 and not waited and took > x[PATIENCE]:
        again(n, x, retry, max(arrived + x[PATIENCE], now), tries)


@inlined
def proceed(n, x, line, busy, adds, retry, ahead, hist, rows, t):  # type: ignore[no-untyped-def]
    """Everything that happens by itself up to ``t``: servers end and join, waiting requests start or give up."""
    ring = len(line) - 1
    while True:
        ends = busy[0] if n[BUSY] > 0 else INF
        joins = adds[n[ADD_HEAD] & (len(adds) - 1), 0] if n[ADD_HEAD] < n[ADD_TAIL] else INF
        now = min(ends, joins)
        if now > t:
            break
        if ends <= joins:
            pop(busy, n[BUSY])
            n[BUSY] -= 1
            x[BUSY_SUM] -= x[END] - now
            if n[LEAVING] > 0:
                n[LEAVING] -= 1
                continue
            n[IDLE] += 1
        else:
            n[IDLE] += int(adds[n[ADD_HEAD] & (len(adds) - 1), 1])
            n[ADD_HEAD] += 1
        while n[IDLE] > 0 and n[HEAD] < n[TAIL]:
            i = n[HEAD] & ring
            arrived = line[i, 0]
            if now - arrived >= x[TIMEOUT]:
                give_up(n, x, line, retry, ahead, rows)
                continue
            n[HEAD] += 1
            x[QUEUE_SUM] -= x[END] - now
            tries = int(line[i, 2])
            serve(n, x, busy, retry, ahead, hist, rows, arrived, now, line[i, 1], tries, n[EXPIRED] >= n[HEAD])
    while n[HEAD] < n[TAIL] and line[n[HEAD] & ring, 0] + x[TIMEOUT] <= t:
        give_up(n, x, line, retry, ahead, rows)


@inlined
def give_up(n, x, line, retry, ahead, rows):  # type: ignore[no-untyped-def]
    """The first in line has waited past the time-out."""
    i = n[HEAD] & (len(line) - 1)
    arrived = line[i, 0]
    n[HEAD] += 1
    if n[RETRY_MOST] > 0 and n[EXPIRED] < n[HEAD]:
        again(n, x, retry, arrived + x[PATIENCE], int(line[i, 2]))
    at = arrived + x[TIMEOUT]
    x[QUEUE_SUM] -= x[END] - at
    ahead[int(at) & (len(ahead) - 1), GONE] += 1
    rows[int(arrived) & (len(rows) - 1), WAS_LOST] += 1.0


@inlined
def hopeless(n, x):  # type: ignore[no-untyped-def]
    """Whether the balancer refuses a request that arrives now: a full line, or a wait past what is allowed."""
    queued = n[TAIL] - n[HEAD]
    if queued >= n[QUEUE_LIMIT]:
        return True
    if x[SHED_AT] == INF:
        return False
    servers = n[IDLE] + n[BUSY] - n[LEAVING]
    if servers <= 0:
        return False
    held = queued + n[BUSY] - n[LEAVING]
    slow = 1.0 + x[KNEE_SLOPE] * max(0.0, n[BUSY] / x[KNEE] - 1.0)
    return held >= SHED_LEAST * servers and (held + 1) * x[MEAN] * slow > servers * x[SHED_AT] * SHED_MARGIN


@inlined
def arrive(n, x, line, busy, retry, ahead, hist, row, rows, t, need, tries):  # type: ignore[no-untyped-def]
    """One request arrives at ``t``, after everything that ends by then."""
    row[REQUESTS] += 1.0
    if n[IDLE] > 0:
        serve(n, x, busy, retry, ahead, hist, rows, t, t, need, tries, False)
    elif hopeless(n, x):
        row[SHED] += 1.0
        if n[RETRY_MOST] > 0:
            again(n, x, retry, t, tries)
    else:
        i = n[TAIL] & (len(line) - 1)
        line[i, 0], line[i, 1], line[i, 2] = t, need, tries
        n[TAIL] += 1
        x[QUEUE_SUM] += x[END] - t


@compiled
def close(n, x, line, ahead, hist, row, second):  # type: ignore[no-untyped-def]
    """Write down what was seen of the second that ends, and clear its place in the rings."""
    place = second & (len(ahead) - 1)
    n[LATE] = max(n[LATE], n[HEAD])
    while n[LATE] < n[TAIL] and line[n[LATE] & (len(line) - 1), 0] < x[END] - x[OBJECTIVE]:
        n[LATE] += 1
    late = n[LATE] - n[HEAD] + ahead[place, LATE_OPEN]
    if late > 0:
        oldest = x[END] - line[n[HEAD] & (len(line) - 1), 0] if n[LATE] > n[HEAD] else 0.0
        hist[place, bucket(500.0 * (x[OBJECTIVE] + max(oldest, x[OBJECTIVE] * 1.001)))] += late
    done = ahead[place, DONE]
    row[COMPLETED], row[FAILED], row[OPEN_LATE] = done, ahead[place, GONE], late
    row[LATENCY] = quantile(hist[place], done + late, x[QUANTILE]) if done + late > 0 else 0.0
    row[IN_SERVICE], row[QUEUE] = x[BUSY_SUM], x[QUEUE_SUM]
    row[SERVERS] = n[IDLE] + n[BUSY] - n[LEAVING]
    row[QUEUE_END], row[BUSY_END] = n[TAIL] - n[HEAD], n[BUSY]
    hist[place, :] = 0
    ahead[place, :] = 0
    x[BUSY_SUM], x[QUEUE_SUM] = float(n[BUSY]), float(n[TAIL] - n[HEAD])


@compiled
def cold_share(n, x, adds, t):  # type: ignore[no-untyped-def]
    """The share of the requests that meet a task of the last ``COLD_SPAN`` seconds, each at its ramped weight."""
    mask, cold, weight = len(adds) - 1, 0.0, 0.0
    while n[COLD_HEAD] < n[ADD_TAIL] and adds[n[COLD_HEAD] & mask, 0] < t - x[COLD_SPAN]:
        n[COLD_HEAD] += 1
    for i in range(n[COLD_HEAD], n[ADD_HEAD]):
        age = (t - adds[i & mask, 0]) / x[COLD_SPAN]
        cold += adds[i & mask, 1]
        weight += adds[i & mask, 1] * (RAMP_FROM + (1.0 - RAMP_FROM) * age)
    servers = float(n[IDLE] + n[BUSY] - n[LEAVING])
    warm = max(servers - cold, 0.0)
    return weight / (weight + warm) if weight > 0.0 else 0.0


@inlined
def impatience(n, x, line):  # type: ignore[no-untyped-def]
    """When the client of the next waiting request has had enough."""
    n[EXPIRED] = max(n[EXPIRED], n[HEAD])
    return line[n[EXPIRED] & (len(line) - 1), 0] + x[PATIENCE] if n[EXPIRED] < n[TAIL] else INF


@compiled
def advance(n, x, rates, line, busy, adds, retry, ahead, hist, rows, sums, first, count):  # type: ignore[no-untyped-def]
    """``count`` seconds from ``first`` on, at ``rates`` requests/s each; writes their rows and running sums."""
    for second in range(first, first + count):
        began, rate, made = float(second), rates[second], 0
        x[END] = began + 1.0
        row = rows[second & (len(rows) - 1)]
        row[:] = 0.0
        gaps, works, colds = key(n[SEED], GAPS, second), key(n[SEED], WORK, second), key(n[SEED], COLD, second)
        share = cold_share(n, x, adds, began) if x[COLD_SPAN] > 0.0 else 0.0
        fresh = began + exponential(gaps, 0) / rate if rate > 0.0 else INF
        while True:
            t = min(fresh, x[END])
            back = retry[0, 0] if n[RETRIES] > 0 else INF
            expires = impatience(n, x, line) if n[RETRY_MOST] > 0 else INF
            t = min(t, back, expires)
            proceed(n, x, line, busy, adds, retry, ahead, hist, rows, t)
            if t >= x[END]:
                break
            if t == expires:
                if n[EXPIRED] >= n[HEAD]:
                    again(n, x, retry, t, int(line[n[EXPIRED] & (len(line) - 1), 2]))
                    n[EXPIRED] += 1
            elif t == back:
                tries = int(retry[0, 1])
                pop_retry(retry, n[RETRIES])
                n[RETRIES] -= 1
                n[CAME_BACK] += 1
                need = work(key(n[SEED], RETRY_WORK, n[CAME_BACK]), 0, n[KIND], x[MEAN], x[SIGMA])
                arrive(n, x, line, busy, retry, ahead, hist, row, rows, t, need, tries)
            else:
                need = work(works, made, n[KIND], x[MEAN], x[SIGMA])
                if share > 0.0 and uniform(colds, made) < share:
                    need *= x[COLD_FACTOR]
                arrive(n, x, line, busy, retry, ahead, hist, row, rows, t, need, 0)
                made += 1
                fresh = t + exponential(gaps, made) / rate
        close(n, x, line, ahead, hist, row, second)
        before, after = sums[second & (len(sums) - 1)], sums[(second + 1) & (len(sums) - 1)]
        for column in range(OPEN_LATE + 1):
            after[column] = before[column] + row[column]
