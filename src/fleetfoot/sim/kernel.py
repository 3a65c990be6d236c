"""The compiled queue: every request of a simulated second through one first-come-first-served line of servers.

Rules for whoever edits this file:

* numba keeps compiled code by the file a function stands in: after a change in ``draws``, ``heaps``, ``layout``,
  ``seen`` or ``wakes`` remove ``__pycache__`` (``make clean``), or this file's functions go on with what they took in
  before.
* Time is seconds since the run began, as float64. All state lives in the arrays of ``plant.Plant``; nothing is
  kept between calls elsewhere, and nothing depends on anything but them.
* Events are worked off in the order of their time: servers that become free or are added, then what happens
  at the instant itself. A request is given to a server at its start and its end is known from then on, so its
  completion is booked ahead into the second it falls in (a ring of seconds, longer than the time-out).
* Servers are alike, so only how many are idle is kept, beside the times at which busy ones end: a heap while
  somebody waits, or where the number busy must be ``EXACT`` at every instant; else in no order, and some of them past.
  ``LEAVING`` of those leave instead of becoming idle: the ones that end first.
* The verdict on a request belongs to the second in which it arrived, its completion to the second in which it
  completed.
"""

from __future__ import annotations

from fleetfoot.sim.draws import COLD, GAPS, RETRY, RETRY_WORK, WORK, compiled, exponential, inlined, key, uniform, work
from fleetfoot.sim.heaps import bucket, pop, pop_retry, push, push_retry, sift
from fleetfoot.sim.seen import begin_second, close, log_one, read, sum_up, working
from fleetfoot.sim.wakes import PILED, STANDS, begin, look

# isort: off
from fleetfoot.sim.layout import (
    ADD_HEAD, ADD_TAIL, ASKED, BUSY, BUSY_SUM, CAME_BACK, COLD_FACTOR, COLD_HEAD, COLD_SPAN, CONCURRENCY, DONE, END,
    EXACT, EXPIRED, FRESH, FULL, GONE, HEAD, HINT, IDLE, INF, JOINED, KIND, KNEE, KNEE_SLOPE, LATE_OPEN, LEAVING,
    LOGGED, MADE, MEAN, NEXT, OBJECTIVE, ON, PARTLY, PATIENCE, PAUSE, QUEUED, QUEUE_LIMIT, QUEUE_SUM, RAMP_FROM,
    REQUESTS,
    RETRIED, RETRIES, RETRY_DELAY, RETRY_MOST, RETRY_SHARE, SEED, SHARE, SHED, SHED_AT, SHED_LEAST, SHED_MARGIN,
    SHOWN_REQUESTS, SIGMA, SINCE, SORTED, TAIL, TICKS, TIMEOUT, WAS_LATE, WAS_LOST,
)  # fmt: skip
# isort: on


