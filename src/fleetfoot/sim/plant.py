"""The plant: the arrays of one simulated service and the calls into the compiled queue that works on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import ceil, inf, log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetfoot.sim import draws, kernel
from fleetfoot.sim import layout as k
from fleetfoot.sim.heaps import BUCKETS
from fleetfoot.sim.setup import Setup

ADDS = 1 << 13  # additions of servers known ahead or still cold, at least
KEEP = 1 << 18  # seconds of rows kept, three days; see record.py for longer runs


def power_of_two(least: float) -> int:
    return 1 << max(0, ceil(least) - 1).bit_length()


class Plant:
    """Servers, a line and its clients. ``rates``: requests/s of every second; call ``advance`` second by second.

    ``arrivals``: when each new request comes (s, rising), instead of by chance at ``rates``.
    """

    def __init__(
        self, rates: NDArray[np.float64], setup: Setup, seed: int, arrivals: NDArray[np.float64] | None = None
    ) -> None:
        self.setup = setup
        self.tail = ceil(setup.timeout / 1000.0) + 2  # seconds after which every verdict is final
        self.rates = np.concatenate([np.asarray(rates, np.float64), np.zeros(self.tail)])
        if len(rates) == 0 or not (np.isfinite(self.rates).all() and self.rates.min() >= 0.0):
            raise ValueError("rates must be finite, 0/s or more, one a second, and at least one")
        self._given = np.zeros(0) if arrivals is None else np.append(np.asarray(arrivals, np.float64), inf)
        if not (self._given[:-1] <= self._given[1:]).all() or self._given[:1].min(initial=0.0) < 0.0:
            raise ValueError("arrivals must rise from 0 s on")
        self.n = np.zeros(k.N, np.int64)
        self.x = np.zeros(k.X, np.float64)
        peak = max(float(self.rates.max()), float(np.bincount(self._given[:-1].astype(np.int64), minlength=1).max()))
        room = power_of_two((peak + 6 * sqrt(peak)) * (1 + setup.retries) * (setup.timeout / 1000.0 + 1) + 1024)
        self.rows = np.zeros((min(power_of_two(len(self.rates) + 1), KEEP), k.COLUMNS))
        self.sums = np.zeros((len(self.rows), k.OPEN_LATE + 1))
        self._adds = np.zeros((max(ADDS, power_of_two(2 * setup.maximum)), 2))
        #: requests by latency (``heaps.bucket``), answered or timed out, of all seconds so far
        self.took = np.zeros(BUCKETS, np.int64)
        ring = power_of_two(self.tail + 2)
        self._settle(seed)
        self._busy = np.zeros(power_of_two(setup.maximum * setup.concurrency + 64))
        retry = np.zeros((self._clients(room) if setup.retries else 1, 2))
        self.watching = np.zeros(k.W, np.int64)
        #: of the data plane: what ``seen.read`` wrote last, columns as of ``rows``
        self.part = np.zeros(k.COLUMNS)
        self._log = np.zeros((1, 2))
        self._room = room
        self._line = np.zeros((room, 3))
        self._shown = np.zeros((2, BUCKETS), np.int64)
        self._after = (
            self._adds, retry, np.zeros((ring, 3), np.int32), np.zeros((ring, BUCKETS), np.int32), self.took,
            self.rows, self.sums,
        )  # fmt: skip
        #: ``advance(second, count)`` lives through so many seconds from that one on and writes their rows and sums;
        #: see ``kernel.advance`` for what it returns.
        self.advance = self._bound()

    def _bound(self) -> Callable[[int, int], int]:
        before = (self.n, self.x, self.watching, self.rates, self._given, self._line, self._log, self._shown, self.part)
        return _direct(kernel.advance, (*before, self._busy, *self._after))

    def watch(self, throughput: float) -> None:
        """From the next second on the data plane wakes who watches it; ``throughput``: requests/s it takes a task to
        carry, 0 for not known. See ``wakes``."""
        self.x[k.HINT] = throughput
        if not self.watching[k.ON]:
            self.watching[[k.ON, k.LATER, k.DUE]] = 1, -1, -1
            self.watching[[k.TOLD, k.TOLD_QUEUE, k.TOLD_ARRIVALS]] = -k.TICKS
            self.n[k.LOGGED] = 0
            self._log = np.zeros((self._room + len(self._busy), 2))
            self.advance = self._bound()

    def unwatch(self) -> None:
        """From the next second on nobody is woken."""
        self.watching[k.ON] = 0
        self.n[k.LOGGED] = self.n[k.SHOWN_REQUESTS] = -1

    def pause(self, at: int) -> None:
        """``advance`` is to leave its second at ``at`` ms."""
        self.x[k.PAUSE] = at / 1000.0

    def _clients(self, room: int) -> int:
        """How many may be about to ask again: a whole line that gave up, and as many as ask again in the mean delay."""
        given = self.setup
        a_second, delay = float(self.rates.max()) * given.retries * given.retry_share, given.retry_delay / 1000.0
        ever = 1.1 * float(self.rates.sum()) * given.retries + 1024
        return power_of_two(min(room + 2.0 * a_second * delay, max(ever, 1024)))

    def _settle(self, seed: int) -> None:
        given, n, x = self.setup, self.n, self.x
        n[k.SEED] = seed
        n[k.KIND] = draws.FIXED if given.cs2 == 0 else draws.EXPONENTIAL if given.cs2 == 1 else draws.LOGNORMAL
        n[k.QUEUE_LIMIT] = np.iinfo(np.int64).max if given.queue_limit is None else given.queue_limit
        n[k.RETRY_MOST] = given.retries
        n[k.EXACT], n[k.CONCURRENCY] = given.knee is not None, given.concurrency
        n[k.QUEUED] = given.queued
        n[k.LOGGED] = n[k.SHOWN_REQUESTS] = -1
        x[k.PAUSE] = inf
        x[k.MEAN], x[k.SIGMA] = given.service / 1000.0, sqrt(log(1.0 + given.cs2))
        x[k.OBJECTIVE], x[k.TIMEOUT] = given.objective / 1000.0, given.timeout / 1000.0
        x[k.PATIENCE] = (given.timeout if given.patience is None else given.patience) / 1000.0
        x[k.RETRY_SHARE], x[k.RETRY_DELAY] = given.retry_share, given.retry_delay / 1000.0
        x[k.KNEE], x[k.KNEE_SLOPE] = inf if given.knee is None else given.knee, given.knee_slope
        x[k.COLD_SPAN], x[k.COLD_FACTOR] = given.cold / 1000.0, given.cold_factor
        x[k.SHED_AT], x[k.QUANTILE] = inf if given.shed is None else given.shed / 1000.0, given.percentile

    def begin(self, tasks: int) -> None:
        """So many warm tasks serve from the first instant."""
        self._make_room(tasks * self.setup.concurrency)
        self.n[k.IDLE] += tasks * self.setup.concurrency

    def add(self, tasks: int, at: float) -> None:
        """``tasks`` become ready at ``at`` ms, not before the moment that is next and not before an earlier ``add``."""
        n, adds, servers = self.n, self._adds, tasks * self.setup.concurrency
        self._make_room(servers)
        if n[k.ADD_TAIL] - min(n[k.ADD_HEAD], n[k.COLD_HEAD]) >= len(adds) - 1:
            if n[k.COLD_HEAD] >= n[k.ADD_HEAD]:
                raise ValueError(f"more than {len(adds) - 1} additions in one second")
            n[k.COLD_HEAD] += 1  # more starts at once than are remembered: the oldest count as warm
        adds[n[k.ADD_TAIL] & (len(adds) - 1)] = at / 1000.0, servers
        n[k.ADD_TAIL] += 1

    def remove(self, tasks: int) -> None:
        """``tasks`` take no new request from now on; what they work on ends. ValueError: so many do not serve.

        Cold ones are among them in proportion.
        """
        n, servers = self.n, tasks * self.setup.concurrency
        if servers > self._servers() - n[k.LEAVING]:
            raise ValueError(f"cannot remove {tasks} tasks: fewer serve")
        joined = int(n[k.IDLE] + n[k.BUSY] - n[k.LEAVING])
        idle = min(servers, int(n[k.IDLE]))
        busy = self._take_joining(servers - idle)
        if self.setup.cold and idle + busy:
            cold = np.arange(n[k.COLD_HEAD], n[k.ADD_HEAD]) & (len(self._adds) - 1)
            self._adds[cold, 1] *= 1.0 - (idle + busy) / joined
        n[k.IDLE] -= idle
        n[k.LEAVING] += busy

    def check(self) -> None:
        """Raises OverflowError when somebody found no room in the arrays: then figures would be wrong."""
        if self.n[k.FULL]:
            raise OverflowError(
                f"{self.n[k.FULL]} requests found no room in the simulation: its clients come again in larger crowds "
                "than it foresaw; fewer retries or a shorter time-out fit"
            )

    def _servers(self) -> int:
        """All there are, those that leave still work and those about to join included."""
        n, adds = self.n, self._adds
        joining = np.arange(n[k.ADD_HEAD], n[k.ADD_TAIL]) & (len(adds) - 1)
        return int(n[k.IDLE] + n[k.BUSY] + adds[joining, 1].sum())

    def _make_room(self, servers: int) -> None:
        """Servers that leave work on beside those that came for them: as many as there are may be busy at once."""
        least = self._servers() + servers
        if least > len(self._busy):
            self._busy = np.concatenate([self._busy, np.zeros(power_of_two(least) - len(self._busy))])
            if self.watching[k.ON]:
                self._log = np.concatenate([self._log, np.zeros((len(self._busy), 2))])
            self.advance = self._bound()

    def _take_joining(self, servers: int) -> int:
        """Take ``servers`` from those that are ready and join next, the newest first; returns how many are left."""
        n, adds = self.n, self._adds
        for i in range(int(n[k.ADD_TAIL]) - 1, int(n[k.ADD_HEAD]) - 1, -1):
            place = i & (len(adds) - 1)
            gone = min(servers, int(adds[place, 1]))
            adds[place, 1] -= gone
            servers -= gone
        return servers


def _direct(function: Any, arrays: tuple[NDArray[Any], ...]) -> Callable[[int, int], int]:
    """The compiled ``function`` with its arrays bound, past numba's dispatcher: half a microsecond a call, not two."""
    function(*arrays, 0, 0)  # compiles, or loads what was compiled before
    compiled = next(iter(function.overloads.values()))
    return partial(compiled.entry_point, *arrays)
