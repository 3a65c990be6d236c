"""The full comparison: every policy, rival and bound on the synthetic set and the traces, as Markdown.

Simulated, so the figures do not depend on the machine; how long it took does, and is printed with it. The
yardsticks in the same run are the bounds and the peers' scalers.

With ``--check`` it ends with 1 when `slo` misses a bar of the friendly plant (of 48 h and about 8 tasks: ``BARS``),
when a rival but the fixed peak is better on any axis there, or in the hostile plant on all of them.

Usage: python bench/compare.py [--traces DIR] [--window 48h] [--tasks 8] [--plant friendly] [--policies LIST] [--jobs N]
                               [--check]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from machine import describe

from fleetfoot.core.policies import POLICIES
from fleetfoot.sim import runs
from fleetfoot.sim.compare import Comparison, Row, compare, jobs_of
from fleetfoot.sim.contenders import FIXED, measured, named
from fleetfoot.sim.measuring import TASK_HOUR, friendly, hostile
from fleetfoot.sim.scenes import recorded, synthetic
from fleetfoot.traffic import parse

BARS = {"over": 0.004, "bad": 0.008, "cost": 1.30, "worst_over": 0.02}  # of ``slo``, friendly
AXES = ("over", "bad", "cost")
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


def missed(rows: Sequence[Row], friendly: bool) -> list[str]:
    """A sentence for each bar that ``slo`` misses, and for each rival that is better."""
    own = next(row for row in rows if row.name == "slo")
    found = []
    if friendly:
        found += [f"{name} is {getattr(own, name):.4g}, over {most}" for name, most in BARS.items()
                  if getattr(own, name) > most]  # fmt: skip
    for row in rows:
        if row.bound or row.name in (*POLICIES, FIXED):
            continue
        better = [axis for axis in AXES if getattr(row, axis) < getattr(own, axis)]
        if len(better) == len(AXES) or (friendly and better):
            found.append(f"{row.name} is better: {', '.join(better)}")
    return found


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
    parser.add_argument("--check", action="store_true", help="end with 1 when slo misses a bar")
    args = parser.parse_args()
    names = named(args.policies, yours=False)
    if args.check and "slo" not in names:
        parser.error("--check is about slo: name it among --policies")
    setup, seconds = friendly(args.tasks), int(parse.seconds(args.window))
    if not args.no_shed:
        setup = replace(setup, shed=setup.objective)
    scenes = synthetic(setup, args.tasks, seconds)
    if args.traces.is_dir():
        scenes += recorded(args.traces, setup, args.tasks, seconds)
    else:
        print(f"no traces in {args.traces.name}: the synthetic set only")
    jobs = jobs_of(
        names,
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
    if args.check:
        wrong = missed(found.rows, args.plant == "friendly")
        print("\n" + ("\n".join(f"slo misses: {sentence}" for sentence in wrong) or "slo holds its bars"))
        sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
