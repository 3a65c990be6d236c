"""A comparison: every contender on every scene with the same requests, as one table with its Pareto front."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetfoot.sim import runs
from fleetfoot.sim.bounds import Scheduled
from fleetfoot.sim.contenders import BOUNDS, scaler
from fleetfoot.sim.limits import Limits, limits, plan
from fleetfoot.sim.live import PLANE, Source
from fleetfoot.sim.scenes import Scene
from fleetfoot.sim.score import JUDGED_FROM, Score
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.world import Run, run
from fleetfoot.spec import Service

COLUMNS = 240  # points of a sketch


@dataclass(frozen=True)
class Sketch:
    """A run in few points: means of the traffic (requests/s), most tasks, longest p95 (ms), share of seconds bad."""

    traffic: list[float]
    serving: list[float]
    latency: list[float]


@dataclass(frozen=True)
class Job:
    """One run: ``name`` is a contender, or a bound."""

    name: str
    scene: Scene
    setup: Setup
    service: Service
    source: Source = PLANE
    seed: int = 1
    judged_from: int = JUDGED_FROM
    task_hour: float = 0.0


@dataclass(frozen=True)
class Line:
    """How one contender did on one scene. ``limits`` come with the clairvoyant only."""

    name: str
    scene: str
    score: Score
    sketch: Sketch
    limits: Limits | None = None


@dataclass(frozen=True)
class Row:
    """A contender over all scenes: means, and the worst scene by share of seconds over."""

    name: str
    over: float  # share of seconds
    bad: float  # share of requests
    cost: float  # times the clairvoyant's
    hours: float  # task-hours, summed
    money: float  # summed
    actions: float  # an hour
    worst_over: float
    worst_bad: float
    worst_cost: float
    worst_scene: str
    bound: bool
    pareto: bool = False


@dataclass(frozen=True)
class Comparison:
    """``lines``: every run; ``gaps``: of the clairvoyant, by scene; ``rows``: one for each contender."""

    lines: list[Line]
    gaps: dict[str, float | None]
    rows: list[Row]
    scenes: list[str]

    @property
    def widest(self) -> float:
        """The largest gap of the clairvoyant that is known."""
        return max((gap for gap in self.gaps.values() if gap is not None), default=0.0)

    def on(self, scene: str) -> list[Line]:
        return [line for line in self.lines if line.scene == scene]

    def to_json(self) -> dict[str, Any]:
        """Without the sketches."""
        return {
            "rows": [{field: getattr(row, field) for field in Row.__dataclass_fields__} for row in self.rows],
            "runs": [{"policy": o.name, "traffic": o.scene} | o.score.to_json() for o in self.lines],
            "clairvoyant_gap": self.gaps,
        }


def play(job: Job) -> Line:
    """One job, in whatever process."""
    rates, initial = job.scene.rates, None
    found = None
    if job.name in BOUNDS:
        planned = plan(job.name, rates, job.setup)
        initial = int(planned.serving[0])
        who: Any = Scheduled(job.name, planned)
        found = limits(rates, job.setup, job.judged_from) if job.name == BOUNDS[0] else None
    else:
        who = scaler(job.name, job.setup, job.service, float(rates.max()), job.source)
    done = run(
        rates, job.setup, who, job.seed, initial=initial, judged_from=job.judged_from, task_hour=job.task_hour
    )  # fmt: skip
    return Line(job.name, job.scene.name, done.score, sketch(done), found)


def sketch(done: Run) -> Sketch:
    """``done`` in at most ``COLUMNS`` points."""
    serving = done.tasks(lambda change: change.serving)
    at = np.linspace(0, len(done.rows), min(COLUMNS, len(done.rows)), endpoint=False).astype(int)
    sizes = np.diff(np.append(at, len(done.rows)))
    return Sketch(
        _short(np.add.reduceat(done.arrivals, at) / sizes),
        _short(np.maximum.reduceat(serving, at)),
        _short(np.maximum.reduceat(done.latency, at)),
    )


def _short(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), 1) for value in values]


def compare(
    jobs: Sequence[Job], executor: Executor | None = None, told: Callable[[Job], None] | None = None
) -> Comparison:
    """All ``jobs``; every scene needs the clairvoyant among its own, for the cost. ``told`` hears of each one done."""
    lines = runs.spread(
        play, jobs, executor, None if told is None else lambda i, _: told(jobs[i])
    )  # fmt: skip
    best = {line.scene: line.limits for line in lines if line.limits is not None}
    lines = [replace(line, score=line.score.against(best[line.scene].hours)) for line in lines]
    names = dict.fromkeys(line.name for line in lines)
    rows = [summary(name, [line for line in lines if line.name == name]) for name in names]
    scenes = list(dict.fromkeys(line.scene for line in lines))
    return Comparison(lines, {scene: best[scene].gap for scene in scenes}, front(rows), scenes)


def jobs_of(
    names: Iterable[str], scenes: Iterable[Scene], setup_of: Callable[[Scene], Setup], service: Service, **more: Any
) -> list[Job]:
    """Every contender and every bound on every scene, the longest first so that no core waits at the end."""
    jobs = [Job(name, one, setup_of(one), service, **more) for one in scenes for name in (*names, *BOUNDS)]
    return sorted(jobs, key=lambda job: -len(job.scene.rates))


def summary(name: str, lines: Sequence[Line]) -> Row:
    """The row of one contender."""
    scores = [line.score for line in lines]
    costs = [score.over_clairvoyant or 0.0 for score in scores]
    worst = max(lines, key=lambda line: (line.score.share_over, line.score.share_bad))
    return Row(
        name,
        fmean(score.share_over for score in scores),
        fmean(score.share_bad for score in scores),
        fmean(costs),
        sum(score.task_hours for score in scores),
        sum(score.money for score in scores),
        fmean(score.actions_per_hour for score in scores),
        worst.score.share_over,
        max(score.share_bad for score in scores),
        max(costs),
        worst.scene,
        name in BOUNDS,
    )


def front(rows: Sequence[Row]) -> list[Row]:
    """The rows with those marked that nobody beats on both axes, seconds over and cost; bounds do not compete."""

    def beaten(row: Row) -> bool:
        return any(
            other.over <= row.over and other.cost <= row.cost and (other.over, other.cost) != (row.over, row.cost)
            for other in rows
            if not other.bound
        )

    return [replace(row, pareto=not row.bound and not beaten(row)) for row in rows]
