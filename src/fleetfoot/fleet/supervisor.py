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
from collections.abc import Iterable, Mapping
from typing import Any

from . import choose, exits, pool
from . import replace as replacing
from .balancers import AnyBalancer
from .brake import GOOD_LIFE_MS, Brake
from .exits import Exits, OomWatch
from .hung import HungTasks
from .launch import Launcher
from .ledger import Ledger
from .rollout import Rollout
from .settings import BadSettings, ServiceSettings
from .state import Store, tail
from .strays import end_strays, lost_port
from .task import Task, mono_ms

log = logging.getLogger("fleetfoot.fleet")
_PORT_RACES = 5  # starts lost to a taken port in a row before one counts as failed
_LONGEST_TICK_MS = 2000


class Refused(Exception):
    """An order that cannot be followed; the text says why."""


class Supervisor(Launcher):
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
        ledger, rollout = Ledger(store, settings.name, run, settings.initial), Rollout(store, settings, run)
        super().__init__(balancer, store, ledger, rollout, ended, env)
        self.hung = HungTasks(settings.name)
        rollout.turned = self._turn
        self._oom = oom or OomWatch()
        self._hurry = asyncio.Event()
        self._ticked = mono_ms()

    # orders

    def scale(self, desired: int, order: str = "") -> None:
        """Set the desired count; the same again changes nothing. Raises Refused."""
        if not 0 <= desired <= self.settings.max:
            raise Refused(f"{self.settings.name}: {desired} tasks is not within 0 and the maximum {self.settings.max}")
        if desired != self.ledger.desired or order != self.ledger.order:
            self.ledger.want(desired, order)
        self.reconcile()

    def keep_warm(self, count: int) -> None:
        """Set the size of the warm pool; the same again changes nothing. Raises Refused."""
        if not 0 <= count <= self.settings.max:
            raise Refused(f"{self.settings.name}: {count} warm tasks are not within 0 and {self.settings.max}")
        if count != self.ledger.warm:
            self.ledger.keep_warm(count)
        self.reconcile()

    def lose(self, zone: str, *, lost: bool, dry: bool = False) -> None:
        """Mark a zone as lost, or as there again; ``dry``: only ask whether that can be. Raises Refused."""
        name, zones = self.settings.name, self.settings.zones
        if zone not in zones:
            raise Refused(f"{name}: there is no zone {zone!r}: there are {', '.join(zones)}")
        marks = self.ledger.lost | {zone} if lost else self.ledger.lost - {zone}
        if marks.issuperset(zones):
            raise Refused(f"{name}: {zone} is its last zone: with all lost there would be nowhere to serve")
        if dry or marks == self.ledger.lost:
            return
        log.warning("%s: zone %s is %s", name, zone, "lost: its tasks are replaced" if lost else "there again")
        self.ledger.lose(marks)
        self.reconcile()

    def update(self, raw: Mapping[str, Any], *, force: bool = False, dry: bool = False) -> bool:
        """Bring in what changes as a new version; ``dry``: only ask whether that can be. Raises Refused.

        False when no task needs to be another: nothing changes, or only what running tasks take over too.
        """
        try:
            return self.rollout.begin(raw, force=force, dry=dry)
        except (BadSettings, TypeError) as error:
            raise Refused(str(error)) from error

    def pause(self, paused: bool) -> None:
        """Whether replacements that can wait, for age or evenness, have to."""
        if paused != self.ledger.paused:
            self.ledger.pause(paused)

    def _turn(self) -> None:
        """New tasks are of another version from now on: what was learnt of the last one's starts is void."""
        self.ledger.brake = Brake()
        self.ledger.save()
        if self._zygote is not None:
            self._job(self._zygote.close())
            self._zygote = None
        self._again(0)

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
        """What depends on time: hung tasks, the brake, the version that proves itself, who is to be replaced."""
        now = mono_ms()
        snapshot = self.balancer.snapshot()
        self.hung.see_load(snapshot, now)
        for task in self.active:
            if not task.good and task.record.ready is not None and now - task.record.ready > GOOD_LIFE_MS:
                task.good = True
                self.ledger.brake.good(task.record.spawned)
        if any(task.liveness is not None for task in self.active):
            self._replace_hung(snapshot, now)
        self._prove(snapshot, min(now - self._ticked, _LONGEST_TICK_MS))
        self._ticked = now
        if self._unhurried(now):
            self._mark(now)
        self.reconcile()

    def _replace_hung(self, snapshot: Mapping[str, Any], now: int) -> None:
        under_way = self._owed + sum(task.replaces and task.record.ready is None for task in self.active)
        for task in self.hung.replace(self.active, snapshot, under_way, now):
            gate = task.liveness
            why = f"liveness check {gate.last if gate else ''}"
            self._owed += 1
            self._tell(task.id, why, task)
            self._fell(task, why)
            self._retire(task, "liveness")

    def _fell(self, task: Task, why: str) -> None:
        self.rollout.fell(task.record.revision, task.id, why, tail(task.log))

    def _prove(self, snapshot: Mapping[str, Any], span_ms: int) -> None:
        """Show the version that is being deployed what its tasks did in the last ``span_ms``."""
        revisions = {task.id: task.record.revision for task in self.tasks.values()}
        self.rollout.see(snapshot["tasks"], revisions)
        self.rollout.time(snapshot["tasks"], revisions, self.settings.objective_ms, span_ms)
        serving = sum(self.state(task) == "serving" for task in self.staying)
        self.rollout.serves(serving >= self.ledger.desired, span_ms)

    def _unhurried(self, now: int) -> bool:
        """Whether tasks that do well may be replaced: nothing else is, starts succeed, the objective is kept."""
        held = self._closing or self.ledger.paused or self.deploying or self.ledger.brake.failures
        forced = any(self.leaving(task) not in ("", task.marked) for task in self.active)
        return not held and not forced and self.hung.calm(now)

    def _mark(self, now: int) -> None:
        """Who is to be replaced next for its age, or because its zone is fuller than another."""
        active, lifetime = self.active, self.settings.lifetime_ms
        marked = sum(bool(task.marked) for task in active)
        if lifetime is not None:
            ages = [(task.id, now - task.record.spawned) for task in active if not task.marked]
            for name in replacing.overdue(ages, lifetime, max(1, len(active) // 10) - marked):
                self.tasks[name].marked = replacing.LIFETIME
            for name in replacing.overdue([(one.id, now - one.record.spawned) for one in self.warm], lifetime, 1):
                self._retire(self.tasks[name], replacing.LIFETIME)
        starting = self.forking or any(self.state(task) == "starting" for task in active)
        if any(task.marked for task in active) or starting:
            return
        if fullest := replacing.uneven(self.zones, [task.record.zone for task in active]):
            idlest = self.balancer.idlest([task.id for task in active if task.record.zone == fullest])
            self.tasks[idlest].marked = replacing.REBALANCE
