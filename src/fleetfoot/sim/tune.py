"""Tune: search a service's settings on its own traffic, and judge them on a part the search never saw.

The search is random at first and then local: every later trial moves some numbers of the best one by a step that
shrinks. Trials come in rounds of a fixed size, and a round depends only on the rounds before it, so that the same
call gives the same trials whatever the executor, and a search that was interrupted goes on as if it had not been.

The last part of the traffic is held out (in time: what comes after what was tuned on, as in life). A trial is the
whole of the rest: a policy that waits for the peak cannot be judged by a part without it, so no trial is cut short.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetfoot.sim.live import PLANE, Source, engine
from fleetfoot.sim.objective import DEFAULT, Objective
from fleetfoot.sim.runs import spread
from fleetfoot.sim.score import JUDGED_FROM, Score
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.tunable import Key, Settings, changed, keys_of
from fleetfoot.sim.world import run
from fleetfoot.spec import Service

ROUND = 8  # trials that are chosen together
RANDOM = 0.4  # share of the trials that are drawn at random
FIRST_STEP, LAST_STEP = 0.25, 0.03  # of a number's range: how far a local trial moves it
MATTERS = 0.01  # a gain under this share of the value is noise
VERSION = 1


class Trial(NamedTuple):
    """One way to set the service, and what came of it on the part that is searched."""

    number: int
    settings: Settings
    score: Score
    value: float


class Job(NamedTuple):
    """What one process needs for one run."""

    service: Service
    rates: NDArray[np.float64]
    setup: Setup
    source: Source
    seed: int
    judged_from: int


def judge(job: Job) -> Score:
    """Run one service through one piece of traffic."""
    return run(
        job.rates, job.setup, engine(job.service, job.source), job.seed, judged_from=job.judged_from,
    ).score  # fmt: skip


class Changed(ValueError):
    """The kept trials are of another search; the text says what differs."""


@dataclass(frozen=True)
class Search:
    """What is searched, and on what. ``hold_out``: the share of ``rates`` at their end that is kept from the search."""

    service: Service
    rates: NDArray[np.float64]
    setup: Setup
    objective: Objective = DEFAULT
    hold_out: float = 0.3
    source: Source = PLANE
    seed: int = 1
    keys: tuple[Key, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.hold_out < 0.9:
            raise ValueError(f"hold-out is 0 to 0.9 of the traffic, not {self.hold_out:g}")
        keys = keys_of(self.service)
        if not keys:
            raise ValueError(f"{self.service.name}: none of its policies has a number that may be tuned")
        object.__setattr__(self, "keys", keys)

    @property
    def cut(self) -> int:
        """The first second that is held out."""
        return len(self.rates) - int(self.hold_out * len(self.rates))

    def job(self, settings: Settings) -> Job:
        rates = self.rates[: self.cut]
        judged = min(JUDGED_FROM, len(rates) // 2)
        return Job(changed(self.service, settings), rates, self.setup, self.source, self.seed, judged)

    def held_out(self, settings: Settings) -> Job:
        """All of the traffic, other chance; only the part held out is judged, so that nothing begins cold."""
        service = changed(self.service, settings)
        return Job(service, self.rates, self.setup, self.source, self.seed + 1, self.cut)

    def identity(self) -> dict[str, str]:
        """What makes kept trials those of another search, by name."""
        service = self.service.model_dump_json()
        return {
            "version": str(VERSION),
            "traffic": hashlib.sha256(np.ascontiguousarray(self.rates).tobytes()).hexdigest()[:16],
            "file": hashlib.sha256(service.encode()).hexdigest()[:16],
            "plant": hashlib.sha256(repr((self.setup, self.source)).encode()).hexdigest()[:16],
            "objective": repr(tuple(self.objective)),
            "hold-out": f"{self.hold_out:g}",
            "seed": str(self.seed),
        }


@dataclass(frozen=True)
class Tuned:
    """What came of it. ``present`` and ``best`` on the part searched; the two scores on the part held out."""

    search: Search
    trials: tuple[Trial, ...]
    held_present: Score | None
    held_best: Score | None

    @property
    def present(self) -> Trial:
        return self.trials[0]

    @property
    def best(self) -> Trial:
        return best_of(self.trials)

    @property
    def helped(self) -> bool:
        """Whether the best is better on what it never saw, by more than noise."""
        if self.best.number == 0 or self.held_present is None or self.held_best is None:
            return False
        value = self.search.objective.value
        return value(self.held_best) < (1.0 - MATTERS) * value(self.held_present)

    def changes(self) -> list[tuple[Key, float]]:
        """What the best sets otherwise."""
        best = self.best.settings
        return [(key, best[key.path]) for key in self.search.keys if best.get(key.path, key.present) != key.present]

    def to_json(self) -> dict[str, Any]:
        def one(trial: Trial) -> dict[str, Any]:
            return {"number": trial.number, "value": trial.value, "settings": trial.settings} | {
                "score": trial.score.to_json()
            }

        held = [None if score is None else score.to_json() for score in (self.held_present, self.held_best)]
        return {
            "trials": len(self.trials),
            "present": one(self.present) | {"held_out": held[0]},
            "best": one(self.best) | {"held_out": held[1]},
            "changes": {key.path: key.show(value) for key, value in self.changes()},
            "helped": self.helped,
        }


def best_of(trials: tuple[Trial, ...] | list[Trial]) -> Trial:
    return min(trials, key=lambda trial: (trial.value, trial.number))


def tune(
    search: Search,
    trials: int = 40,
    *,
    executor: Executor | None = None,
    state: Path | None = None,
    told: Callable[[Trial, int], None] | None = None,
) -> Tuned:
    """Search with ``trials`` runs, the first of which is the service as it is.

    ``executor``: any of ``concurrent.futures``, also a cluster's. ``state``: a file trials are added to as they end;
    what is in it already is not run again. ``told`` hears after every trial which is the best so far, and how many
    there are. Raises Changed for the file of another search, ValueError, OSError.
    """
    kept = Kept(state, search)
    done = kept.read()
    made: list[Trial] = []
    for first in range(0, max(trials, 1), ROUND):
        numbers = range(first, min(first + ROUND, max(trials, 1)))
        wanted = {number: candidate(search, number, made, trials) for number in numbers}
        missing = [number for number in numbers if number not in done]

        def ended(index: int, score: Score, missing: list[int] = missing, wanted: Any = wanted) -> None:
            number = missing[index]
            trial = Trial(number, wanted[number], score, search.objective.value(score))
            done[number] = trial
            kept.add(trial)
            if told is not None:
                told(best_of(list(done.values())), len(done))

        spread(judge, [search.job(wanted[number]) for number in missing], executor, ended)
        made += [done[number] for number in numbers]
    found = tuple(made)
    if not search.hold_out:
        return Tuned(search, found, None, None)
    ends = spread(judge, [search.held_out(t.settings) for t in (found[0], best_of(found))], executor)
    return Tuned(search, found, ends[0], ends[1])


def candidate(search: Search, number: int, before: list[Trial], trials: int) -> Settings:
    """The settings of a trial: those of the file, random ones, then the best ones of earlier rounds moved a little."""
    if number == 0:
        return {}
    draw = Random(f"{search.seed}/{number}")
    if number < max(RANDOM * trials, 2) or not before:
        return {key.path: key.at(draw.random()) for key in search.keys}
    best = best_of(before).settings
    step = FIRST_STEP * (LAST_STEP / FIRST_STEP) ** (number / max(trials, 1))
    moved = [key.path for key in search.keys if draw.random() < 0.6] or [draw.choice(search.keys).path]
    found = {}
    for key in search.keys:
        value = best.get(key.path, key.present)
        share = key.share(value) + draw.gauss(0.0, step)
        found[key.path] = key.at(min(max(share, 0.0), 1.0)) if key.path in moved else value
    return found


class Kept:
    """The file of trials: a first line that says of which search, then one trial a line. None keeps nothing."""

    def __init__(self, path: Path | None, search: Search) -> None:
        self._path, self._search = path, search

    def read(self) -> dict[int, Trial]:
        """The trials there are. Raises Changed, OSError."""
        if self._path is None:
            return {}
        if not self._path.exists() or not self._path.read_text(encoding="utf-8").strip():
            self._write({"search": self._search.identity()})
            return {}
        first, *lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
        self._same(first)
        found = {}
        for line in lines:
            if not line.endswith("\n"):
                self._cut(len(line.encode()))
                break
            row = json.loads(line)
            score = Score(**row["score"])
            found[row["number"]] = Trial(row["number"], row["settings"], score, self._search.objective.value(score))
        return found

    def add(self, trial: Trial) -> None:
        from dataclasses import asdict

        self._write({"number": trial.number, "settings": trial.settings, "score": asdict(trial.score)})

    def _write(self, row: dict[str, Any]) -> None:
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

    def _cut(self, count: int) -> None:
        """Take the half of a line away that an interruption left."""
        assert self._path is not None
        data = self._path.read_bytes()
        self._path.write_bytes(data[: len(data) - count])

    def _same(self, line: str) -> None:
        try:
            kept = json.loads(line)["search"]
        except (ValueError, KeyError, TypeError):
            raise Changed(f"{self._path} holds no trials of fleetfoot tune") from None
        now = self._search.identity()
        other = [name for name, value in now.items() if kept.get(name) != value]
        if other:
            what = ", ".join(other)
            raise Changed(f"{self._path} holds trials of another search: the {what} changed; name a new file")
