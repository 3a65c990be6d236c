"""The tasks of one service as they are known: who counts, what is on record, what is told of a failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine

from . import replace
from .balancers import AnyBalancer
from .clock import mono_ms
from .ledger import Ledger
from .rollout import Rollout
from .settings import ServiceSettings
from .state import Store, tail
from .task import Task

log = logging.getLogger("fleetfoot.fleet")


class Roster:
    """What the supervisor keeps its books in."""

    def __init__(self, balancer: AnyBalancer, store: Store, ledger: Ledger, rollout: Rollout) -> None:
        self.balancer = balancer
        self.ledger = ledger
        self.rollout = rollout
        self.tasks: dict[str, Task] = {}  # oldest first
        self.last_failure: dict[str, str] | None = None
        self._store = store
        self._jobs: set[asyncio.Task[None]] = set()
        self._closing = False
        self._hurry = asyncio.Event()  # the fleet stops: nobody waits for a drain any more
        self._timer: asyncio.TimerHandle | None = None

    @property
    def settings(self) -> ServiceSettings:
        """Of the tasks that are started now."""
        return self.rollout.target

    @property
    def zones(self) -> list[str]:
        """Those new tasks go to: all that are not lost."""
        return [zone for zone in self.settings.zones if zone not in self.ledger.lost]

    @property
    def deploying(self) -> bool:
        """Two versions are there, or a new one has not proved itself yet."""
        other = any(task.record.revision != self.settings.revision for task in self.active)
        return other or self.rollout.next is not None

    @property
    def active(self) -> list[Task]:
        """Tasks that count towards the desired number."""
        return [task for task in self.tasks.values() if not task.stopping and not task.record.warm]

    @property
    def staying(self) -> list[Task]:
        """Those of them that nobody is to take the place of."""
        return [task for task in self.active if not self.leaving(task)]

    @property
    def warm_target(self) -> int:
        """Tasks to keep warm: as ordered last, else as the settings say."""
        return self.settings.warm if self.ledger.warm is None else self.ledger.warm

    @property
    def warm(self) -> list[Task]:
        """Tasks beside those, stopped or on their way to it."""
        return [task for task in self.tasks.values() if not task.stopping and task.record.warm]

    def leaving(self, task: Task) -> str:
        """Why a task that counts is to be replaced; empty when it stays."""
        if task.record.zone in self.ledger.lost:
            return replace.ZONE
        if task.record.revision != self.settings.revision:
            return replace.UPDATE
        return task.marked

    def state(self, task: Task) -> str:
        return task.state(task.record.ready is not None and self.balancer.warming(task.id))

    def reconcile(self) -> None:
        raise NotImplementedError

    def _retire(self, task: Task, why: str) -> None:
        raise NotImplementedError

    def _again(self, wait_ms: int) -> None:
        """Reconcile once more, ``wait_ms`` from now."""
        if self._closing:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(wait_ms / 1000, self.reconcile)

    def _failed_start(self, name: str, revision: str, spawned: int, why: str, task: Task | None = None) -> None:
        self.ledger.started(revision, 0, ok=False, why=why)
        self._tell(name, why, task)
        if revision == self.settings.revision:  # what is taken back anyhow holds up nobody
            self.ledger.brake.failed(spawned, mono_ms())
            self.rollout.failed(revision, why, tail(task.log) if task is not None else "")

    def _tell(self, name: str, why: str, task: Task | None) -> None:
        line = tail(task.log) if task is not None else ""
        self.last_failure = {"task": name, "why": why, "log": line}
        log.warning("task %s failed: %s%s", name, why, f" ({line})" if line else "")

    def _save(self, task: Task) -> None:
        try:
            self._store.save_task(task.record)
        except OSError as error:  # it runs all the same; only a new plane would not know it
            log.warning("task %s cannot be put on record: %s", task.id, error)

    def _job(self, work: Coroutine[None, None, None]) -> None:
        job = asyncio.get_running_loop().create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._done)

    def _done(self, job: asyncio.Task[None]) -> None:
        self._jobs.discard(job)
        if not job.cancelled() and (error := job.exception()):
            log.error("%s: %r", self.settings.name, error, exc_info=error)
