"""The receiving side of the push (docs/push.md): many tasks' pushes become one set of ``app.*`` signals.

``Receiver`` knows no HTTP; ``push_app`` puts it behind a POST. Everything that comes in is bounded: the
body, the pushes of one incarnation, the incarnations and the names of gauges of a service.
"""

from __future__ import annotations

import hmac
import json
import threading
from asyncio import timeout
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, MutableMapping
from typing import Any, NamedTuple

from fleetfoot.core.model import Signal
from fleetfoot.edge.sources.push_member import Fell, Growth, Member
from fleetfoot.edge.sources.push_merge import OUGHT_MS, Snapshot, signals_of, snapshot_of
from fleetfoot_agent.wire import MAX_BODY, VERSION, Push, WireError, decode

PERIOD_MS = 1000
LONGEST_PERIOD_MS = 60_000  # what an agent follows at most
PUSHES_A_SECOND = 1000  # about a third of a core
KEPT_MS = 600_000  # for so long the counts of a silent incarnation are kept, so that it can come back without a loss
HISTORY_S = 900
BODY_S = 5.0


def interval_for(tasks: int) -> int:
    """ms between two pushes of a task, where so many push to one receiver: whole seconds, a minute at most."""
    return min(max(-(-tasks // PUSHES_A_SECOND) * 1000, PERIOD_MS), LONGEST_PERIOD_MS)


class Limits(NamedTuple):
    """What a service may send."""

    incarnations: int = 1000
    series: int = 64  # names of gauges and counts
    per_second: float = 5.0  # pushes of one incarnation
    burst: float = 10.0


_LIMITS = Limits()


class Refused(Exception):
    """A push that is not taken: the HTTP status and the words for it."""

    def __init__(self, status: int, words: str, retry_after: int = 0) -> None:
        super().__init__(words)
        self.status = status
        self.retry_after = retry_after  # s


class Second(NamedTuple):
    """What began and failed in one second of the receiver's clock."""

    start: int  # ms
    requests: float
    errors: float


class _Service:
    """What is kept of one service."""

    def __init__(self) -> None:
        self.members: dict[tuple[str, str], Member] = {}
        self.credit: dict[tuple[str, str], tuple[float, int]] = {}  # pushes left, and when that was so
        self.series: dict[str, str] = {}  # name -> "gauge" or "count"
        self.history: dict[int, list[float]] = {}
        self.period = PERIOD_MS

    def drop(self, key: tuple[str, str]) -> None:
        del self.members[key]
        self.credit.pop(key, None)

    def remember(self, growth: Growth, now: int) -> None:
        """Spread what grew evenly over the seconds it grew in."""
        oldest = now // 1000 - HISTORY_S
        start = growth.end - growth.span
        for second in range(max(int(start // 1000), oldest), growth.end // 1000 + 1):
            share = (min(growth.end, (second + 1) * 1000) - max(start, second * 1000)) / growth.span
            if share > 0:
                row = self.history.setdefault(second, [0.0, 0.0])
                row[0] += growth.requests * share
                row[1] += growth.errors * share
        for second in [second for second in self.history if second < oldest]:
            del self.history[second]


class Receiver:
    """Takes pushes and merges them per service. One lock: pushes and readers may be in different threads."""

    def __init__(
        self,
        services: Iterable[str],
        clock: Callable[[], int],
        answer: Callable[[str], Mapping[str, Any]] | None = None,
        limits: Limits = _LIMITS,
    ) -> None:
        """``clock``: the controller's ``now`` in ms. ``answer``: tasks, pool, interval_ms for a service."""
        self.told: Counter[str] = Counter()  # taken, repeated, late, series left out
        self._services = {name: _Service() for name in services}
        self._clock = clock
        self._answer = answer
        self._limits = limits
        self._born = clock()
        self._lock = threading.Lock()

    def receive(self, body: bytes) -> dict[str, Any]:
        """Take one push as it came; the answer for its sender. Raises Refused."""
        try:
            push = decode(body)
        except WireError as error:
            raise Refused(400, str(error)) from None
        return self.take(push)

    def take(self, push: Push) -> dict[str, Any]:
        """Take one push; the answer for its sender. Raises Refused."""
        service = self._services.get(push.service)
        if service is None:
            raise Refused(404, f"no service {push.service!r} here")
        answer = self._answer_for(push.service)
        with self._lock:
            service.period = answer.get("interval_ms") or PERIOD_MS
            self._take(service, push, self._clock())
        return {"v": VERSION, **answer}

    def _answer_for(self, service: str) -> dict[str, int]:
        given = self._answer(service) if self._answer is not None else {}
        return {name: int(given[name]) for name in ("tasks", "pool", "interval_ms") if given.get(name) is not None}

    def _take(self, service: _Service, push: Push, now: int) -> None:
        key = (push.task, push.incarnation)
        member = service.members.get(key)
        if member is None:
            self._make_room(service, now)
            member = Member(push.task, push.incarnation)
        self._spend(service, key, now)
        service.members[key] = member
        if member.repeats(push):
            self.told["repeated"] += 1
            return
        try:
            growth, late = member.take(push, now, service.period, now - self._born)
        except Fell as error:
            raise Refused(400, str(error)) from None
        self.told["late" if late else "taken"] += 1
        for kind, names in (("gauge", push.gauges), ("count", push.counts)):
            self._know(service, kind, names)
        if growth is not None:
            service.remember(growth, now)

    def _make_room(self, service: _Service, now: int) -> None:
        for key, member in list(service.members.items()):
            if now - member.arrived > (OUGHT_MS if member.final else KEPT_MS):
                service.drop(key)
        if len(service.members) < self._limits.incarnations:
            return
        key, member = min(service.members.items(), key=lambda item: (not item[1].final, item[1].arrived))
        if not member.final and now - member.arrived <= OUGHT_MS:
            raise Refused(429, f"{self._limits.incarnations} tasks report already", retry_after=30)
        service.drop(key)

    def _spend(self, service: _Service, key: tuple[str, str], now: int) -> None:
        limits = self._limits
        left, at = service.credit.get(key, (limits.burst, now))
        left = min(left + max(now - at, 0) / 1000 * limits.per_second, limits.burst)
        if left < 1:
            service.credit[key] = (left, now)
            raise Refused(429, f"more than {limits.per_second:g} pushes a second", retry_after=1)
        service.credit[key] = (left - 1, now)

    def _know(self, service: _Service, kind: str, names: Iterable[str]) -> None:
        for name in names:
            if name not in service.series and len(service.series) < self._limits.series:
                service.series[name] = kind
            elif service.series.get(name) != kind:
                self.told["series left out"] += 1

    # --- reading ---

    def history(self, service: str) -> list[Second]:
        """The last 15 minutes by second, oldest first; late intervals are in it. KeyError: no such service."""
        with self._lock:
            rows = sorted(self._services[service].history.items())
        return [Second(second * 1000, requests, errors) for second, (requests, errors) in rows]

    def snapshot(
        self, service: str, now_ms: int, serving: int, tasks: Collection[str] | None = None
    ) -> Snapshot | None:
        """All tasks as one; None when nothing was ever received. KeyError: no such service.

        ``serving`` tasks are expected to report; better, ``tasks`` says which.
        """
        with self._lock:
            kept = self._services[service]
            expected = serving if tasks is None else tasks
            return snapshot_of(list(kept.members.values()), now_ms, kept.period, expected, kept.series)

    def signals(
        self,
        service: str,
        now_ms: int,
        serving: int,
        percentile: float = 0.95,
        tasks: Collection[str] | None = None,
    ) -> dict[str, Signal]:
        """The ``app.*`` signals of a service; empty when nothing was ever received. KeyError: no such service.

        ``percentile`` 0..1 of ``app.latency``; ``serving`` and ``tasks`` as in ``snapshot``.
        """
        shot = self.snapshot(service, now_ms, serving, tasks)
        if shot is None:
            return {}
        return signals_of(shot, percentile)


# --- HTTP ---

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def push_app(receiver: Receiver, token: str) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """An ASGI app which takes a POST on whatever path it is mounted. ValueError when ``token`` is empty."""
    if not token:
        raise ValueError("pushes need a token")
    expected = f"Bearer {token}".encode()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await _respond(send, *await _handled(receiver, expected, scope, receive))

    return app


async def _handled(receiver: Receiver, expected: bytes, scope: Scope, receive: Receive) -> tuple[int, Any, int]:
    """(status, answer, seconds to wait)"""
    try:
        if scope["method"] != "POST":
            raise Refused(405, "a push is a POST")
        headers = dict(scope["headers"])
        if not hmac.compare_digest(headers.get(b"authorization", b""), expected):
            raise Refused(401, "a push needs the token of this controller")
        return 200, receiver.receive(await _body(headers.get(b"content-length", b"0"), receive)), 0
    except Refused as refused:
        return refused.status, {"error": str(refused)}, refused.retry_after


async def _body(announced: bytes, receive: Receive) -> bytes:
    too_long = Refused(413, f"a push has at most {MAX_BODY} bytes")
    if announced.isdigit() and int(announced[:20]) > MAX_BODY:
        raise too_long
    body, more = b"", True
    try:
        async with timeout(BODY_S):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refused(400, "the sender went away")
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > MAX_BODY:
                    raise too_long
    except TimeoutError:
        raise Refused(408, f"the body took over {BODY_S:g} s") from None
    return body


async def _respond(send: Send, status: int, answer: Any, retry_after: int) -> None:
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    for stage in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{stage}.complete"})
