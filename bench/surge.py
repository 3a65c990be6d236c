"""Surges on a live fleet of the sample service: the four clocks, measured from the load's known onset.

Each surge is a trial of its own: `fleetfoot up` with two tasks under 28 requests/s, then x3 to x10 of that.
Prints median and p95 of the clocks over all surges. The yardstick is arithmetic, in the same run: the soonest
clock 4 can be is the start-up of the tasks plus the backlog when they serve over their spare capacity.

Usage: python bench/surge.py [--surges N] [--startup S] [--shed] [--json]
"""

from __future__ import annotations

import argparse
import json
from math import ceil

from machine import describe

from fleetfoot.face.cli.demo import demo_yaml
from fleetfoot.face.trial import figures
from fleetfoot.face.trial.run import Outcome, run
from fleetfoot.face.trial.service import LiveService
from fleetfoot.fleet.ports import choose

BASE, TASKS, THROUGHPUT = 28.0, 2, 20.0
FACTORS = (3, 4, 5, 6, 8, 10)
CALM_BEFORE = 8  # s


def trial(factor: float, startup: float, shed: bool, seed: int) -> Outcome:
    port = choose()
    url = f"http://127.0.0.1:{port}/"
    watch = 12 + ceil(4 * startup)
    load = {
        "url": url,
        "stages": f"{BASE:g}@{CALM_BEFORE}s,{BASE * factor:g}@{watch}s",
        "poisson": True,
        "seed": seed,
        "objective": "p95=1s",
        "max_in_flight": 20_000,
        "timeout": "60s",
    }
    text = demo_yaml(port, startup=startup, shed=shed).replace("max: 14", "max: 40")
    with LiveService(text, "encryptor", url) as service:
        return run(service, load, lambda *_: None)


def soonest(outcome: Outcome, factor: float) -> float:
    """Clock 4 by arithmetic: command, real start-up of the last task, then the backlog over the spare capacity."""
    answers = [o for o in outcome.orders if o.count > o.before and o.last_ready is not None]
    if not answers:
        return float("nan")
    last = max(answers, key=lambda o: o.last_ready or 0)
    began = outcome.start + CALM_BEFORE * 1000
    serve = ((last.last_ready or 0) - began) / 1000
    tasks = max(o.count for o in answers)
    backlog = max(0.0, (BASE * factor - TASKS * THROUGHPUT) * serve)
    return serve + backlog / max(tasks * THROUGHPUT - BASE * factor, 1e-9)


def quantiles(values: list[float | None]) -> str:
    known = sorted(v for v in values if v is not None)
    if not known:
        return "none"
    missing = f", {len(values) - len(known)} not seen" if len(known) < len(values) else ""
    return f"{known[(len(known) - 1) // 2]:.2f} / {known[ceil(0.95 * len(known)) - 1]:.2f} s{missing}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--surges", type=int, default=20)
    parser.add_argument("--startup", type=float, default=0.0, help="seconds a task sleeps before it listens")
    parser.add_argument("--shed", action="store_true", help="refuse at once what would wait longer than the objective")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = []
    for i in range(args.surges):
        factor = FACTORS[i % len(FACTORS)]
        outcome = trial(factor, args.startup, args.shed, seed=i)
        clocks = figures.clocks(outcome, CALM_BEFORE)
        rows.append(
            {
                "factor": factor,
                **clocks._asdict(),
                "soonest": soonest(outcome, factor),
                "over": figures.over(outcome),
                "lost": outcome.result["lost"],
                "requests": outcome.result["counts"]["requests"],
                "tasks": max((s.counts["desired"] for s in outcome.samples), default=0),
            }
        )
        if not args.json:
            print({k: round(v, 2) if isinstance(v, float) else v for k, v in rows[-1].items()}, flush=True)
    if args.json:
        told = {"machine": describe(), "kind": "measured", "startup": args.startup, "shed": args.shed, "surges": rows}
        print(json.dumps(told))
        return
    print(
        f"{describe()}\nmeasured; {args.surges} surges, x3 to x10 from {BASE:g} requests/s on {TASKS} tasks; "
        "median / p95"
    )
    for name in ("decision", "command", "serving", "calm", "soonest"):
        print(f"{name:>10}  {quantiles([r[name] for r in rows])}")
    lost, sent = sum(r["lost"] for r in rows), sum(r["requests"] for r in rows)
    print(f"      lost  {lost} of {sent} requests; seconds over the objective: {sum(r['over'] for r in rows)}")


if __name__ == "__main__":
    main()
