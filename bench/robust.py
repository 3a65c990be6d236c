"""The policy `slo` elsewhere than where its constants were chosen: other seeds, a hostile plant, other sizes of fleet.

Two-hour windows of the synthetic set and the traces, shedding at the objective. The yardstick is the clairvoyant
minimum of the same traffic and plant. Simulated, so the machine decides only how long it takes.

Usage: python bench/robust.py [--traces DIR] [--window 2h] [--policy slo]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from machine import describe

from fleetfoot.sim.compare import Job, play
from fleetfoot.sim.contenders import measured
from fleetfoot.sim.limits import limits
from fleetfoot.sim.measuring import friendly, hostile
from fleetfoot.sim.scenes import recorded, synthetic
from fleetfoot.sim.score import Score
from fleetfoot.traffic import parse

TRACES = Path(__file__).parents[2] / "shared" / "traces"
#: seed, hostile, about so many tasks
CASES = (
    *((seed, False, 8) for seed in range(1, 6)),
    (1, True, 8), (1, False, 2), (1, True, 2), (1, False, 400), (1, True, 400),
)  # fmt: skip


def scores(policy: str, seed: int, against: bool, tasks: int, seconds: int, traces: Path) -> list[Score]:
    plain = friendly(tasks)
    plain = replace(plain, shed=plain.objective)
    scenes = synthetic(plain, tasks, seconds)
    if traces.is_dir():
        scenes += recorded(traces, plain, tasks, seconds)
    found = []
    for scene in scenes:
        setup = replace(hostile(scene.rates, tasks), shed=plain.shed) if against else plain
        line = play(Job(policy, scene, setup, measured(setup), seed=seed))
        found.append(line.score.against(limits(scene.rates, setup).hours))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--window", default="2h")
    parser.add_argument("--policy", default="slo")
    args = parser.parse_args()
    began = time.monotonic()
    print("| seed | plant | tasks | seconds over | worst | bad requests | cost |")
    print("|---|---|---|---|---|---|---|")
    for seed, against, tasks in CASES:
        found = scores(args.policy, seed, against, tasks, int(parse.seconds(args.window)), args.traces)
        over, bad = (100 * fmean(getattr(score, field) for score in found) for field in ("share_over", "share_bad"))
        worst = 100 * max(score.share_over for score in found)
        cost = fmean(score.over_clairvoyant or 0.0 for score in found)
        plant = "hostile" if against else "friendly"
        print(f"| {seed} | {plant} | {tasks} | {over:.2f} % | {worst:.2f} % | {bad:.2f} % | {cost:.3f} |", flush=True)
    print(f"\n{describe()}: {len(CASES)} passes in {time.monotonic() - began:.0f} s on one core")


if __name__ == "__main__":
    main()
