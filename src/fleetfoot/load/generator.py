"""The open-loop generator: every request goes out when it is due, whatever became of those before.

Latency is measured from the moment a request was due. Where the generator itself is late (a busy
machine, no free connection) that is part of the latency too, and is counted apart, so that a reader
can tell the service's delay from the meter's.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import resource
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from fleetfoot.load.alarm import Alarm
from fleetfoot.load.client import Pool
from fleetfoot.load.ledger import NS, Ending, Ledger, Shot
from fleetfoot.load.plan import Plan
from fleetfoot.load.progress import judged_event, second_event, start_event
from fleetfoot.load.result import Result, sum_up
from fleetfoot.traffic.arrivals import paced, poisson

LEAD_NS = 20_000_000  # from ready to the first moment of the run
BATCH = 64  # requests sent before answers get a turn, when behind
SPARE_FILES = 64  # descriptors left for everything else

Event = dict[str, Any]


class Generator:
    """One run. Make it inside a running event loop, then ``await run()``."""

    def __init__(self, plan: Plan, tell: Callable[[Event], None] = lambda _event: None) -> None:
        """``tell`` is called in the loop with every event of ``load.progress``; it must not block."""
        self.plan, self.tell = plan, tell
        self.ledger = Ledger(plan.objective)
        self._loop = asyncio.get_running_loop()
        limit = min(plan.max_in_flight, _files() - SPARE_FILES)
        self._pool = Pool(plan.address, plan.request, limit=max(1, limit), done=self._done, head=plan.head)
        self._alarm = Alarm(self._loop, self._fire)
        self._arrivals = paced(plan.shape) if plan.seed is None else poisson(plan.shape, random.Random(plan.seed))
        self._due: int | None = None
        self._start = 0
        self._open: deque[Shot] = deque()  # in the order in which they are due, hence time out
        self._timeout = int(plan.timeout * NS)
        self._timer: asyncio.TimerHandle | None = None
        self._judged = 0  # seconds judged so far
        self._stopped = self._loop.create_future()
        self._interrupted = False

    def stop(self) -> None:
        """Send no more and end at once; what is open stays unfinished."""
        self._interrupted = True
        self._finish()

    async def run(self) -> Result:
        """Send all there is to send, wait for the answers, and sum up."""
        self._start = time.monotonic_ns() + LEAD_NS
        self.tell(start_event(self.plan, self._start))
        self._advance()
        self._arm()
        ticker = self._loop.create_task(self._tick())
        try:
            await self._stopped
        finally:
            ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticker
            self._alarm.close()
            if self._timer is not None:
                self._timer.cancel()
        self._judge(everything=True)
        self.ledger.held = self._pool.held
        now = time.monotonic_ns() - self._start
        whole = self.plan.shape.duration
        elapsed = min(now / NS, whole) if self._interrupted else whole
        result = sum_up(self.plan, self.ledger, elapsed, self._interrupted, now)
        await self._pool.close()
        return result

    # --- sending

    def _advance(self) -> None:
        t = next(self._arrivals, None)
        self._due = None if t is None else int(t * NS)

    def _arm(self) -> None:
        """Set the alarm for the next request, or end when there is none and none is open."""
        if self._due is not None:
            self._alarm.set(self._start + self._due)
        elif not self.ledger.in_flight:
            self._finish()

    def _fire(self) -> None:
        """Send what is due."""
        for _ in range(BATCH):
            now = time.monotonic_ns() - self._start
            if self._due is None or self._due > now or self._stopped.done():
                break
            shot = self.ledger.sent(self._due, now)
            self._open.append(shot)
            if self._timer is None:
                self._watch()
            self._pool.send(shot)
            self._advance()
        self._arm()

    # --- ending

    def _done(self, shot: Shot, ending: Ending, status: int, why: str) -> None:
        self.ledger.end(shot, time.monotonic_ns() - self._start, ending, status, why)
        if self._due is None and not self.ledger.in_flight:
            self._finish()

    def _watch(self) -> None:
        """Wake up when the oldest open request times out."""
        while self._open and self._open[0].done:
            self._open.popleft()
        self._timer = None
        if self._open:
            at = self._start + self._open[0].due + self._timeout
            self._timer = self._loop.call_later(max(0.0, (at - time.monotonic_ns()) / NS), self._expire)

    def _expire(self) -> None:
        now = time.monotonic_ns() - self._start
        while self._open and (self._open[0].done or self._open[0].due + self._timeout <= now):
            shot = self._open.popleft()
            if not shot.done:
                self._done(shot, Ending.TIMED_OUT, 0, "")
                self._pool.give_up(shot)
        self._watch()

    def _finish(self) -> None:
        if not self._stopped.done():
            self._stopped.set_result(None)

    # --- telling

    async def _tick(self) -> None:
        """Once a second: what was seen in it, and the verdict on the one that is now old enough."""
        number = 0
        while True:
            due = (self._start + (number + 1) * NS - time.monotonic_ns()) / NS
            await asyncio.sleep(max(0.0, due))
            if time.monotonic_ns() < self._start + (number + 1) * NS:
                continue  # woken a little early
            now = time.monotonic_ns() - self._start
            self.tell(second_event(self.ledger, number, now, self._overdue(now)))
            self._judge()
            self._pool.reap()
            number += 1

    def _overdue(self, now: int) -> list[int]:
        """Ages of open requests past the objective."""
        while self._open and self._open[0].done:
            self._open.popleft()
        ages = []
        for shot in self._open:
            if now - shot.due <= self.ledger.limit:
                break
            if not shot.done:
                ages.append(now - shot.due)
        return ages

    def _judge(self, everything: bool = False) -> None:
        """Tell each second that has ended and whose youngest request has outlived the objective."""
        ledger, now = self.ledger, time.monotonic_ns() - self._start
        while self._judged < len(ledger.seconds):
            second = ledger.seconds[self._judged]
            if not everything and now < (second.number + 1) * NS + ledger.limit:
                return
            ledger.settle(second)
            self.tell(judged_event(ledger, second, now))
            self._judged += 1


def _files() -> int:
    """How many files this process may have open, after asking for as many as it may ask for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
