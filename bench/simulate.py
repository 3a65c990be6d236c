"""Simulated seconds per second and core: the world alone, and with the live engine deciding every second and oftener.

The measuring plant at a mean of 8 tasks (or --tasks), a made-up day with noise. The yardstick in the same run is
the same queue written plainly in Python with heapq, one event a request, without a scaler. Processor time, best
of --runs; the compiled code is loaded or compiled before.

Usage: python bench/simulate.py [--seconds N] [--tasks N] [--runs R] [--json]
"""

from __future__ import annotations

import argparse
import gc
import heapq
import json
import random
import time
from collections import deque
from collections.abc import Callable

import numpy as np
from machine import describe
from numpy.typing import NDArray

from fleetfoot.sim.contenders import measured
from fleetfoot.sim.live import PUSH, engine
from fleetfoot.sim.measuring import FRIENDLY, friendly, prepared
from fleetfoot.sim.scaler import Counts, Feed, Scaler
from fleetfoot.sim.world import Run, run
from fleetfoot.traffic.shapes import Day

BAR = 30_000  # simulated seconds a second and core, with the engine


class Nobody:
    """No scaler: the world and the plant alone, stepped every second all the same."""

    name, period = "nobody", 1000

    def decide(self, now: int, fleet: Counts, feed: Feed) -> int | None:  # noqa: ARG002
        return None


def plainly(rates: NDArray[np.float64], tasks: int, seed: int) -> int:
    """The yardstick: first come, first served in plain Python; returns requests late or failed."""
    rng, busy, line, late = random.Random(seed), list[float](), deque[tuple[float, float]](), 0
    for second, rate in enumerate(rates.tolist()):
        at = second + rng.expovariate(rate) if rate > 0 else second + 1.0
        while True:
            now = min(at, second + 1.0)
            while busy and busy[0] <= now:
                free = heapq.heappop(busy)
                while line and free - line[0][0] > 10.0:
                    line.popleft()
                    late += 1
                if line:
                    came, work = line.popleft()
                    heapq.heappush(busy, free + work)
                    late += free + work - came > 1.0
            if at >= second + 1.0:
                break
            work = rng.expovariate(20.0)
            if len(busy) < tasks:
                heapq.heappush(busy, at + work)
                late += work > 1.0
            else:
                line.append((at, work))
            at += rng.expovariate(rate)
    return late


def best(what: Callable[[], object], runs: int) -> float:
    """Processor seconds of the fastest of ``runs``."""
    took = []
    for _ in range(runs):
        began = time.process_time()
        what()
        took.append(time.process_time() - began)
    return min(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=21_600)
    parser.add_argument("--tasks", type=int, default=8)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rates = prepared(Day(100, 60, period=args.seconds, seconds=args.seconds), args.tasks)
    setup = friendly(args.tasks)
    service = measured(setup)
    peak = round(float(rates.max()) / (0.85 * FRIENDLY.throughput))

    def simulate(scaler: Scaler, initial: int | None = None) -> Run:
        return run(rates, setup, scaler, seed=1, initial=initial)

    requests = simulate(Nobody(), peak).arrivals.sum()
    gc.freeze()
    alone = best(lambda: simulate(Nobody(), peak), args.runs)
    decided = best(lambda: simulate(engine(service, PUSH)), args.runs)
    woken = best(lambda: simulate(engine(service)), args.runs)
    yard = best(lambda: plainly(rates, peak, 1), 1)
    n = len(rates)
    found = {
        "machine": describe(), "kind": "measured", "tasks": args.tasks, "seconds": n, "requests": int(requests),
        "world_per_s": round(n / alone), "world_us_per_second": round(alone / n * 1e6, 2),
        "ns_per_request": round(alone / requests * 1e9, 1), "engine_per_s": round(n / decided), "bar": BAR,
        "engine_us_per_second": round(decided / n * 1e6, 2), "day_s": round(86_400 * decided / n, 2),
        "woken_per_s": round(n / woken),
        "plain_per_s": round(n / yard), "times_plain": round(yard / alone, 1),
    }  # fmt: skip
    if args.json:
        print(json.dumps(found))
        return
    print(f"{found['machine']}\n{n} simulated seconds, {requests:.0f} requests, {args.tasks} tasks at the mean")
    print(
        f"world alone: {found['world_per_s']} simulated s/s, {found['world_us_per_second']} us a second, "
        f"{found['ns_per_request']} ns a request"
    )
    print(
        f"engine every second, policy default: {found['engine_per_s']} simulated s/s (bar {BAR}), a day in "
        f"{found['day_s']} s"
    )
    print(f"woken within seconds too, behind our own balancer: {found['woken_per_s']} simulated s/s")
    print(f"yardstick, the plain queue: {found['plain_per_s']} simulated s/s; the world is {found['times_plain']} x it")


if __name__ == "__main__":
    main()
