"""From the tasks there are to the tasks there should be: who is started, promoted, retired, and what follows an end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterable
from typing import Any

from . import choose, exits, pool
from . import replace as replacing
from .brake import GOOD_LIFE_MS
from .clock import mono_ms
from .launch import Launcher
from .state import tail
from .strays import end_strays, lost_port
from .task import Task

log = logging.getLogger("fleetfoot.fleet")
_PORT_RACES = 5  # starts lost to a taken port in a row before one counts as failed


class Reconciler(Launcher):
    """Brings the tasks of one service to the desired count, version and zones, one step at a time."""

    # towards the desired count

    def reconcile(self) -> None:
        """Start or stop tasks until the count is the desired one. One start per call; the loop runs on between."""
        if self._closing:
            return
        due = self._due()
        for name in due.unused:
            self._retire(self.tasks[name], self.leaving(self.tasks[name]))
        for name in self._victims(due.relieved, due.relieve):
            self._retire(self.tasks[name], self.leaving(self.tasks[name]))
        for name in self._victims([task.id for task in self.staying], due.surplus):
            self._retire(self.tasks[name], "scale-in")
        missing = due.start
        self._owed = min(self._owed, missing)
        if missing and (missing := missing - self._promote(missing)):
            wait = self.ledger.brake.wait(mono_ms())
            if wait or not self._start() or missing > 1:
                self._again(wait or self.ledger.brake.wait(mono_ms()))
        elif not due.surplus:
            self._fill()

    def _due(self) -> replacing.Step:
        members = [
            replacing.Member(task.id, task.record.zone, self.state(task), self.leaving(task)) for task in self.active
        ]
        desired, surge = self.ledger.desired, len(members)
        keep = 0
        if self.rollout.next is not None:
            surge = keep = replacing.surge_of(self.settings.surge, desired)
            if self.rollout.pace.why:
                keep = len(members)  # no more of the fast tasks go
        return replacing.step(members, desired, self.forking, surge, keep)

    def _victims(self, among: Iterable[str], count: int) -> list[str]:
        tasks = [self.tasks[name] for name in among]
        seen = [choose.Candidate(task.id, task.record.zone, self.state(task)) for task in tasks]
        return choose.victims(seen, count, self.balancer.idlest)

    def _promote(self, count: int) -> int:
        """Let warm tasks serve, at once: how many, at most ``count``."""
        for done in range(count):
            zone = choose.zone_for(self.zones, [task.record.zone for task in self.staying])
            task = pool.choose([task for task in self.warm if not self.leaving(task)], zone)
            if task is None:
                return done
            task.record.warm, task.waking, task.promoted = False, task.record.ready is not None, mono_ms()
            pool.thaw(task)
            task.wanted.set()  # on record once it serves: a new plane would promote it again
            self.balancer.add(task.id, task.record.port, task.record.zone, task.record.revision)
            self._again(0)
        return count

    def _fill(self) -> None:
        """One more warm task, when no other task is starting: those that serve go first. Or fewer."""
        if self.rollout.next is None:  # until then they are what a rollback would need
            for task in self.warm:
                if why := self.leaving(task):
                    self._retire(task, why)
        for task in pool.surplus(self.warm, self.warm_target):
            self._retire(task, "warm pool")
        quiet = not self.deploying and not self._forking
        quiet = quiet and all(task.record.ready is not None and not task.waking for task in (*self.active, *self.warm))
        if quiet and len(self.warm) < self.warm_target:
            wait = self.ledger.brake.wait(mono_ms())
            if wait or not self._start(warm=True):
                self._again(wait or self.ledger.brake.wait(mono_ms()))

    # ending

    def _retire(self, task: Task, why: str) -> None:
        """Let a task go: drain, SIGTERM, SIGKILL at the stop timeout. At once no longer counted."""
        task.record.stopping, task.why = True, why
        self._save(task)
        self._job(self._stop(task))
        self._again(0)

    async def _stop(self, task: Task) -> None:
        if task.record.ready is not None and not self._closing:
            drained = asyncio.ensure_future(self.balancer.drain(task.id, self.settings.drain_ms))
            hurry = asyncio.ensure_future(self._hurry.wait())
            waits: list[asyncio.Future[Any]] = [drained, hurry, task.over]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            hurry.cancel()
            drained.cancel()
        await task.terminate(self.settings.stop_timeout_ms)
        self._forget(task)

    def _gone(self, task: Task, code: int) -> None:
        """The task's process has ended, for whatever reason."""
        was_ready = task.record.ready is not None
        name = exits.name(code, oom=self._exits.oom.rose(), ours=task.killed)
        self.ledger.exited(task.id, task.record.revision, code, name, was_ready=was_ready)
        del self.tasks[task.id]
        self.balancer.remove(task.id)
        if not task.stopping:
            task.signal(signal.SIGKILL)  # what its leader left behind
            self._died(task, name)
            self._forget(task)
        elif task.killed:
            log.warning("task %s did not stop in time: killed", task.id)
        task.over.set_result(code)
        self.reconcile()

    def _died(self, task: Task, name: str) -> None:
        now = mono_ms()
        if task.record.ready is not None:
            if now - task.record.ready < GOOD_LIFE_MS and name != exits.KILLED:  # from outside: no fault of its own
                self.ledger.brake.died(task.record.spawned, now)
            self._tell(task.id, name, task)
            self._fell(task, name)
        elif self._races < _PORT_RACES and lost_port(task):
            self._races += 1
            log.info("task %s found port %d taken: trying another", task.id, task.record.port)
        else:
            self._failed_start(task.id, task.record.revision, task.record.spawned, name, task)

    def _forget(self, task: Task) -> None:
        """End what left the task's group (the keeper is its parent by now) and take it off the record."""
        end_strays(self._env.get("FLEETFOOT_STATE", ""), task.id.__eq__)
        self._store.forget_task(task.id)

    def hold(self) -> None:
        """From now on no task is started; one that ends is not replaced."""
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()

    async def stop(self) -> None:
        """End all tasks at the same time; the balancer is closed already. Returns when none is left."""
        self.hold()
        self._hurry.set()
        for task in (*self.active, *self.warm):
            self._retire(task, "the fleet stops")
        while self._jobs:
            await asyncio.wait(list(self._jobs))
        if self._zygote is not None:
            await self._zygote.close()

    def _fell(self, task: Task, why: str) -> None:
        self.rollout.fell(task.record.revision, task.id, why, tail(task.log))
