"""The way of one task from its start, or its adoption, until it serves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from . import choose, pool, ports, proc, warmup, watch
from .balancers import AnyBalancer
from .clock import mono_ms
from .exits import Exits
from .health import Gate, probe
from .hung import served
from .ledger import Ledger
from .nursery import Failed, Fork, Zygote
from .rollout import Rollout
from .roster import Roster
from .settings import ServiceSettings
from .state import Store, TaskRecord
from .task import Task, environment, record, spawn

log = logging.getLogger("fleetfoot.fleet")
_LOGS_KEPT = 50  # of tasks that are gone


class Launcher(Roster):
    """Starts tasks, cold or from a zygote, checks them, warms them up and gives them to the balancer."""

    def __init__(
        self,
        balancer: AnyBalancer,
        store: Store,
        ledger: Ledger,
        rollout: Rollout,
        ended: Exits,
        env: Mapping[str, str],
    ) -> None:
        super().__init__(balancer, store, ledger, rollout)
        self._exits, self._env = ended, env
        self._zygote: Zygote | None = None
        self._forking: dict[str, Fork] = {}
        self._owed = 0  # replacements of hung tasks not yet started
        self._races = 0

    @property
    def forking(self) -> int:
        """Desired tasks the zygote has still to fork."""
        return sum(not one.warm for one in self._forking.values())

    def _gone(self, task: Task, code: int) -> None:
        raise NotImplementedError

    async def _stop(self, task: Task) -> None:
        raise NotImplementedError

    # starting

    def _start(self, *, warm: bool = False) -> bool:
        beside = self.warm if warm else []
        taken = [task.record.zone for task in (*self.staying, *beside)]
        zone = choose.zone_for(self.zones, [*taken, *(one.zone for one in self._forking.values())])
        name, spawned = self.ledger.next_task(), mono_ms()
        try:
            log_path = self._store.log_path(self.settings.name, name, self._logs_kept)
            used = {task.record.port for task in self.tasks.values()}
            port = ports.choose(used | {one.port for one in self._forking.values()})
            if self.settings.app is not None:
                self._forking[name] = Fork(zone, port, warm)
                self._job(self._fork(name, self._forking[name], log_path, spawned))
                return True
            made = spawn(self.settings, name, port, zone, self._env, log_path)
        except (OSError, ValueError) as error:
            self._failed_start(name, self.settings.revision, spawned, f"cannot be started: {error}")
            return False
        self._started(made, self.settings, log_path, warm=warm)
        return True

    @property
    def _logs_kept(self) -> int:
        return _LOGS_KEPT + self.settings.max + self.warm_target

    def _started(self, made: TaskRecord, settings: ServiceSettings, log_path: Path, *, warm: bool) -> None:
        task = Task(made, settings, log_path)
        made.warm = warm
        if self._owed and not warm:
            task.replaces, self._owed = True, self._owed - 1
        self._save(task)
        self._enter(task, self._become_ready(task))

    async def _fork(self, name: str, fork: Fork, log_path: Path, spawned: int) -> None:
        """A task from the zygote, which is started when there is none."""
        settings = self.settings
        try:
            if self._zygote is None or self._zygote.failed:
                path = self._store.log_path(settings.name, "zygote", self._logs_kept)
                self._zygote = Zygote(settings, self._env, path, self._exits)
            env = environment(settings, name, fork.port, fork.zone, self._env)
            pid, start = await self._zygote.fork(name, env, log_path)
        except (OSError, Failed) as error:
            del self._forking[name]
            if not self._closing:
                self._failed_start(name, settings.revision, spawned, f"cannot be started: {error}")
                self._again(0)
            return
        del self._forking[name]
        made = record(settings, name, pid, start, fork.port, fork.zone, spawned)
        self._started(made, settings, log_path, warm=fork.warm)
        if self._closing:
            self._retire(self.tasks[name], "the fleet stops")
        self._again(0)

    def _enter(self, task: Task, checks: Coroutine[None, None, None] | None) -> None:
        """Make a task known to the balancer; its checks and the wait for its end get under way."""
        self.tasks[task.id] = task
        if not task.record.warm:
            self.balancer.add(task.id, task.record.port, task.record.zone, task.record.revision)
        self._job(self._live(task, checks))

    async def _live(self, task: Task, checks: Coroutine[None, None, None] | None) -> None:
        checking = asyncio.create_task(checks) if checks is not None else None
        code = await self._exits.ended(task.record.pid, task.record.start)
        if checking is not None:
            checking.cancel()
            await asyncio.wait([checking])
            if not checking.cancelled() and (error := checking.exception()):
                log.error("the checks of task %s broke off: %r", task.id, error)
        self._gone(task, code)

    async def _become_ready(self, task: Task) -> None:
        why = await watch.until_ready(task, task.settings.health, forked=task.settings.app is not None)
        if task.stopping:
            return
        if why:
            self._failed_start(task.id, task.record.revision, task.record.spawned, why, task)
            self._retire(task, why)
            return
        if not await self._warm_up(task):
            return
        task.record.ready = mono_ms()
        if not task.record.warm:
            self.balancer.ready(task.id, self.settings.ramp_ms)  # before it is written down: a new plane asks it anew
            task.routed = task.record.ready
        self._races = 0
        self.ledger.started(task.record.revision, task.record.ready - task.record.spawned, ok=True)
        self.rollout.started(task.record.revision)
        self._save(task)
        self._again(0)
        if task.record.warm:
            await self._keep_warm(task)
        else:
            await self._check(task)

    async def _warm_up(self, task: Task) -> bool:
        """The warm-up of a task before its first request; one that cannot be warmed up is used cold.
        False when meanwhile it is to go."""
        if why := await warmup.run(task, task.settings, self._env, self._exits):
            log.warning("task %s is used cold: its warm-up %s", task.id, why)
        return not task.stopping

    async def _keep_warm(self, task: Task) -> None:
        """From ready to promoted, and on."""
        why = await pool.rest(task, task.settings)
        if task.stopping:
            return
        if why:
            log.warning("task %s went stale while it was stopped: readiness check %s", task.id, why)
            self._retire(task, f"stale: readiness check {why}")
            return
        task.waking, task.routed = False, mono_ms()
        self.balancer.ready(task.id, ramp_ms=0)
        self._save(task)
        self._again(0)  # to fill the pool
        await self._check(task)

    async def _wake(self, task: Task) -> None:
        """Adopt a warm task: whatever the plane before did with it, it runs, is asked, and stopped again."""
        pool.thaw(task)
        if task.record.ready is None:
            await self._become_ready(task)
        elif why := await pool.refresh(task, task.settings):
            self._retire(task, f"stale: readiness check {why}")
        else:
            await self._keep_warm(task)

    async def _check(self, task: Task) -> None:
        await watch.keep_checking(task, task.settings.health, self._routed, self._doubted)

    def _routed(self, task: Task) -> None:
        if task.stopping:
            return
        if task.readiness.up:
            self.balancer.ready(task.id, self.settings.ramp_ms)
        else:
            log.warning("task %s is not ready: readiness check %s", task.id, task.readiness.last)
            self.balancer.unready(task.id)
            self.rollout.fell(task.record.revision, task.id, f"readiness check {task.readiness.last}")

    def _doubted(self, task: Task) -> None:
        task.served_when_failing = served(self.balancer.snapshot(), task.id)

    # adopting

    async def adopt(self, records: Iterable[TaskRecord]) -> None:
        """Take over the tasks of a plane that died. Returns after one look at each that was ready."""
        async with asyncio.TaskGroup() as looks:
            for record in records:
                task = Task(
                    record, self.rollout.of(record.revision), self._store.logs / record.service / f"{record.id}.log"
                )
                living = proc.alive(record.pid, record.start)
                if living and record.warm and not record.stopping:
                    self._enter(task, self._wake(task))
                elif living and record.ready is not None and not record.stopping:
                    looks.create_task(self._resume(task))
                elif living and not record.stopping:
                    self._enter(task, self._become_ready(task))
                else:  # on its way out, or gone: the wait for its end tells how
                    self._enter(task, None)
                    if record.stopping:
                        self._job(self._stop(task))
        self.tasks = dict(sorted(self.tasks.items(), key=lambda pair: pair[1].record.spawned))

    async def _resume(self, task: Task) -> None:
        pool.thaw(task)  # it may have been promoted the moment before
        check = task.settings.health.readiness
        failure = await probe(task.record.port, replace(check, timeout_ms=min(check.timeout_ms, 1000)))
        self._enter(task, self._check(task))
        self.balancer.ready(task.id, ramp_ms=0)
        if failure:
            task.readiness = Gate(check)
            task.readiness.see(failure)
            self.balancer.unready(task.id)
