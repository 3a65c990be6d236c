"""The policy backlog on traffic it is good for and traffic that breaks it. Simulated: no real process is started.

Workers take a message of 2 s (exponential) at a time, serve 30 s after their order, 0 to 20 of them. The table holds
how long messages waited, the workers at most, orders, and worker-hours beside the hours of work there was.

Usage: python bench/backlog.py [--seed N] [--json]
"""

from __future__ import annotations

import argparse
import json

from machine import describe

from fleetfoot.core.compile import compile_service
from fleetfoot.core.settings import Settings
from fleetfoot.sim.workers import work
from fleetfoot.spec import loads

WORK = 2.0  # s a message
HOUR = 3600
TRAFFIC = {
    "a batch of 1,000 an hour": ([1000.0] + [0.0] * (HOUR - 1)) * 2,
    "5/s by day, nothing by night": [0.0] * 1200 + [5.0] * HOUR + [0.0] * 2400,
    "one message every 20 min": ([1.0] + [0.0] * 1199) * 6,
    "1/s, bursts of 60 s at 20/s": ([1.0] * 540 + [20.0] * 60) * 12,
    "12/s for an hour, 20 workers carry 10/s": [12.0] * HOUR + [0.0] * HOUR,
}
OBJECTIVES = {
    "per task 10": "signal: jobs, per task: 10, in flight: running",
    "drain 1m": "signal: jobs, drain: 1m, in flight: running",
    "age 30s": "signal: oldest, age: 30s, in flight: running",
}
FILE = """
services:
  thumbs:
    run: python worker.py
    capacity: {{min: 0, max: 20}}
    task: {{throughput: 0.5/s, startup: 30s}}
    signals: {{jobs: {{from: agent}}, running: {{from: agent}}, oldest: {{from: agent}}}}
    policies: [{{backlog: {{{objective}}}}}]
"""


def settings(objective: str) -> Settings:
    return compile_service(loads(FILE.format(objective=objective)).services["thumbs"])


def row(objective: str, traffic: str, seed: int) -> dict[str, object]:
    rates = TRAFFIC[traffic]
    done = work(settings(OBJECTIVES[objective]), rates, WORK, seed=seed)
    return {
        "traffic": traffic, "objective": objective, "wait_p50_s": round(done.wait(0.5), 1),
        "wait_p95_s": round(done.wait(0.95), 1), "wait_max_s": round(done.wait(1.0), 1), "left": done.left,
        "workers": max(second.ordered for second in done.seconds), "orders": len(done.orders),
        "worker_hours": round(done.worker_hours, 2), "work_hours": round(len(done.waits) * WORK / 3600, 2),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = [row(objective, traffic, given.seed) for traffic in TRAFFIC for objective in OBJECTIVES]
    if given.json:
        print(json.dumps({"machine": describe(), "seed": given.seed, "rows": rows}))
        return
    print(f"| {' | '.join(rows[0])} |\n|{'---|' * len(rows[0])}")
    for found in rows:
        print(f"| {' | '.join(str(value) for value in found.values())} |")


if __name__ == "__main__":
    main()