@compiled
def sort(n, busy):  # type: ignore[no-untyped-def]
    """Make the ends of busy servers a heap again."""
    size = n[BUSY]
    for i in range(size // 2 - 1, -1, -1):
        sift(busy, size, i, busy[i])
    n[SORTED] = 1


@inlined
def again(n, x, retry, at, tries):  # type: ignore[no-untyped-def]
    """Perhaps the client of a request given up at ``at`` sends it once more."""
    if tries >= n[RETRY_MOST]:
        return
    drawn = key(n[SEED], RETRY, n[RETRIED])
    n[RETRIED] += 1
    if uniform(drawn, 0) < x[RETRY_SHARE]:
        if n[RETRIES] >= len(retry):
            n[FULL] += 1
            return
        push_retry(retry, n[RETRIES], at + x[RETRY_DELAY] * exponential(drawn, 1), tries + 1)
        n[RETRIES] += 1


@inlined
def serve(n, x, log, busy, retry, ahead, hist, rows, arrived, now, need, tries, waited):  # type: ignore[no-untyped-def]
    """A free server takes a request: when it ends and what becomes of it is settled here."""
    if x[KNEE] < INF and n[BUSY] + 1 > x[KNEE]:
        need *= 1.0 + x[KNEE_SLOPE] * ((n[BUSY] + 1) / x[KNEE] - 1.0)
    end = now + need
    if n[SORTED]:
        push(busy, n[BUSY], end)
    else:
        busy[n[BUSY]] = end
    n[BUSY] += 1
    n[IDLE] -= 1
    x[BUSY_SUM] += x[END] - now
    took, ring, keep = end - arrived, len(ahead) - 1, len(rows) - 1
    came, until = int(arrived) & keep, end
    if took > x[TIMEOUT]:
        until = arrived + x[TIMEOUT]
        ahead[int(until) & ring, GONE] += 1
        hist[int(until) & ring, bucket(1000.0 * x[TIMEOUT])] += 1
        rows[came, WAS_LOST] += 1.0
    else:
        ahead[int(end) & ring, DONE] += 1
        hist[int(end) & ring, bucket(1000.0 * took)] += 1
        if took > x[OBJECTIVE]:
            rows[came, WAS_LATE] += 1.0
    if n[LOGGED] >= 0:
        log_one(n, x, log, until, arrived)
    if took > x[OBJECTIVE]:
        for second in range(int(max(arrived + x[OBJECTIVE], now)), int(until)):
            ahead[second & ring, LATE_OPEN] += 1
    if n[RETRY_MOST] > 0 and not waited and took > x[PATIENCE]:
        again(n, x, retry, max(arrived + x[PATIENCE], now), tries)


@inlined
def ease(n, x, busy, adds, t):  # type: ignore[no-untyped-def]
    """``proceed`` while nobody waits: the order in which servers end matters to nobody, only that enough are free.

    Ends are looked through when no server is known to be idle, and at the end of the second: two to three times as
    fast as a heap.
    """
    mask = len(adds) - 1
    while n[ADD_HEAD] < n[ADD_TAIL] and adds[n[ADD_HEAD] & mask, 0] <= t:
        n[IDLE] += int(adds[n[ADD_HEAD] & mask, 1])
        n[ADD_HEAD] += 1
    if n[IDLE] > 0 and t < x[END]:
        return
    kept, over, last = 0, 0.0, x[END]  # read here: a branch in the loop, which nothing foretells, would double its time
    for i in range(n[BUSY]):
        end = busy[i]
        busy[kept] = end
        stays = end > t
        kept += stays
        over += 0.0 if stays else last - end
    x[BUSY_SUM] -= over
    n[IDLE] += n[BUSY] - kept
    n[BUSY] = kept


@inlined
def proceed(n, x, line, log, busy, adds, retry, ahead, hist, rows, t):  # type: ignore[no-untyped-def]
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
                give_up(n, x, line, retry, ahead, hist, rows)
                continue
            n[HEAD] += 1
            x[QUEUE_SUM] -= x[END] - now
            tries = int(line[i, 2])
            serve(n, x, log, busy, retry, ahead, hist, rows, arrived, now, line[i, 1], tries, n[EXPIRED] >= n[HEAD])
    while n[HEAD] < n[TAIL] and line[n[HEAD] & ring, 0] + x[TIMEOUT] <= t:
        give_up(n, x, line, retry, ahead, hist, rows)


@inlined
def give_up(n, x, line, retry, ahead, hist, rows):  # type: ignore[no-untyped-def]
    """The first in line has waited past the time-out."""
    i = n[HEAD] & (len(line) - 1)
    arrived = line[i, 0]
    n[HEAD] += 1
    if n[RETRY_MOST] > 0 and n[EXPIRED] < n[HEAD]:
        again(n, x, retry, arrived + x[PATIENCE], int(line[i, 2]))
    at = arrived + x[TIMEOUT]
    x[QUEUE_SUM] -= x[END] - at
    ahead[int(at) & (len(ahead) - 1), GONE] += 1
    hist[int(at) & (len(hist) - 1), bucket(1000.0 * x[TIMEOUT])] += 1
    rows[int(arrived) & (len(rows) - 1), WAS_LOST] += 1.0


@inlined
def hopeless(n, x, line):  # type: ignore[no-untyped-def]
    """Whether the balancer refuses a request that arrives now: a full line, or a wait past what is allowed."""
    queued = n[TAIL] - n[HEAD]
    if queued >= len(line) - 1:
        n[FULL] += 1
        return True
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
def arrive(n, x, line, log, busy, retry, ahead, hist, row, rows, t, need, tries):  # type: ignore[no-untyped-def]
    """One request arrives at ``t``, after everything that ends by then."""
    row[REQUESTS] += 1.0
    if n[IDLE] > 0:
        serve(n, x, log, busy, retry, ahead, hist, rows, t, t, need, tries, False)
    elif hopeless(n, x, line):
        row[SHED] += 1.0
        if n[RETRY_MOST] > 0:
            again(n, x, retry, t, tries)
    else:
        if n[HEAD] == n[TAIL]:
            x[SINCE] = t
        i = n[TAIL] & (len(line) - 1)
        line[i, 0], line[i, 1], line[i, 2] = t, need, tries
        n[TAIL] += 1
        x[QUEUE_SUM] += x[END] - t


@compiled
def cold_share(n, x, adds, t):  # type: ignore[no-untyped-def]
    """The share of the requests that meet a task of the last ``COLD_SPAN`` seconds, each at its ramped weight."""
    if x[COLD_SPAN] <= 0.0:
        return 0.0
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


@inlined
def watch(n, x, w, busy, row, t):  # type: ignore[no-untyped-def]
    """The data plane's look at ``t``: whether the loop steps before its second is over."""
    capacity = x[HINT] * (n[IDLE] + n[BUSY] - n[LEAVING]) / n[CONCURRENCY]
    if n[QUEUED]:
        stands = n[HEAD] < n[TAIL] and t - x[SINCE] >= STANDS
    else:
        most = capacity * PILED
        stands = 0.0 < most < n[TAIL] - n[HEAD] + n[BUSY] and n[TAIL] - n[HEAD] + working(n, busy, t) > most
    return look(w, row[REQUESTS], stands, capacity)


@inlined
def next_new(n, given, gaps, made, t, rate):  # type: ignore[no-untyped-def]
    """When the next new request comes after the one at ``t``: as given, else by chance."""
    if len(given) > 0:
        return given[n[ASKED]]
    return t + exponential(gaps, made) / rate if rate > 0.0 else INF


@inlined
def enter(n, x, w, rate, given, adds, log, shown, row, gaps, began):  # type: ignore[no-untyped-def]
    """(new requests so far, additions so far, when the next request comes, the cold share) of a second gone on with or
    begun."""
    if n[PARTLY]:
        n[PARTLY] = 0
        return n[MADE], n[JOINED], x[FRESH], x[SHARE]
    x[END] = began + 1.0
    row[:] = 0.0
    if w[ON]:
        begin(w, int(began))
        begin_second(n, x, log, shown, began)
    share = cold_share(n, x, adds, began)
    return 0, n[ADD_HEAD], next_new(n, given, gaps, 0, began, rate), share


@inlined
def move(n, x, line, log, busy, adds, retry, ahead, hist, rows, t):  # type: ignore[no-untyped-def]
    """Everything that happens by itself up to ``t``."""
    if n[HEAD] == n[TAIL] and n[LEAVING] == 0 and not n[EXACT]:
        n[SORTED] = 0
        ease(n, x, busy, adds, t)
    else:
        if not n[SORTED]:
            sort(n, busy)
        proceed(n, x, line, log, busy, adds, retry, ahead, hist, rows, t)


@inlined
def returns(n, x, line, log, busy, retry, ahead, hist, row, rows, t, expires):  # type: ignore[no-untyped-def]
    """A client has had enough, or comes back."""
    if t == expires:
        if n[EXPIRED] >= n[HEAD]:
            again(n, x, retry, t, int(line[n[EXPIRED] & (len(line) - 1), 2]))
            n[EXPIRED] += 1
        return
    tries = int(retry[0, 1])
    pop_retry(retry, n[RETRIES])
    n[RETRIES] -= 1
    n[CAME_BACK] += 1
    need = work(key(n[SEED], RETRY_WORK, n[CAME_BACK]), 0, n[KIND], x[MEAN], x[SIGMA])
    arrive(n, x, line, log, busy, retry, ahead, hist, row, rows, t, need, tries)


@compiled
def advance(n, x, w, rates, new, line, log, said, part, busy, adds, retry, ahead, hist, took, rows, sums, first, count):  # type: ignore[no-untyped-def]
    """``count`` seconds from ``first`` on, at ``rates`` requests/s each or with ``new`` requests at these times.

    Writes their rows and running sums and returns 0 at their end. Else the second has been left: at ``x[PAUSE]`` (-1),
    or at the ms returned, where the data plane woke the loop and ``part`` has its reading; the next call goes on from
    there.
    """
    for second in range(first, first + count):
        began, rate, row = float(second), rates[second], rows[second & (len(rows) - 1)]
        gaps, works, colds = key(n[SEED], GAPS, second), key(n[SEED], WORK, second), key(n[SEED], COLD, second)
        made, joined, fresh, share = enter(n, x, w, rate, new, adds, log, said, row, gaps, began)
        tick, stop = w[NEXT] / TICKS if w[ON] else INF, min(x[END], x[PAUSE])
        while True:
            back = retry[0, 0] if n[RETRIES] > 0 else INF
            expires = impatience(n, x, line) if n[RETRY_MOST] > 0 else INF
            t = min(fresh, stop, tick)
            t = min(t, back, expires)
            move(n, x, line, log, busy, adds, retry, ahead, hist, rows, t)
            woken = False
            if t == tick:
                woken = watch(n, x, w, busy, row, t)
                tick = w[NEXT] / TICKS
            if t >= x[END]:
                break
            if n[ADD_HEAD] != joined:
                share, joined = cold_share(n, x, adds, t), n[ADD_HEAD]
            if t == min(expires, back):
                returns(n, x, line, log, busy, retry, ahead, hist, row, rows, t, expires)
            elif t == fresh:
                need = work(works, made, n[KIND], x[MEAN], x[SIGMA])
                if share > 0.0 and uniform(colds, made) < share:
                    need *= x[COLD_FACTOR]
                arrive(n, x, line, log, busy, retry, ahead, hist, row, rows, t, need, 0)
                made += 1
                n[ASKED] += 1
                fresh = next_new(n, new, gaps, made, t, rate)
            if woken or t >= stop:
                n[PARTLY], n[MADE], n[JOINED], x[FRESH], x[SHARE] = 1, made, joined, fresh, share
                x[PAUSE] = INF
                if not woken:
                    return -1
                read(n, x, line, busy, ahead, hist, row, log, said, part, second, t)
                return round(1000.0 * t)
        if n[SHOWN_REQUESTS] >= 0:
            read(n, x, line, busy, ahead, hist, row, log, said, part, second, x[END])
        close(n, x, line, ahead, hist, took, row, second)
        sum_up(sums, row, second)
    return 0
