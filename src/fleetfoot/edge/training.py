"""Training in a process of its own: ``python -m fleetfoot.edge.training`` takes a job as JSON and gives an outlook.

Models take seconds of a core; the loop that decides has none to give. The process is as nice as can be, only one runs
at a time, and one that takes too long is ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fleetfoot.edge.journal.past import from_journal
from fleetfoot.predict.backtest import TooShort
from fleetfoot.predict.history import History, HistoryError, from_file, joined
from fleetfoot.predict.outlook import Forecaster
from fleetfoot.spec.zones import zone_named

LONGEST = 900.0  # s a training may take
NICE = 15


@dataclass(frozen=True, slots=True)
class Job:
    """What to forecast: see ``Forecaster``. ``until``: the wall clock's now, ms; ``choice``: of the job before."""

    service: str
    journal: str
    file: str
    until: int
    near: int
    horizon: int
    zone: str
    holidays: tuple[int, ...]
    choice: dict[str, Any] | None = None


class TrainingFailed(Exception):
    """No outlook came of it. The text is for a person; ``days``: of history there are, where that is why."""

    def __init__(self, text: str, days: float | None = None) -> None:
        super().__init__(text)
        self.days = days


class Trainer:
    """Runs jobs, one at a time for all services."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def run(self, job: Job) -> dict[str, Any]:
        """``outlook`` and ``choice`` as JSON values. Raises TrainingFailed."""
        async with self._turn:
            process = subprocess.Popen(  # noqa: ASYNC220 - a millisecond; asyncio's own hangs when cancelled meanwhile
                [sys.executable, "-P", "-m", "fleetfoot.edge.training"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            try:
                job_text = json.dumps(asdict(job)).encode()
                out, err = await asyncio.to_thread(process.communicate, job_text, LONGEST)
            except subprocess.TimeoutExpired:
                raise TrainingFailed(f"training took longer than {LONGEST:.0f} s and was ended") from None
            finally:
                process.kill()  # no more than a millisecond until it is gone; nothing happens to one that has ended
                process.wait()
        try:
            answer = json.loads(out)
        except ValueError:
            last = err.decode(errors="replace").strip().splitlines()[-1:] or [f"exit {process.returncode}"]
            raise TrainingFailed(f"training failed: {last[0]}") from None
        if "error" in answer:
            raise TrainingFailed(str(answer["error"]), answer.get("days"))
        found: dict[str, Any] = answer
        return found


def train(job: Job) -> dict[str, Any]:
    """Raises HistoryError, TooShort."""
    holidays = frozenset(date.fromordinal(day) for day in job.holidays)
    one = Forecaster(job.near, job.horizon, zone_named(job.zone), holidays)
    if job.choice is not None:
        one.resume(job.choice)
    outlook = one.look(past_of(job))
    return {"outlook": outlook.to_json(), "choice": one.choice()}


def past_of(job: Job) -> History:
    """The file's history, then the journal's; either may be lacking. Raises HistoryError."""
    file = from_file(job.file) if job.file else None
    try:
        journal = from_journal(Path(job.journal), job.service, job.until)
    except HistoryError:
        if file is None:
            raise
        journal = None
    return joined(file, journal)


def main() -> None:
    os.nice(NICE)
    job = Job(**json.load(sys.stdin))
    try:
        answer = train(job)
    except TooShort as short:
        answer = {"error": str(short), "days": short.days}
    except HistoryError as failure:
        answer = {"error": str(failure)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
