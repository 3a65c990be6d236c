"""The supervisor of one service: as many tasks as desired, each watched from its start to its end.

    starting --ready--> warming --ramp over--> serving <--readiness--> failed
        |                   |                     |                      |
        +---- victim of a scale-in, hung, or the plane stops ------------+--> draining --> gone
        any of them --process ends--> gone, and replaced when still desired

Rules: the desired count is remembered before it is acted on. Every task on record either lives or has
an end that was told once. A task is forgotten only when its whole process group is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from . import replace as replacing
from .balancers import AnyBalancer
from .brake import GOOD_LIFE_MS, Brake
from .clock import mono_ms
from .exits import Exits
from .hung import HungTasks
from .ledger import Ledger
from .reconcile import Reconciler
from .rollout import Rollout
from .settings import BadSettings, ServiceSettings
from .state import Store

log = logging.getLogger("fleetfoot.fleet")
_LONGEST_TICK_MS = 2000


class Refused(Exception):
    """An order that cannot be followed; the text says why."""


class Supervisor(Reconciler):
    """Keeps ``desired`` tasks of one service. Lives in the plane's loop; ``tick`` once a second."""

    def __init__(
        self,
        settings: ServiceSettings,
        balancer: AnyBalancer,
        store: Store,
        ended: Exits,
        env: Mapping[str, str],
        run: str = "",
    ) -> None:
        """``env`` goes to every task; ``run`` names the keeper's life the desired count belongs to."""
        ledger, rollout = Ledger(store, settings.name, run, settings.initial), Rollout(store, settings, run)
        super().__init__(balancer, store, ledger, rollout, ended, env)
        self.hung = HungTasks(settings.name)
        rollout.turned = self._turn
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
