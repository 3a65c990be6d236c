"""The policy `slo` elsewhere than where its constants were chosen: other seeds, a hostile plant, other sizes of fleet.

Two-hour windows of the synthetic set and the traces, shedding at the objective. Means over the traffic; of several
seeds their mean and, in brackets, the lowest and the highest. The yardsticks are the rivals asked for and the
clairvoyant minimum of the same traffic and plant. Simulated, so the machine decides only how long it takes.

Usage: python bench/robust.py [--traces DIR] [--window 2h] [--policies slo] [--plants friendly hostile] [--tasks 8 2]
                              [--seeds 1 2 3 4 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import fmean

from machine import describe

from fleetfoot.sim.compare import Job, Row, play, summary
from fleetfoot.sim.contenders import measured, named
from fleetfoot.sim.limits import limits
from fleetfoot.sim.measuring import friendly, hostile
from fleetfoot.sim.scenes import recorded, synthetic
from fleetfoot.traffic import parse

TRACES = Path(__file__).parents[2] / "shared" / "traces"
PLANTS = ("friendly", "hostile")


def rows(names: Sequence[str], seeds: Sequence[int], plant: str, tasks: int, seconds: int, traces: Path) -> list[Row]:
    """One for each policy and seed, the seeds of a policy together."""
    plain = friendly(tasks)
    plain = replace(plain, shed=plain.objective)
    scenes = synthetic(plain, tasks, seconds)
    if traces.is_dir():
        scenes += recorded(traces, plain, tasks, seconds)
    setups = [replace(hostile(one.rates, tasks), shed=plain.shed) if plant == "hostile" else plain for one in scenes]
    hours = [limits(one.rates, setup).hours for one, setup in zip(scenes, setups, strict=True)]
    found = []
    for name, seed in product(names, seeds):
        played = [
            play(Job(name, one, setup, measured(setup), seed=seed)) for one, setup in zip(scenes, setups, strict=True)
        ]
        lines = [replace(line, score=line.score.against(best)) for line, best in zip(played, hours, strict=True)]
        found.append(summary(name, lines))
    return found


def spread(found: Sequence[Row], figure: Callable[[Row], float], unit: str = "") -> str:
    """The mean over the seeds, with the lowest and the highest where there are several."""
    values = [figure(row) for row in found]
    mean = f"{fmean(values):.2f}{unit}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--window", default="2h")
    parser.add_argument("--policies", default="slo")
    parser.add_argument("--plants", nargs="+", choices=PLANTS, default=PLANTS)
    parser.add_argument("--tasks", nargs="+", type=int, default=[8, 2])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    args = parser.parse_args()
    names, seconds = named(args.policies, yours=False), int(parse.seconds(args.window))
    began = time.monotonic()
    print(f"Simulated: windows of {args.window} at most, seeds {', '.join(map(str, args.seeds))}.\n")
    print("| plant | tasks | policy | seconds over | worst traffic | bad requests | cost |")
    print("|---|---|---|---|---|---|---|")
    for tasks, plant in product(args.tasks, args.plants):
        found = rows(names, args.seeds, plant, tasks, seconds, args.traces)
        for name in names:
            own = [row for row in found if row.name == name]
            over = spread(own, lambda row: 100 * row.over, " %")
            worst = spread(own, lambda row: 100 * row.worst_over, " %")
            bad = spread(own, lambda row: 100 * row.bad, " %")
            cost = spread(own, lambda row: row.cost)
            print(f"| {plant} | {tasks} | `{name}` | {over} | {worst} | {bad} | {cost} |", flush=True)
    print(f"\n{describe()}: {time.monotonic() - began:.0f} s on one core")


if __name__ == "__main__":
    main()
