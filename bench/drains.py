"""A scale-in under 60 s downloads, 60 s uploads and WebSockets, on tasks that ignore SIGTERM: what is cut, and when.

Drain and stop timeout are half the time each, and a second more: every transfer that had begun fits into both together,
none into the drain alone. The yardstick is nought: nothing may be cut before the stop timeout, and no download and no
upload at all. WebSockets end by themselves never, so those of the tasks that leave are cut at the stop timeout.

Usage: python bench/drains.py [--seconds S] [--each N] [--only embedded|haproxy] [--json]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from machine import describe

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.drains import SLACK_S, scale_in
from tests.faults import Fleet

TASKS = 4


def measure(kind: str, seconds: float, each: int) -> dict[str, Any]:
    """The figures of one balancer."""
    drain_s, stop_s = seconds / 2, seconds / 2 + 2
    drain, stop = f"{drain_s * 1000:.0f}ms", f"{stop_s * 1000:.0f}ms"
    timeout = f"{seconds + 30:.0f}s"  # the task says nothing while it reads an upload
    with Fleet(TASKS, balancer=kind, least=1, deaf=True, timeout=timeout, drain=drain, stop=stop) as fleet:
        made = scale_in(fleet, seconds, each, drain_s + stop_s)
        fleet.whole(1)
        exits = [row[4] for row in fleet.told()["exits"]]
    after = [at - made.ordered for times in made.cut.values() for at in times]
    return {
        "whole": made.whole,
        "cut": {way: len(times) for way, times in made.cut.items()},
        "cut_before_stop_timeout": made.cut_before(made.ordered + drain_s + stop_s - SLACK_S),
        "stop_timeout_s": round(drain_s + stop_s, 1),
        "first_cut_s": round(min(after), 1) if after else None,
        "exits": exits,
    }


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--each", type=int, default=12, help="transfers of each of the three ways")
    parser.add_argument("--only", choices=("embedded", "haproxy"))
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    kinds = [kind for kind in ("embedded", "haproxy") if args.only in (None, kind)]
    if not shutil.which("haproxy"):
        kinds = [kind for kind in kinds if kind != "haproxy"]
    found = {kind: measure(kind, args.seconds, args.each) for kind in kinds}
    if args.json:
        print(json.dumps({"machine": describe(), "kind": "measured", "seconds": args.seconds, **found}))
    else:
        print(f"{describe()}\nmeasured; {TASKS} tasks -> 1, {args.each} transfers of each way, {args.seconds:g} s")
        for kind, figures in found.items():
            print(f"{kind:>10}  " + ", ".join(f"{name} {value}" for name, value in figures.items()))
    wrong = any(
        one["cut_before_stop_timeout"] or one["cut"]["downloads"] or one["cut"]["uploads"] for one in found.values()
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
