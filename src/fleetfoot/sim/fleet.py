"""The simulated fleet: counts of tasks by state, what was ordered and is still to come, and the bill."""

from __future__ import annotations

import heapq
from math import exp
from typing import NamedTuple

from fleetfoot.core.model import Start
from fleetfoot.sim import draws
from fleetfoot.sim.plant import Plant
from fleetfoot.sim.scaler import Counts
from fleetfoot.sim.setup import Setup

READY, FAILED, DRAINED, CRASH, LOSS = range(5)  # what comes due


class Due(NamedTuple):
    """Something that happens at ``at`` ms to ``tasks`` tasks ordered at ``ordered``; ``number`` breaks ties."""

    at: int
    number: int
    what: int
    tasks: int
    ordered: int


class Change(NamedTuple):
    """The counts from ``at`` ms on. ``billed``: serving, starting and draining."""

    at: int
    desired: int
    serving: int
    starting: int
    draining: int

    @property
    def billed(self) -> int:
        return self.serving + self.starting + self.draining


class SimFleet:
    """Tasks are counts, not objects. All times are ms since the run began."""

    def __init__(self, plant: Plant, setup: Setup, seed: int, initial: int) -> None:
        self.setup, self.seed, self._plant = setup, seed, plant
        self.serving, self.starting, self.draining = initial, 0, 0
        self.due: list[Due] = []
        self.changes = [Change(0, initial, initial, 0, 0)]
        self.starts: list[Start] = []  # finished since the engine looked last
        self._number = 0
        self._begun = 0
        self._crashes = 0
        plant.begin(initial)
        for i, (at, _) in enumerate(setup.losses):
            self._push(at, LOSS, 0, i)
        self._next_crash(0)

    @property
    def desired(self) -> int:
        return self.serving + self.starting

    def counts(self, now: int) -> Counts:
        setup = self.setup
        return Counts(
            now, self.serving + self.starting, self.serving, self.starting, self.draining, setup.minimum, setup.maximum
        )

    def happen(self, until: int) -> None:
        """Everything due up to and with ``until`` ms."""
        while self.due and self.due[0].at <= until:
            due = heapq.heappop(self.due)
            if due.what == READY:
                self._plant.add(due.tasks, due.at)
                self.starting -= due.tasks
                self.serving += due.tasks
                self._note(due, ok=True)
            elif due.what == FAILED:
                self._note(due, ok=False)
                self.starting -= due.tasks
                self._start(due.tasks, due.at)
            elif due.what == DRAINED:
                self.draining -= due.tasks
            else:
                self._lose(due)
            self._changed(due.at)

    def _lose(self, due: Due) -> None:
        """Serving tasks are gone and the platform replaces them. What they worked on still ends."""
        lost = 0
        if due.what == LOSS:
            lost = round(self.serving * self.setup.losses[due.ordered][1])
        else:
            _, chance = draws.crash(self.seed, self._crashes)
            lost = int(chance * self.setup.maximum < self.serving)
            self._next_crash(due.at)
        self._plant.remove(lost)
        self.serving -= lost
        if lost:
            self._start(lost, due.at)

    def _next_crash(self, now: int) -> None:
        """As often as ``maximum`` tasks would crash; which of these happen is drawn by how many serve then."""
        if self.setup.life is not None:
            self._crashes += 1
            gap, _ = draws.crash(self.seed, self._crashes)
            self._push(now + round(1000 * gap * self.setup.life / self.setup.maximum), CRASH, 0, now)

    def order(self, desired: int, now: int) -> None:
        """Make it ``desired`` tasks, within the bounds: start the difference, or stop it, those not yet ready first."""
        desired = min(max(desired, self.setup.minimum), self.setup.maximum)
        if desired == self.desired:
            return
        if desired > self.desired:
            self._start(desired - self.desired, now)
        else:
            surplus = self._cancel(self.desired - desired)
            if surplus:
                self._plant.remove(surplus)
                self.serving -= surplus
                self.draining += surplus
                self._push(now + self.setup.drain, DRAINED, surplus, now)
        self._changed(now)

    def _start(self, tasks: int, now: int) -> None:
        setup = self.setup
        self.starting += tasks
        if not setup.startup_spread and not setup.failed_starts:
            self._push(now + setup.lead, READY, tasks, now)
            return
        for _ in range(tasks):
            spread, chance = draws.start(self.seed, self._begun)
            self._begun += 1
            span = round(setup.startup * exp(setup.startup_spread * spread))
            failed = chance < setup.failed_starts
            self._push(now + span + (0 if failed else setup.registration), FAILED if failed else READY, 1, now)

    def _cancel(self, tasks: int) -> int:
        """Stop up to ``tasks`` that are not ready, those that would be ready last first; returns how many are left."""
        pending = sorted((due for due in self.due if due.what in (READY, FAILED)), reverse=True)
        for due in pending:
            if not tasks:
                break
            stopped = min(tasks, due.tasks)
            self.due.remove(due)
            if due.tasks > stopped:
                self.due.append(due._replace(tasks=due.tasks - stopped))
            self.starting -= stopped
            tasks -= stopped
        heapq.heapify(self.due)
        return tasks

    def _push(self, at: int, what: int, tasks: int, ordered: int) -> None:
        self._number += 1
        heapq.heappush(self.due, Due(at, self._number, what, tasks, ordered))

    def _note(self, due: Due, *, ok: bool) -> None:
        for _ in range(due.tasks):
            span = due.at - due.ordered if ok else 0
            self.starts.append(Start(self._number, "", span, ok, "" if ok else "the start failed"))
            self._number += 1

    def _changed(self, at: int) -> None:
        if self.changes[-1].at == at:
            self.changes.pop()
        self.changes.append(Change(at, self.desired, self.serving, self.starting, self.draining))
