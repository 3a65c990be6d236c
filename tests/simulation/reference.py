"""The queue once more, from its definition and in plain Python: one object a server, one heap of events.

Slow and independent of the compiled plant on purpose; it shares nothing with it but the requests it is given.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

CAPACITY, FREE, GIVE_UP, ARRIVE = range(4)  # what comes first at the same instant


@dataclass(slots=True)
class Request:
    """Times in seconds. ``end`` is None where it was never served."""

    arrived: float
    work: float
    start: float | None = None
    end: float | None = None
    refused: bool = False

    def took(self) -> float:
        return float("inf") if self.end is None else self.end - self.arrived

    def failed(self, timeout: float) -> bool:
        return not self.refused and self.took() > timeout


@dataclass(slots=True, eq=False)
class Server:
    until: float = 0.0
    leaving: bool = False


class Queue:
    """First come, first served. ``changes``: (second, servers more or, negative, fewer), some at second 0."""

    def __init__(self, changes: Iterable[tuple[float, int]], timeout: float, limit: int | None = None) -> None:
        self.timeout, self.limit = timeout, limit
        self.idle: list[Server] = []
        self.busy: list[Server] = []
        self.line: deque[Request] = deque()
        self.events: list[tuple[float, int, int, object]] = []
        self.number = 0
        for at, servers in changes:
            self.later(at, CAPACITY, servers)

    def later(self, at: float, kind: int, what: object) -> None:
        self.number += 1
        heapq.heappush(self.events, (at, kind, self.number, what))

    def run(self, given: Iterable[tuple[float, float]]) -> list[Request]:
        requests = [Request(arrived, work) for arrived, work in given]
        for request in requests:
            self.later(request.arrived, ARRIVE, request)
        while self.events:
            now, kind, _, what = heapq.heappop(self.events)
            if kind == CAPACITY:
                assert isinstance(what, int)
                self.resize(what)
            elif kind == FREE:
                assert isinstance(what, Server)
                self.busy.remove(what)
                if not what.leaving:
                    self.idle.append(what)
            elif kind == GIVE_UP and self.line and what is self.line[0]:  # nobody waits longer than the first
                self.line.popleft()
            elif kind == ARRIVE:
                assert isinstance(what, Request)
                self.join(what)
            while self.idle and self.line:
                self.serve(self.line.popleft(), now)
        return requests

    def resize(self, servers: int) -> None:
        for _ in range(servers):
            self.idle.append(Server())
        for _ in range(-servers):
            if self.idle:
                self.idle.pop()
            else:
                staying = [server for server in self.busy if not server.leaving]
                min(staying, key=lambda server: server.until).leaving = True

    def join(self, request: Request) -> None:
        if not self.idle and self.limit is not None and len(self.line) >= self.limit:
            request.refused = True
            return
        self.line.append(request)
        self.later(request.arrived + self.timeout, GIVE_UP, request)

    def serve(self, request: Request, now: float) -> None:
        server = self.idle.pop()
        request.start, request.end = now, now + request.work
        server.until = request.end
        self.busy.append(server)
        self.later(request.end, FREE, server)
