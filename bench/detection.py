"""How soon the engine answers a surge, beside how often it grows for nothing. Simulated: no real process is started.

The table holds seconds from onset to decision (median / p95 over many random phases) for surges of x1.2 to
x10 at 20, 200 and 2,000 requests/s; early wake-ups every 200 ms as the data plane gives them. A surge that
stays inside what the tasks carry at the objective needs no growth and gets none within three minutes ("-").
The second table counts growths on steady traffic at 70 % load, where every growth is a false one.

The yardstick is a plain rule in the same run: grow when the last second's rate is 30 % over the line.

Usage: python bench/detection.py [--seeds N] [--days D] [--json]
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from math import ceil
from random import Random

from machine import describe

from fleetfoot.core.policies import Default
from fleetfoot.core.settings import Settings
from fleetfoot.sim.harness import Loop, Plant

THROUGHPUT, CARRIED = 20.0, 14.0  # requests/s a task carries; at the default 70 %
RATES = (20, 28, 200, 2000)
FACTORS = (1.2, 1.5, 2, 3, 5, 10)
STEADY = (
    (28, 1.0),
    (28, 2.0),
    (28, 4.0),
    (200, 1.0),
    (196, 3.0),
    (2000, 1.0),
    (1996, 5.0),
)  # requests/s, variance/mean
WARM, WATCH = 120.0, 180.0  # s before the onset, and after it
DAY = 86_400


def service(rate: float) -> tuple[Settings, Plant]:
    tasks = ceil(rate / CARRIED - 1e-9)
    settings = Settings("s", tasks, 100_000, (Default(),), throughput=THROUGHPUT, startup=1000)
    return settings, Plant(THROUGHPUT, 1000, tasks)


def onset_to_decision(job: tuple[float, float, int]) -> float | None:
    """Seconds; None when nothing was decided while watching, negative for a growth before the onset."""
    rate, factor, seed = job
    onset = WARM + Random(seed).random()
    loop = Loop(*service(rate), lambda t: rate * factor if t > onset else rate, seed, tick=200)
    for elapsed, _, decision in loop.run(WARM + WATCH):
        if decision.desired > decision.current:
            return elapsed / 1000 - onset
    return None


def false_growths(job: tuple[float, float, float]) -> tuple[int, int]:
    """Growths on steady traffic: the engine's, and those of the plain rule."""
    rate, dispersion, days = job
    loop = Loop(*service(rate), lambda _: rate, 7, dispersion=dispersion)
    line = 1.3 * loop.plant.serving * CARRIED
    engine = plain = 0
    for _, arrivals, decision in loop.run(days * DAY):
        engine += decision.desired > decision.current
        plain += arrivals > line
    return engine, plain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--days", type=float, default=7.0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with ProcessPoolExecutor() as pool:
        jobs = [(r, x, s) for r in RATES for x in FACTORS for s in range(args.seeds)]
        times = dict(zip(jobs, pool.map(onset_to_decision, jobs, chunksize=8), strict=True))
        steady = [(rate, dispersion, args.days) for rate, dispersion in STEADY]
        false = dict(zip(steady, pool.map(false_growths, steady), strict=True))
    table = {r: {x: summary([times[r, x, s] for s in range(args.seeds)]) for x in FACTORS} for r in RATES}
    if args.json:
        counts = [
            {"rate": r, "dispersion": d, "days": days, "engine": e, "plain": p}
            for (r, d, days), (e, p) in false.items()
        ]
        print(json.dumps({"machine": describe(), "kind": "simulated", "seconds": table, "false_growths": counts}))
        return
    print(describe())
    print(
        f"simulated; onset -> decision in s, median / p95 of {args.seeds} random phases; "
        f"'-' = no growth needed or none in {WATCH:.0f} s"
    )
    print("requests/s " + "".join(f"{'x' + format(x, 'g'):>14}" for x in FACTORS))
    for rate, row in table.items():
        print(f"{rate:>10} " + "".join(f"{row[x]:>14}" for x in FACTORS))
    print(f"\nsteady traffic at 70 % load for {args.days:g} days: growths, all of them false")
    print("requests/s  variance/mean   engine   one second 30 % over the line")
    for (rate, dispersion, _), (engine, plain) in false.items():
        print(f"{rate:>10}  {dispersion:>13g}  {engine:>7}  {plain:>30}")


def summary(found: list[float | None]) -> str:
    """ "0.6 / 1.0"; a quantile that was not reached is "-", growths before the onset are counted."""
    early = sum(1 for t in found if t is not None and t < 0)
    ranked = sorted((t if t is not None else float("inf")) for t in found if t is None or t >= 0)
    shown = [ranked[(len(ranked) - 1) // 2], ranked[ceil(0.95 * len(ranked)) - 1]] if ranked else []
    text = " / ".join("-" if t == float("inf") else f"{t:.1f}" for t in shown)
    return text + (f" ({early} early)" if early else "")


if __name__ == "__main__":
    main()
