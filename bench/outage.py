"""A controller that is dead through a surge: what AWS's own scale-out does meanwhile, and what follows the return.

`fleetfoot control` runs as a process of its own against the simulated AWS, in real time, on a service whose tasks push;
the backstop of its template (target tracking above our target, scale-in suspended) is executed beside it. The process
is killed, the traffic becomes FACTOR times as much, and the controller is started again SECONDS later. Printed: when
the backstop grew, every order after the return, and whether one was wrong, which is: fewer tasks than carry the
traffic.

Usage: python bench/outage.py [--seconds 600] [--factor 5] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from math import ceil
from pathlib import Path

from machine import describe

from fleetfoot.face.trial.ecs import CALM_S, Trial

BASE, TASKS, THROUGHPUT, AFTER_S, BAR = 60.0, 4, 20.0, 120, 109  # requests/s; tasks; requests/s of one; s; s


def outage(seconds: float, factor: float) -> dict[str, object]:
    """What happened, times in s from the surge's first second on."""
    with tempfile.TemporaryDirectory(prefix="ff") as folder, Trial(Path(folder), TASKS, BASE, THROUGHPUT, 23) as trial:
        trial.arm()
        time.sleep(CALM_S)
        trial.end(hard=True)
        clock, service = trial.aws.world.clock, trial.service
        onset, trial.crowd.rate = clock.now(), BASE * factor
        time.sleep(seconds)
        back = len(service.updates)
        trial.begin()
        time.sleep(AFTER_S)
        orders = service.updates[back:]
        least = ceil(trial.crowd.rate / THROUGHPUT)
        return {
            "backstop": [(round(at - onset, 1), count) for at, count in service.scaled],
            "orders": [(round(at - onset, 1), count) for at, count in orders],
            "least": least,
            "wrong": [count for _, count in orders if count < least],
            "lost": trial.crowd.lost,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--factor", type=float, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = outage(args.seconds, args.factor) | {"machine": describe(), "kind": "measured", "bar_s": BAR}
    if args.json:
        print(json.dumps(found))
        return
    print(f"{found['machine']}\nmeasured, simulated ECS in real time")
    print(f"dead for {args.seconds:g} s from the first second of x{args.factor:g} on")
    print(f"the backstop set (s, tasks): {found['backstop']}, the first within {BAR} s is the bar")
    print(f"after the return: {found['orders']}; {found['least']} carry the traffic; wrong orders: {found['wrong']}")
    print(f"requests that found no task within their patience: {found['lost']}")


if __name__ == "__main__":
    main()
