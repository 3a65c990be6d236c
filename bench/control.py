"""Controller mode in real time: surges on a simulated ECS service whose tasks push for real.

`fleetfoot control` runs as a process of its own against the simulated AWS. Each surge is x3 to x10 from a steady rate;
measured is the time from its first second of more traffic to the UpdateService that was accepted, at a random phase of
the controller's ticks and of the tasks' pushes. Between two surges the service is put back and left to calm down.

Usage: python bench/control.py [--surges N] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from math import ceil
from pathlib import Path

from machine import describe

from fleetfoot.face.trial.ecs import CALM_S, Trial

BAR, BASE, TASKS = 2.5, 60.0, 4  # s at the 95th percentile; requests/s; tasks
FACTORS = (3, 4, 5, 6, 8, 10)


def surge(factor: float, rng: random.Random) -> float:
    """Seconds from onset to the accepted UpdateService."""
    with tempfile.TemporaryDirectory(prefix="ff") as folder, Trial(Path(folder), TASKS, BASE) as trial:
        time.sleep(CALM_S + rng.random())
        return trial.surge(BASE * factor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--surges", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rng, took = random.Random(1), []
    for number in range(args.surges):
        took.append(surge(FACTORS[number % len(FACTORS)], rng))
        if not args.json:
            print(f"x{FACTORS[number % len(FACTORS)]}: {took[-1]:.2f} s", flush=True)
    took.sort()
    p50, p95 = took[(len(took) - 1) // 2], took[ceil(0.95 * len(took)) - 1]
    found = {"machine": describe(), "kind": "measured", "surges": len(took), "p50_s": round(p50, 2),
             "p95_s": round(p95, 2), "worst_s": round(took[-1], 2), "bar_s": BAR}  # fmt: skip
    if args.json:
        print(json.dumps(found))
        return
    print(
        f"{found['machine']}\nmeasured, simulated ECS in real time: onset to UpdateService accepted, {len(took)} surges"
    )
    print(f"p50 {p50:.2f} s, p95 {p95:.2f} s (bar {BAR} s), worst {took[-1]:.2f} s")


if __name__ == "__main__":
    main()
