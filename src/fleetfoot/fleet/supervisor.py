"""The supervisor of one service: as many tasks as desired, each watched from its start to its end.

    starting --ready--> warming --ramp over--> serving <--readiness--> failed
        |                   |                     |                      |
        +---- victim of a scale-in, hung, or the plane stops ------------+--> draining --> gone
        any of them --process ends--> gone, and replaced when still desired

Rules: the desired count is remembered before it is acted on. Every task on record either lives or has
an end that was told once. A task is forgotten only when its whole process group is gone.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import choose, exits, pool, ports, proc, warmup, watch
from .balancers import AnyBalancer
from .brake import GOOD_LIFE_MS
from .exits import Exits, OomWatch
from .health import Gate, probe
from .hung import HungTasks, served
from .ledger import Ledger
from .nursery import Failed, Fork, Zygote
from .roster import Roster
from .settings import ServiceSettings
from .state import Store, TaskRecord
from .strays import end_strays, lost_port
from .task import Task, environment, mono_ms, record, spawn

log = logging.getLogger("fleetfoot.fleet")
_PORT_RACES = 5  # starts lost to a taken port in a row before one counts as failed
_LOGS_KEPT = 50  # of tasks that are gone


class Refused(Exception):
    """An order that cannot be followed; the text says why."""


class Supervisor(Roster):
    """Keeps ``desired`` tasks of one service. Lives in the plane's loop; ``tick`` once a second."""

    def __init__(
        self,
        settings: ServiceSettings,
        balancer: AnyBalancer,
        store: Store,
        ended: Exits,
        env: Mapping[str, str],
        run: str = "",
        oom: OomWatch | None = None,
    ) -> None:
        """``env`` goes to every task; ``run`` names the keeper's life the desired count belongs to."""
        super().__init__(settings, balancer, store, Ledger(store, settings.name, run, settings.initial))
        self.hung = HungTasks(settings.name)
        self._exits, self._env = ended, env
        self._zygote: Zygote | None = None
        self._forking: dict[str, Fork] = {}
        self._oom = oom or OomWatch()
        self._owed = 0  # replacements of hung tasks not yet started
        self._races = 0
        self._closing = False
        self._timer: asyncio.TimerHandle | None = None
        self._hurry = asyncio.Event()

    @property
    def forking(self) -> int:
        """Desired tasks the zygote has still to fork."""
        return sum(not one.warm for one in self._forking.values())

    # orders

    def scale(self, desired: int, order: str = "") -> None:
        """Set the desired count; the same again changes nothing. Raises Refused."""
        if not 0 <= desired <= self.settings.max:
            raise Refused(f"{self.settings.name}: {desired} tasks is not within 0 and the maximum {self.settings.max}")
        if desired != self.ledger.desired or order != self.ledger.order:
            self.ledger.want(desired, order)
        self.reconcile()

    @property
    def warm_target(self) -> int:
        """Tasks to keep warm: as ordered last, else as the settings say."""
        return self.settings.warm if self.ledger.warm is None else self.ledger.warm

    def keep_warm(self, count: int) -> None:
        """Set the size of the warm pool; the same again changes nothing. Raises Refused."""
        if not 0 <= count <= self.settings.max:
            raise Refused(f"{self.settings.name}: {count} warm tasks are not within 0 and {self.settings.max}")
        if count != self.ledger.warm:
            self.ledger.keep_warm(count)
        self.reconcile()

    def reconcile(self) -> None:
        """Start or stop tasks until the count is the desired one. One start per call; the loop runs on between."""
        if self._closing:
            return
        extra = len(self.active) - self.ledger.desired
        missing = -extra - self.forking
        self._owed = min(self._owed, max(0, missing))
        if extra > 0:
            self._let_go(extra)
        elif missing > 0 and (missing := missing - self._promote(missing)):
            wait = self.ledger.brake.wait(mono_ms())
            if wait or not self._start() or missing > 1:
                self._again(wait)
        else:
            self._fill()

    def _promote(self, count: int) -> int:
        """Let warm tasks serve, at once: how many, at most ``count``."""
        for done in range(count):
            zone = choose.zone_for(self.settings.zones, [task.record.zone for task in self.active])
            task = pool.choose(self.warm, zone)
            if task is None:
                return done
            task.record.warm, task.waking = False, task.record.ready is not None
            pool.thaw(task)
            task.wanted.set()  # on record once it serves: a new plane would promote it again
            self.balancer.add(task.id, task.record.port, task.record.zone, task.record.revision)
            self._again(0)
        return count

    def _fill(self) -> None:
        """One more warm task, when no other task is starting: those that serve go first. Or fewer."""
        for task in pool.surplus(self.warm, self.warm_target):
            self._retire(task, "warm pool")
        quiet = not self._forking and all(
            task.record.ready is not None and not task.waking for task in (*self.active, *self.warm)
        )
        if quiet and len(self.warm) < self.warm_target:
            wait = self.ledger.brake.wait(mono_ms())
            if wait or not self._start(warm=True):
                self._again(wait or self.ledger.brake.wait(mono_ms()))

    def _again(self, wait_ms: int) -> None:
        if self._closing:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(wait_ms / 1000, self.reconcile)

    def _let_go(self, count: int) -> None:
        among = [choose.Candidate(task.id, task.record.zone, self.state(task)) for task in self.active]
        for one in choose.victims(among, count, self.balancer.idlest):
            self._retire(self.tasks[one], "scale-in")

    # starting

    def _start(self, *, warm: bool = False) -> bool:
        beside = self.warm if warm else []
        taken = [task.record.zone for task in (*self.active, *beside)]
        zone = choose.zone_for(self.settings.zones, [*taken, *(one.zone for one in self._forking.values())])
        name, spawned = self.ledger.next_task(), mono_ms()
        try:
            keep = _LOGS_KEPT + self.settings.max + self.settings.warm
            log_path = self._store.log_path(self.settings.name, name, keep)
            used = {task.record.port for task in self.tasks.values()}
            port = ports.choose(used | {one.port for one in self._forking.values()})
            if self.settings.app is not None:
                self._forking[name] = Fork(zone, port, warm)
                self._job(self._fork(name, self._forking[name], log_path, spawned))
                return True
            made = spawn(self.settings, name, port, zone, self._env, log_path)
        except (OSError, ValueError) as error:
            self._failed_start(name, spawned, f"cannot be started: {error}")
            return False
        self._started(made, log_path, warm=warm)
        return True

    def _started(self, made: TaskRecord, log_path: Path, *, warm: bool) -> None:
        task = Task(made, self.settings, log_path)
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
                path = self._store.log_path(settings.name, "zygote", _LOGS_KEPT + settings.max + settings.warm)
                self._zygote = Zygote(settings, self._env, path, self._exits)
            env = environment(settings, name, fork.port, fork.zone, self._env)
            pid, start = await self._zygote.fork(name, env, log_path)
        except (OSError, Failed) as error:
            del self._forking[name]
            if not self._closing:
                self._failed_start(name, spawned, f"cannot be started: {error}")
                self._again(0)
            return
        del self._forking[name]
        made = record(settings, name, pid, start, fork.port, fork.zone, spawned)
        self._started(made, log_path, warm=fork.warm)
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
        why = await watch.until_ready(task, self.settings.health, forked=self.settings.app is not None)
        if task.stopping:
            return
        if why:
            self._failed_start(task.id, task.record.spawned, why, task)
            self._retire(task, why)
            return
        if not await self._warm_up(task):
            return
        task.record.ready = mono_ms()
        self._races = 0
        self.ledger.started(task.record.revision, task.record.ready - task.record.spawned, ok=True)
        self._save(task)
        self._again(0)
        if task.record.warm:
            await self._keep_warm(task)
        else:
            self.balancer.ready(task.id)
            await self._check(task)

    async def _warm_up(self, task: Task) -> bool:
        """The warm-up of a task before its first request; one that cannot be warmed up is used cold.
        False when meanwhile it is to go."""
        if why := await warmup.run(task, self.settings, self._env, self._exits):
            log.warning("task %s is used cold: its warm-up %s", task.id, why)
        return not task.stopping

    async def _keep_warm(self, task: Task) -> None:
        """From ready to promoted, and on."""
        why = await pool.rest(task, self.settings)
        if task.stopping:
            return
        if why:
            log.warning("task %s went stale while it was stopped: readiness check %s", task.id, why)
            self._retire(task, f"stale: readiness check {why}")
            return
        task.waking = False
        self.balancer.ready(task.id, ramp_ms=0)
        self._save(task)
        self._again(0)  # to fill the pool
        await self._check(task)

    async def _wake(self, task: Task) -> None:
        """Adopt a warm task: whatever the plane before did with it, it runs, is asked, and stopped again."""
        pool.thaw(task)
        if task.record.ready is None:
            await self._become_ready(task)
        elif why := await pool.refresh(task, self.settings):
            self._retire(task, f"stale: readiness check {why}")
        else:
            await self._keep_warm(task)

    async def _check(self, task: Task) -> None:
        await watch.keep_checking(task, self.settings.health, self._routed, self._doubted)

    def _routed(self, task: Task) -> None:
        if task.stopping:
            return
        if task.readiness.up:
            self.balancer.ready(task.id)
        else:
            log.warning("task %s is not ready: readiness check %s", task.id, task.readiness.last)
            self.balancer.unready(task.id)

    def _doubted(self, task: Task) -> None:
        task.served_when_failing = served(self.balancer.snapshot(), task.id)

    # adopting

    async def adopt(self, records: Iterable[TaskRecord]) -> None:
        """Take over the tasks of a plane that died. Returns after one look at each that was ready."""
        async with asyncio.TaskGroup() as looks:
            for record in records:
                task = Task(record, self.settings, self._store.logs / record.service / f"{record.id}.log")
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
        check = self.settings.health.readiness
        failure = await probe(task.record.port, replace(check, timeout_ms=min(check.timeout_ms, 1000)))
        self._enter(task, self._check(task))
        self.balancer.ready(task.id, ramp_ms=0)
        if failure:
            task.readiness = Gate(check)
            task.readiness.see(failure)
            self.balancer.unready(task.id)

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
        name = exits.name(code, oom=self._oom.rose(), ours=task.killed)
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
            if now - task.record.ready < GOOD_LIFE_MS:
                self.ledger.brake.died(task.record.spawned, now)
            self._tell(task.id, name, task)
        elif self._races < _PORT_RACES and lost_port(task):
            self._races += 1
            log.info("task %s found port %d taken: trying another", task.id, task.record.port)
        else:
            self._failed_start(task.id, task.record.spawned, name, task)

    def _forget(self, task: Task) -> None:
        """End what left the task's group (the keeper is its parent by now) and take it off the record."""
        end_strays(self._env.get("FLEETFOOT_STATE", ""), {task.id})
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

    # once a second

    def tick(self) -> None:
        """What depends on time: hung tasks, the brake, whether the fleet is over its objective."""
        now = mono_ms()
        snapshot = self.balancer.snapshot()
        self.hung.see_load(snapshot)
        for task in self.active:
            if not task.good and task.record.ready is not None and now - task.record.ready > GOOD_LIFE_MS:
                task.good = True
                self.ledger.brake.good(task.record.spawned)
        if self.settings.health.liveness is not None:
            self._replace_hung(snapshot)

    def _replace_hung(self, snapshot: Mapping[str, Any]) -> None:
        under_way = self._owed + sum(task.replaces and task.record.ready is None for task in self.active)
        for task in self.hung.replace(self.active, snapshot, under_way):
            gate = task.liveness
            self._owed += 1
            self._tell(task.id, f"liveness check {gate.last if gate else ''}", task)
            self._retire(task, "liveness")
