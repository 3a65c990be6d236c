"""Recorded traffic through the live fleet, sped up: a World Cup match day, and surges of a stream at one second.

With ../shared/traces present the real traces are replayed; without, traffic made to be like them (the same
levels, rises and falls) and the table says so. The yardstick in the same run is fixed peak capacity: the tasks
the busiest ten seconds need at the same utilisation, for the whole time.

Usage: python bench/traces.py [--only match|surge] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from itertools import pairwise
from math import exp
from pathlib import Path
from typing import Any

from machine import describe

from fleetfoot.face.cli.demo import demo_yaml
from fleetfoot.face.trial import figures
from fleetfoot.face.trial.run import run
from fleetfoot.face.trial.service import LiveService
from fleetfoot.fleet.ports import choose

TRACES = Path(__file__).parents[2] / "shared" / "traces"
THROUGHPUT = 20.0

# name -> file, from, to, speed, scale: chosen so that the peak needs about a dozen tasks
RECORDED: dict[str, dict[str, Any]] = {
    "match": {
        "trace": "wc98_opening_week.csv", "start": "1998-06-10T13:00:00Z", "end": "1998-06-10T19:00:00Z",
        "speed": 60.0, "scale": 0.08,
    },
    "surge": {"trace": "twitter_stream_1s.csv.gz", "start": "12600", "end": "14400", "speed": 6.0, "scale": 0.6},
}  # fmt: skip


def made(name: str) -> list[tuple[float, float]]:
    """(second, requests/s) like the recorded ones, already sped up and scaled."""
    if name == "match":  # two humps on a slow rise: 30 -> 170 in two minutes, a half-time dip, the whistle
        humps = ((110, 25, 120), (170, 22, 150))
        return [(t, 30 + sum(h * exp(-(((t - at) / w) ** 2)) for at, w, h in humps)) for t in range(361)]
    return [(t, 140.0 if 40 <= t < 165 else 35.0) for t in range(301)]


def options(name: str, folder: Path) -> dict[str, Any]:
    recorded = RECORDED[name]
    if (TRACES / recorded["trace"]).exists():
        return {**recorded, "trace": str(TRACES / recorded["trace"])}
    file = folder / f"{name}.csv"
    file.write_text("timestamp,value\n" + "".join(f"{t},{rate:.3f}\n" for t, rate in made(name)))
    return {"trace": str(file)}


def replay(name: str, folder: Path) -> dict[str, Any]:
    port = choose()
    url = f"http://127.0.0.1:{port}/"
    given = options(name, folder)
    load = {"url": url, "poisson": True, "seed": 3, "objective": "p95=1s", **given}
    with LiveService(demo_yaml(port), "encryptor", url) as service:
        outcome = run(service, load, lambda *_: None)
    fixed = figures.fixed_peak(outcome, THROUGHPUT)
    spent = figures.task_seconds(outcome)
    counts = outcome.result["counts"]
    acted = [d for d in outcome.decisions if d.desired != d.current]
    turns = sum(1 for a, b in pairwise(acted) if a.action is not b.action)
    return {
        "trace": name,
        "traffic": "recorded" if "speed" in given else "made up",
        "seconds": len(outcome.seconds),
        "requests": counts["requests"],
        "peak_rate": max(row["arrivals"] for row in outcome.seconds),
        "p95_ms": round(outcome.result["p95_ms"], 1),
        "p99_ms": round(outcome.result["p99_ms"], 1),
        "seconds_over": figures.over(outcome),
        "late_or_lost": outcome.result["bad"],
        "lost": outcome.result["lost"],
        "task_seconds": round(spent),
        "fixed_tasks": fixed,
        "of_fixed": round(spent / (fixed * outcome.duration), 3),
        "growths": sum(1 for d in acted if d.desired > d.current),
        "scale_ins": sum(1 for d in acted if d.desired < d.current),
        "turns": turns,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=sorted(RECORDED))
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ff-") as folder:
        rows = [replay(name, Path(folder)) for name in ([args.only] if args.only else RECORDED)]
    if args.json:
        print(json.dumps({"machine": describe(), "kind": "measured", "traces": rows}))
        return
    print(f"{describe()}\nmeasured on a live fleet of the sample service, p95 objective 1 s")
    for row in rows:
        print("\n" + "\n".join(f"{name:>14}  {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
