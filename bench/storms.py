"""Deterministic simulation over many seeds: no promise of tests/storms may be broken, at any tick.

    python bench/storms.py --seeds 10000

On all cores. A seed that breaks a promise is made smaller and printed whole; the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from machine import describe
from rich.progress import track

from fleetfoot.sim.runs import cores

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests' own world

from tests.storms.plans import CALM, plan
from tests.storms.play import Broken, play, shrink

BLOCK = 20
SHOWN = 5


def block(first: int, count: int) -> tuple[int, list[Broken]]:
    """(simulated service-seconds, what broke) of ``count`` seeds."""
    made = [plan(seed) for seed in range(first, first + count)]
    broken = [found for one in made if (found := play(one)) is not None]
    return sum((one.seconds + CALM) * len(one.services) for one in made), broken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    args = parser.parse_args()
    begun = time.monotonic()
    starts = range(args.first, args.first + args.seeds, BLOCK)
    counts = [min(BLOCK, args.first + args.seeds - start) for start in starts]
    with ProcessPoolExecutor(cores()) as executor:
        done = track(executor.map(block, starts, counts), "seeds", total=len(starts))
        results = list(done)
    broken = [one for _, found in results for one in found]
    for one in broken[:SHOWN]:
        print(f"\n{shrink(one)}")
    seconds = sum(simulated for simulated, _ in results)
    print(describe())
    print(
        f"{args.seeds} seeds, {seconds:,} simulated service-seconds in {time.monotonic() - begun:.0f} s: "
        f"{len(broken)} broken promises"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
