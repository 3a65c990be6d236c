"""Where everything is in the plant's arrays. The compiled functions take these in as constants: see ``kernel``."""

from __future__ import annotations

import numpy as np

# n: whole numbers. State, then settings.
IDLE, BUSY, LEAVING, HEAD, TAIL, LATE, EXPIRED, ADD_HEAD, ADD_TAIL, COLD_HEAD, RETRIES, RETRIED, CAME_BACK, SORTED = (
    range(14)
)
FULL = 14  # requests or clients for whom there was no room: a run with any is not to be believed
SEED, KIND, QUEUE_LIMIT, RETRY_MOST, EXACT, CONCURRENCY, QUEUED = range(15, 22)
PARTLY, MADE, JOINED = range(22, 25)  # of a second that was left before its end
LOGGED, SHOWN_REQUESTS, SHOWN_DONE, SHOWN_GONE, SHOWN_SHED = range(25, 30)  # of ``seen.read``
ASKED = 30  # of the arrivals that were given: those that came
N = 31
# x: numbers. State, then settings (seconds, shares).
BUSY_SUM, QUEUE_SUM, END = range(3)
MEAN, SIGMA, OBJECTIVE, TIMEOUT, PATIENCE, RETRY_SHARE, RETRY_DELAY = range(3, 10)
KNEE, KNEE_SLOPE, COLD_SPAN, COLD_FACTOR, SHED_AT, QUANTILE = range(10, 16)
FRESH, SHARE, PAUSE = range(16, 19)  # the next new request and the cold share; when to leave a second early
SINCE, LOOKED, HINT = range(19, 22)  # somebody waits since; the last reading; requests/s a task carries, 0: not known
X = 22
# rows: what was seen of each second.
REQUESTS, COMPLETED, FAILED, SHED, LATENCY, IN_SERVICE, QUEUE, SERVERS, QUEUE_END, BUSY_END, OPEN_LATE = range(11)
# ... and the verdicts on its arrivals, final ``TIMEOUT`` seconds later.
WAS_LATE, WAS_LOST = 11, 12
COLUMNS = 13
# ahead: booked into seconds to come.
DONE, GONE, LATE_OPEN = range(3)

# w: the data plane's watch over its service and the loop's pulse (``wakes``). In ticks since the run began.
ON, NEXT, STEPPED, DUE, TOLD, TOLD_QUEUE, TOLD_ARRIVALS, LATER, COUNTED, SHORT, LONG, SLOTS = range(12)

INF = np.inf
RAMP_FROM = 0.1  # weight of a task that has just become ready, against a warm one's 1
SHED_MARGIN, SHED_LEAST = 0.8, 2  # as fleet/balancer/shed.py
TICKS = 20  # looks a second of the data plane at its queue and its arrivals
W = SLOTS + TICKS
