"""Do the constants of the policy `slo` hold on traffic they were not chosen on? As Markdown.

Each constant in turn gets a few values around its own, the others stay. For every trace the value is chosen that
does best on all *other* traces, and is scored on the one left out, beside the constants as they are. Best is the
least sum of seconds over, bad requests and what is paid above the clairvoyant's cost, each as a part of its bar, so
that no axis is bought with another. The last row chooses among all the changed constants together. Two-hour windows,
the measuring plant, shedding at the objective: simulated, so the machine decides only how long it takes.

Usage: python bench/leave_one_out.py [--traces DIR] [--window 2h] [--seed 1]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from types import ModuleType

from machine import describe

from fleetfoot.core import forecast, surges
from fleetfoot.core.policies import slo
from fleetfoot.sim.compare import Job, play
from fleetfoot.sim.contenders import measured
from fleetfoot.sim.limits import limits
from fleetfoot.sim.measuring import friendly
from fleetfoot.sim.scenes import Scene, recorded, synthetic
from fleetfoot.sim.score import Score
from fleetfoot.sim.setup import Setup
from fleetfoot.traffic import parse

TRACES = Path(__file__).parents[2] / "shared" / "traces"
OVER, BAD, ABOVE = 0.004, 0.008, 0.30  # the bars: shares of seconds and of requests, and of cost beyond 1

#: where a constant lives, and the values tried beside its own
GRID: dict[tuple[ModuleType, str], tuple[float, ...]] = {
    (slo, "NOISE"): (0.9, 1.6),
    (slo, "LATE"): (0.1, 0.35),
    (slo, "RELIEF"): (8.0, 20.0),
    (forecast, "TREND"): (0.6, 1.0),
    (forecast, "QUANTILE"): (0.88, 0.95),
    (forecast, "NEAR"): (1.0, 1.25),
    (forecast, "MOST"): (1.5, 3.0),
    (surges, "JUMP"): (1.25, 1.7),
}


@dataclass(frozen=True)
class Found:
    """What one choice of constants did, by scene."""

    label: str
    scores: Sequence[Score]

    def loss(self, without: int) -> float:
        """The mean over all scenes but one."""
        return fmean(loss(score) for i, score in enumerate(self.scores) if i != without)


def loss(score: Score) -> float:
    above = (score.over_clairvoyant or 0.0) - 1.0
    return score.share_over / OVER + score.share_bad / BAD + above / ABOVE


@contextmanager
def constant(module: ModuleType, name: str, value: float) -> Iterator[None]:
    """``module.name`` is ``value`` meanwhile."""
    own = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, own)


def scores(scenes: Sequence[Scene], hours: Sequence[float], setup: Setup, seed: int) -> list[Score]:
    service = measured(setup)
    jobs = [Job("slo", scene, setup, service, seed=seed) for scene in scenes]
    return [play(job).score.against(best) for job, best in zip(jobs, hours, strict=True)]


def row(name: str, own: Found, choices: Sequence[Found], scenes: Sequence[Scene]) -> str:
    """Chosen on all scenes but one, scored on that one: the means over who was left out."""
    chosen = [min(choices, key=lambda found: found.loss(i)) for i in range(len(scenes))]
    held_out = [found.scores[i] for i, found in enumerate(chosen)]
    picks = {found.label: sum(one is found for one in chosen) for found in choices}
    said = ", ".join(f"{label} ({n} of {len(scenes)})" for label, n in picks.items() if n)
    return f"| {name} | {own.label} | {said} | {told(held_out)} |"


def told(found: Sequence[Score]) -> str:
    over, bad = (100 * fmean(getattr(score, field) for score in found) for field in ("share_over", "share_bad"))
    worst = 100 * max(score.share_over for score in found)
    cost = fmean(score.over_clairvoyant or 0.0 for score in found)
    return f"{over:.2f} % | {worst:.2f} % | {bad:.2f} % | {cost:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--window", default="2h")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    setup, seconds = friendly(), int(parse.seconds(args.window))
    setup = replace(setup, shed=setup.objective)
    scenes = synthetic(setup, seconds=seconds)
    if args.traces.is_dir():
        scenes += recorded(args.traces, setup, seconds=seconds)
    began = time.monotonic()
    hours = [limits(scene.rates, setup).hours for scene in scenes]
    present = scores(scenes, hours, setup, args.seed)
    print(f"Simulated: {len(scenes)} traces, windows of {args.window} at most, seed {args.seed}.\n")
    print("| constant | own | chosen without the trace | seconds over | worst | bad requests | cost |")
    print("|---|---|---|---|---|---|---|")
    print(f"| as they are | | | {told(present)} |", flush=True)
    every = [Found("as they are", present)]
    for (module, name), values in GRID.items():
        own = Found(f"{getattr(module, name):g}", present)
        choices = [own]
        for value in values:
            with constant(module, name, value):
                choices.append(Found(f"{value:g}", scores(scenes, hours, setup, args.seed)))
        every += [replace(found, label=f"`{name}` {found.label}") for found in choices[1:]]
        print(row(f"`{name}`", own, choices, scenes), flush=True)
    print(row("any one of them", replace(every[0], label=""), every, scenes))
    runs = len(every) * len(scenes)
    print(f"\n{describe()}: {runs} runs in {time.monotonic() - began:.0f} s on one core")


if __name__ == "__main__":
    main()
