"""The forecast as a source: it looks up numbers, and has them made by a process of its own (``edge/training.py``)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fleetfoot.edge.base import Reading
from fleetfoot.edge.training import Job, Trainer, TrainingFailed
from fleetfoot.predict.outlook import Outlook
from fleetfoot.predict.setup import REFRESH, horizon_of, speaker_of
from fleetfoot.spec.policies import ForecastPolicy
from fleetfoot.spec.policies.forecast import JOURNAL

PERIOD_MS = 10_000


class ForecastSource:
    """The signals of ``predict/speaker.py``. ``lead``: s from an order until its task serves, with the buffer."""

    name = "forecast"
    period = PERIOD_MS

    def __init__(
        self, service: str, policy: ForecastPolicy, lead: int, journal: Path, wall: Callable[[], int], trainer: Trainer
    ) -> None:
        """``wall``: the wall clock, ms."""
        self.service = service
        self._policy, self._journal, self._wall, self._trainer = policy, journal, wall, trainer
        self._lead = lead
        self._speaker = speaker_of(policy, lead)
        self._choice: dict[str, Any] | None = None
        self._due = 0  # ms of the controller's time
        self._task: asyncio.Task[None] | None = None

    async def read(self, now: int) -> Reading:
        """At once, whatever a training takes."""
        wall = self._wall()
        if now >= self._due and (self._task is None or self._task.done()):
            self._due = now + REFRESH * 1000
            self._task = asyncio.create_task(self._renew(wall), name=f"forecast of {self.service}")
        return Reading(self._speaker.signals(now, wall, PERIOD_MS), notes={"forecast": self._speaker.notes()})

    async def _renew(self, wall: int) -> None:
        policy = self._policy
        job = Job(
            self.service, str(self._journal), "" if policy.history == JOURNAL else policy.history, wall, self._lead,
            horizon_of(policy, self._lead), policy.zone, policy.holidays, self._choice,
        )  # fmt: skip
        try:
            answer = await self._trainer.run(job)
        except TrainingFailed as failure:
            self._speaker.fail(str(failure), failure.days)
            return
        except OSError as failure:
            self._speaker.fail(f"no process for the training: {failure}")
            return
        self._choice = answer["choice"]
        self._speaker.take(Outlook.from_json(answer["outlook"]))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
