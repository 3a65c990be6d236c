"""The tasks of one service as they are known: who counts, what is on record, what is told of a failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine

from .balancers import AnyBalancer
from .ledger import Ledger
from .settings import ServiceSettings
from .state import Store, tail
from .task import Task, mono_ms

log = logging.getLogger("fleetfoot.fleet")


class Roster:
    """What the supervisor keeps its books in."""

    def __init__(self, settings: ServiceSettings, balancer: AnyBalancer, store: Store, ledger: Ledger) -> None:
        self.settings = settings
        self.balancer = balancer
        self.ledger = ledger
        self.tasks: dict[str, Task] = {}  # oldest first
        self.last_failure: dict[str, str] | None = None
        self._store = store
        self._jobs: set[asyncio.Task[None]] = set()

    @property
    def active(self) -> list[Task]:
        """Tasks that count towards the desired number."""
        return [task for task in self.tasks.values() if not task.stopping and not task.record.warm]

    @property
    def warm(self) -> list[Task]:
        """Tasks beside those, stopped or on their way to it."""
        return [task for task in self.tasks.values() if not task.stopping and task.record.warm]

    def state(self, task: Task) -> str:
        return task.state(task.record.ready is not None and self.balancer.warming(task.id))

    def _failed_start(self, name: str, spawned: int, why: str, task: Task | None = None) -> None:
        self.ledger.brake.failed(spawned, mono_ms())
        self.ledger.started(self.settings.revision, 0, ok=False, why=why)
        self._tell(name, why, task)

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
