"""The full comparison: every policy, rival and bound on the synthetic set and the traces, as Markdown.

Simulated, so the figures do not depend on the machine; how long it took does, and is printed with it. The
yardsticks in the same run are the bounds and the peers' scalers.

Usage: python bench/compare.py [--traces DIR] [--window 48h] [--tasks 8] [--plant friendly] [--policies LIST] [--jobs N]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from machine import describe

from fleetfoot.sim import runs
from fleetfoot.sim.compare import Comparison, compare, jobs_of
from fleetfoot.sim.contenders import measured, named
from fleetfoot.sim.measuring import TASK_HOUR, friendly, hostile
from fleetfoot.sim.scenes import recorded, synthetic
from fleetfoot.traffic import parse

TRACES = Path(__file__).parents[2] / "shared" / "traces"


def markdown(found: Comparison) -> str:
    """The table of means and worst, and who was over on which traffic."""
    rows = sorted(found.rows, key=lambda row: (row.bound, row.over, row.cost))
    lines = [
        "| | seconds over | worst | bad requests | cost | worst | orders an hour | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{row.name}` | {100 * row.over:.2f} % | {100 * row.worst_over:.1f} % ({row.worst_scene}) "
        f"| {100 * row.bad:.2f} % | {row.cost:.2f} | {row.worst_cost:.2f} | {row.actions:.0f} "
        f"| {'◆' if row.pareto else ''} |"
        for row in rows
    ]
    names = [row.name for row in rows]
    lines += ["", f"| % of seconds over, x cost | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for scene in found.scenes:
        scores = {line.name: line.score for line in found.on(scene)}
        cells = (f"{100 * scores[name].share_over:.2f}, {scores[name].over_clairvoyant:.2f}" for name in names)
        lines.append(f"| {scene} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--window", default="48h")
    parser.add_argument("--tasks", type=int, default=8)
    parser.add_argument("--plant", choices=["friendly", "hostile"], default="friendly")
    parser.add_argument("--policies", default="slo, default, rivals")
    parser.add_argument(
        "--no-shed", action="store_true", help="nothing is refused; else what would wait too long is, for everyone"
    )
    parser.add_argument("--jobs", type=int, default=runs.cores())
    args = parser.parse_args()
    setup, seconds = friendly(args.tasks), int(parse.seconds(args.window))
    if not args.no_shed:
        setup = replace(setup, shed=setup.objective)
    scenes = synthetic(setup, args.tasks, seconds)
    if args.traces.is_dir():
        scenes += recorded(args.traces, setup, args.tasks, seconds)
    else:
        print(f"no traces in {args.traces.name}: the synthetic set only")
    jobs = jobs_of(
        named(args.policies, yours=False),
        scenes,
        lambda scene: setup if args.plant == "friendly" else replace(hostile(scene.rates, args.tasks), shed=setup.shed),
        measured(setup),
        task_hour=TASK_HOUR,
    )
    began = time.monotonic()
    with runs.processes(args.jobs) as executor:
        found = compare(jobs, executor)
    took, played = time.monotonic() - began, sum(len(job.scene.rates) for job in jobs)
    print(
        f"Simulated: {args.plant} plant, about {args.tasks} tasks, windows of {args.window} at most, seed 1, "
        f"{'nothing refused' if args.no_shed else 'shedding at the objective for everyone'}.\n"
    )
    print(markdown(found))
    print(f"\n{describe()}: {len(jobs)} runs, {played:,} simulated s in {took:.0f} s on {args.jobs} cores")


if __name__ == "__main__":
    main()
