"""The middle of a balancer: from an offered request to its one end.

    front --arrived/place--> [shed | queue] --hand--> back --finished--> front
                                  ^                    |
                                  +----- replay -------+ broke

Rules for whoever edits this file:
1. Every way out goes through ``_count`` and ``_leave``; see books.py for their rules.
2. Who waits goes before who comes; only a replay, which has waited already, goes before who waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic, monotonic_ns
from typing import TYPE_CHECKING

from fleetfoot.fleet.files import is_ours

from .back import Back
from .books import Books
from .choose import Fleet
from .classes import Classes
from .pressure import Pressure
from .queue import Queue
from .replays import Replays, was_stale
from .request import Request
from .settings import BalancerSettings
from .shed import hopeless
from .tasks import Task

if TYPE_CHECKING:
    from .front import Front

CONNECT_TIMEOUT_S = 3.0  # on one machine a connection stands at once, or the task's backlog is full
PAUSE_S = 0.1  # before a task is asked again that just failed: by then the supervisor knows whether it is dead
YOUNG_NS = 1_000_000_000  # a request that must not be sent twice uses no connection that was idle longer: the task may
# be closing it just now (servers close idle ones after 2 to 75 s), and nobody could say whether the request was seen


def now_ms() -> float:
    """The monotonic clock, ms."""
    return monotonic() * 1000


class Exchange(Books):
    """Requests, tasks and connections of one service."""

    def __init__(
        self,
        settings: BalancerSettings,
        objective_ms: int,
        concurrency: int | None,
        on_pressure: Callable[[str], None],
    ) -> None:
        super().__init__(Fleet(concurrency), objective_ms, now_ms())
        self.settings = settings
        self.classes = Classes(settings.classes) if settings.classes else None
        self.queue: Queue[Request] = Queue(settings.queue)
        self.pressure = Pressure(on_pressure)
        self.fronts: dict[Front, None] = {}
        self._sheds = settings.shed == "objective"
        self._waiting = self.queue.waiting
        self._replays = Replays()
        self._dialling: set[asyncio.Task[None]] = set()

    # A request comes.

    def place(self, request: Request) -> None:
        """It is the first of its connection: hand it to a task, let it wait, or refuse it."""
        if self._sheds and self._is_hopeless(request):
            self._shed(request)
            return
        task = None if self._waiting else self.fleet.choose()
        if task is not None:
            self.hand(request, task)
        elif not self._has_place(request) or not self._queue_up(request):
            self._shed(request)

    def _queue_up(self, request: Request) -> bool:
        """Let it wait; where the queue is full, in place of the newest of the client that fills it."""
        client = request.front.peer.client(request.head)
        displaced = self.queue.displaced(client)
        taken = self.queue.push(request, now_ms(), client)
        if displaced is not None:
            self._shed(displaced)
        return taken

    def _has_place(self, request: Request) -> bool:
        """Whether its class may fill the queue further."""
        return request.group is None or len(self.queue) < request.group.places(self.queue.limit)

    def _is_hopeless(self, request: Request) -> bool:
        work = len(self.open) - 1  # without the request in question
        ready = len(self.fleet.routed)
        oldest = self.oldest_ms(now_ms())
        share = 1.0 if request.group is None else request.group.share
        return hopeless(self.objective_ms, work, oldest, ready, self.rates.per_task, self.pressure.hint, share)

    def _shed(self, request: Request) -> None:
        self.counters.shed += 1
        if request.group is not None:
            request.group.shed += 1
        self._count(request, monotonic_ns(), bad=True)
        request.front.refuse(request, 503, retry_after=self.settings.retry_after)

    def pump(self) -> None:
        """Hand out what waits, as far as tasks can take it."""
        while self._waiting:
            task = self.fleet.choose()
            if task is None:
                return
            request = self.queue.pop()
            assert request is not None
            self.hand(request, task)

    def hand(self, request: Request, task: Task) -> None:
        """Send it to the task, on an idle connection if there is one."""
        request.task = task
        request.handed = now = monotonic_ns()
        request.drip = 0.0
        task.in_flight += 1
        while task.idle and not request.fresh:
            back = task.idle.pop()
            if back.transport.is_closing():
                continue
            if not request.safe and now - back.idle_since > YOUNG_NS:
                back.close()
                continue
            back.start(request)
            return
        dialling = asyncio.get_running_loop().create_task(self._dial(request, task))
        self._dialling.add(dialling)
        dialling.add_done_callback(self._dialling.discard)

    async def _dial(self, request: Request, task: Task) -> None:
        back, ours = await self.connect(task)
        stands = back is not None and not back.transport.is_closing()
        if request.task is not task:  # its client is gone, or its task was removed
            if back is not None and stands:
                back.rest()
        elif back is not None and stands and not task.gone:
            back.start(request)
        elif ours:
            self._leave(request)
            self._shed(request)
        else:
            self.broke(request, sent=False)

    async def connect(self, task: Task) -> tuple[Back | None, bool]:
        """A new connection to the task; None when it cannot be had, and whether it is this process that lacks
        descriptors, memory or ports for it."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return (await loop.create_connection(lambda: Back(self, task), task.host, task.port))[1], False
        except OSError as error:  # TimeoutError too
            return None, is_ours(error)

    # It ends.

    def stays(self, request: Request, status: int) -> None:
        """It became an event stream or an upgraded connection: completed now, outside limits and time-outs from now."""
        self.completed(request, status)
        request.stays = True
        task = request.task
        assert task is not None
        task.tunnels += 1
        task.limit += 1
        self.pump()

    def release(self, request: Request) -> None:
        """The task has done with it."""
        self._leave(request)
        if self._waiting:
            self.pump()

    def broke(self, request: Request, *, sent: bool = True, again: bool = True) -> None:
        """Its task refused (``sent=False``) or broke the connection, or answered nonsense (``again=False``).

        Sent again when that is safe: nothing of it was sent, or it is body-less and may be repeated.
        """
        task = request.task
        assert task is not None
        stale = sent and again and not request.answered and was_stale(request)
        if not stale:
            task.breaks += 1
            self.fleet.faulted(task, request.handed, now_ms())
            if again and not request.answered:
                self.fleet.shun(task, now_ms())
            request.tried += (task,)
        self._leave(request)
        if request.counted:
            request.front.cut(request)
        elif again and not request.answered and self._replays.take(request, sent):
            self._replay(request, stale)
        else:
            task.errors += 1
            self._fail(request)
        self.pump()

    def _replay(self, request: Request, stale: bool) -> None:
        """To a task that has not had it; where all had it, to any after a pause. An idle connection that broke is no
        try: its task may have closed it just then, and the next connection is a new one."""
        self.counters.replayed += 1
        request.fresh = True
        routed = self.fleet.routed
        if not stale and routed and all(task in request.tried for task in routed):
            asyncio.get_running_loop().call_later(PAUSE_S, self._again, request)
        else:
            self._hand_first(request, self.fleet.choose_other(request.tried))

    def _again(self, request: Request) -> None:
        if not request.counted:  # its client is still there
            self._hand_first(request, self.fleet.choose())

    def _hand_first(self, request: Request, task: Task | None) -> None:
        if task is not None:
            self.hand(request, task)
        elif not self.queue.push(request, now_ms(), first=True):
            self._fail(request)

    def _fail(self, request: Request) -> None:
        self.counters.broken += 1
        self.counters.errors += 1
        self._count(request, monotonic_ns(), bad=True)
        request.front.refuse(request, 502)

    def timed_out(self, request: Request) -> None:
        """It waited too long in the queue (already taken out of it), or its task is silent."""
        self.counters.timed_out += 1
        self._count(request, monotonic_ns(), bad=True, shown=True)
        task = request.task
        if task is None:
            request.front.refuse(request, 503, retry_after=self.settings.retry_after)
            return
        task.errors += 1
        task.breaks += 1
        self.fleet.faulted(task, request.handed, now_ms())
        self._drop_back(request)
        request.front.refuse(request, 504)
        self.pump()

    def gone(self, request: Request) -> None:
        """Its client closed, broke off its body or spoilt it: nobody waits for the answer."""
        if not request.counted:
            self.queue.discard(request)
            self.counters.client_gone += 1
            self._count(request, monotonic_ns())
        if request.task is not None:
            self._drop_back(request)
            self.pump()

    def _drop_back(self, request: Request) -> None:
        """Take the request from its task; the connection cannot be used again."""
        back = request.back
        self._leave(request)
        if back is not None:
            back.request = None
            if request.stays:
                back.close()  # what the client said last is still delivered
            else:
                back.transport.abort()

    # Time passes, tasks go.

    def tick(self, now: float) -> None:
        """Call it every 50 ms: queue time-outs, ramps, rates, pressure."""
        if self._waiting:
            for request in self.queue.expired(now, self.settings.queue_timeout_ms):
                self.timed_out(request)
        self._replays.earn(self.rates.arrivals)
        ready = len(self.fleet.routed)
        self.rates.turn(now, ready)
        if self.fleet.tick(now):
            self.pump()
        limited = self.fleet.concurrency is not None
        self.pressure.check(now, self.queue.filled_for(now), len(self.open), ready, limited, self.rates)

    def forget(self, task: Task) -> None:
        """The task is gone: close its connections; its requests go elsewhere where that is safe."""
        task.gone = True
        task.ready = task.known = False
        self.fleet.tasks.pop(task.name, None)
        self.fleet.rebuild(now_ms())
        held = [back.take() for back in list(task.backs)]
        undialled = [request for request in self.open if request.task is task and request.back is None]
        for request in undialled:
            self.broke(request, sent=False)
        for torn in held:
            if torn is not None:
                self.broke(torn)

    def stop_dialling(self) -> None:
        """Give up connections that do not stand yet."""
        for dialling in self._dialling:
            dialling.cancel()
