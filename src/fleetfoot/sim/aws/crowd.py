"""The tasks of a simulated service at work, in real time: requests come, wait and end, and every task pushes.

Each task has fleetfoot's own agent inside: a recorder, and a sender in a thread of its own. A request goes to the task
that is free first and takes that task's time for one request.
"""

from __future__ import annotations

import heapq
import threading
import time
from dataclasses import dataclass, field

from fleetfoot.sim.aws.world import Service, World
from fleetfoot_agent.recorder import Recorder
from fleetfoot_agent.sender import Sender, Target

STEP_S = 0.01
PATIENCE_S = 10.0  # a client that would have to wait longer is lost


@dataclass
class Member:
    """One task. ``open``: when each request that is there ends, and when it began (s)."""

    sender: Sender
    recorder: Recorder
    free: float = 0.0
    open: list[tuple[float, float]] = field(default_factory=list)

    def begin(self, at: float, takes: float) -> None:
        self.recorder.begin()
        self.free = max(self.free, at) + takes
        heapq.heappush(self.open, (self.free, at))

    def refuse(self) -> None:
        self.recorder.begin()
        self.recorder.end(0, 503)

    def end(self, now: float) -> int:
        """How many were served since the last look."""
        served = 0
        while self.open and self.open[0][0] <= now:
            ends, begun = heapq.heappop(self.open)
            self.recorder.end(round((ends - begun) * 1e9), 200)
            served += 1
        return served


class Crowd:
    """All tasks of one service, and those who ask. A context manager. ``rate``: requests/s, changed at will."""

    def __init__(self, world: World, service: Service, url: str, token: str, throughput: float, rate: float) -> None:
        """``url`` and ``token``: where the tasks push. ``throughput``: requests/s one task carries."""
        self.rate = rate
        self.lost = 0  # requests with no task to go to, or none soon enough
        self._came, self._served, self._told = 0, 0, time.monotonic()  # since the world was told what was measured
        self._world, self._service, self._takes = world, service, 1 / throughput
        self._where = (url, token, service.name)
        self._members: dict[str, Member] = {}
        self._due = 0.0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"crowd of {service.name}", daemon=True)

    def __enter__(self) -> Crowd:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()
        for member in self._members.values():
            member.sender.stop()

    def _run(self) -> None:
        before = time.monotonic()
        while not self._closing.wait(STEP_S):
            now = time.monotonic()
            self._meet()
            self._ask(before, now)
            self._served += sum(member.end(now) for member in self._members.values())
            if now >= self._told + 1:
                self._tell(now)
            before = now

    def _meet(self) -> None:
        """Tasks that serve now join; those that no longer do leave, with a last push."""
        self._world.settle()
        serving = {task.id: task for task in self._service.serving(self._world.clock.now())}
        for gone in self._members.keys() - serving.keys():
            threading.Thread(target=self._members.pop(gone).sender.stop, daemon=True).start()
        for new in serving.keys() - self._members.keys():
            recorder = Recorder()
            member = Member(Sender(recorder, Target(*self._where, new, serving[new].definition)), recorder)
            self._members[new] = member
            member.sender.start()

    def _ask(self, before: float, now: float) -> None:
        self._due += self.rate * (now - before)
        count, members = int(self._due), list(self._members.values())
        self._due -= count
        self._came += count
        for number in range(count):
            at = before + (now - before) * (number + 1) / count
            member = min(members, key=lambda member: member.free, default=None)
            if member is not None and member.free - at <= PATIENCE_S:
                member.begin(at, self._takes)
                continue
            self.lost += 1
            if member is not None:
                member.refuse()

    def _tell(self, now: float) -> None:
        """What CloudWatch is told of the last second."""
        span, members = now - self._told, list(self._members.values())
        there = [len(member.open) for member in members]
        busy = self._served * self._takes / span / max(len(members), 1)
        self._world.measured(
            self._service,
            {"requests": self._came / span, "completed": self._served / span, "serving": float(len(members)),
             "in_flight": float(sum(map(bool, there))), "queue": float(sum(there) - sum(map(bool, there))),
             "cpu": min(busy, 1.0)},
        )  # fmt: skip
        self._came, self._served, self._told = 0, 0, now
