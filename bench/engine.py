"""How long one engine.step takes with four policies; the yardstick is a JSON round trip of its own observation.

Usage: python bench/engine.py [--steps N] [--runs R] [--json]
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import time

from machine import describe

from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Fleet, Observation, Signal
from fleetfoot.core.pack import observation_to_json
from fleetfoot.core.policies import Default, Step, Target, Thresholds
from fleetfoot.core.settings import Settings

BAR = 50.0  # us a step
POLICIES = (
    Default(),
    Step("step", "requests", 100, True, "change", ((0, 50, 1), (50, 100, 2), (100, None, 4)), cooldown=10_000),
    Target("target", "cpu", 0.7),
    Thresholds(
        "thresholds",
        (("cpu", 0.8), ("latency", 2000), ("errors", 0.05)),
        (("cpu", 0.2), ("latency", 500), ("errors", 0.01)),
    ),
)


def observations(steps: int) -> list[Observation]:
    """A second apart, 28 requests/s with Poisson-like noise on two tasks."""
    rng, rows = random.Random(1), []
    for i in range(steps):
        now, rate = 1_700_000_000_000 + i * 1000, rng.gauss(28, 5.3)
        values = {
            "requests": rate,
            "completed": rate,
            "latency": 80.0,
            "errors": 0.0,
            "in_flight": 3.0,
            "queue": 0.0,
            "cpu": 0.5,
        }
        signals = {name: Signal(name, value, now, now) for name, value in values.items()}
        rows.append(Observation(now, now, signals, Fleet(now, 2, 2)))
    return rows


def once(rows: list[Observation]) -> tuple[float, float]:
    """(us a step, us a JSON round trip of one observation)."""
    settings, memory = Settings("orders", 2, 14, POLICIES, throughput=20.0, startup=1000), Memory()
    began = time.perf_counter()
    for row in rows:
        step(settings, memory, row)
    took = time.perf_counter() - began
    began = time.perf_counter()
    for row in rows[: len(rows) // 4]:
        json.loads(json.dumps(observation_to_json(row)))
    return took / len(rows) * 1e6, (time.perf_counter() - began) / (len(rows) // 4) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = observations(args.steps)
    gc.freeze()  # live there is one observation at a time; the collector need not walk over the bench's own
    runs = [once(rows) for _ in range(args.runs)]
    took, yard = statistics.median(r[0] for r in runs), statistics.median(r[1] for r in runs)
    found = {
        "machine": describe(),
        "us_per_step": round(took, 1),
        "bar_us": BAR,
        "json_round_trip_us": round(yard, 1),
        "ratio": round(took / yard, 2),
    }
    if args.json:
        print(json.dumps(found))
        return
    print(found["machine"])
    print(
        f"engine.step, four policies, all guards: {took:.1f} us (bar {BAR:.0f} us), "
        f"median of {args.runs} runs of {args.steps} steps"
    )
    print(f"yardstick, JSON round trip of one observation: {yard:.1f} us; ratio {took / yard:.2f}")


if __name__ == "__main__":
    main()
