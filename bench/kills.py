"""Random kill -9 over a whole fleet under load: tasks mostly, now and then the data plane or the controller.

Half of the requests are POST. Each bears its number, and the tasks write down which they saw, so that of each lost one
it is known whether a kill explains it. The count of tasks goes up and down meanwhile, so kills meet drains too. The
yardstick is nought: no request lost that no kill explains, no process or file descriptor left, no drain stuck.

A task dies at any age, as soon as it is ready, but only while more than half of them live: else the load would find
none, which no kill explains.

Usage: python bench/kills.py [--kills N] [--seed S] [--tasks N] [--rate R] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from machine import describe

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from fleetfoot.fleet.client import BlockingPlaneClient, PlaneError
from tests.faults import Fleet, Kill, kill, seen, unexplained
from tests.shots import Load
from tests.support import processes_of, wait_until

PLANE, CONTROLLER = 0.03, 0.05  # shares of the kills; the rest are tasks
RESCALE = 15  # kills from one change of the count to the next
PATIENCE_S = 120.0
ESTABLISHED = "01"  # in /proc/net/tcp
SPARE = 2  # descriptors that come and go: a question of the controller's
LOOKS = 20  # over 2 s: a check has a descriptor for some ms, a leak has it in every look


def files(pid: int) -> int:
    """Open file descriptors, the fewest of some looks."""
    fewest = look(pid)
    for _ in range(LOOKS - 1):
        time.sleep(0.1)
        fewest = min(fewest, look(pid))
    return fewest


def look(pid: int) -> int:
    """Open file descriptors, without those of connections that stand: they are kept and used again, and no leak."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    standing = {f"socket:[{row[9]}]" for row in rows if row[3] == ESTABLISHED}
    found = 0
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found += str(fd.readlink()) not in standing
    return found


def victim(fleet: Fleet, chance: random.Random) -> tuple[str, int]:
    """Who dies next, once there is one to choose: (part, pid)."""
    draw = chance.random()
    part = "plane" if draw < PLANE else "controller" if draw < PLANE + CONTROLLER else "task"
    if part != "task":
        return part, fleet.await_pid(part)

    def ready() -> list[int]:
        told = [one for one in fleet.told().get("tasks", []) if one["ready_ms"] is not None]
        return [one["pid"] for one in told] if len(told) > fleet.tasks / 2 else []

    return part, chance.choice(wait_until(ready, PATIENCE_S, step=0.1, what=f"a task\n{fleet.text()[-2000:]}"))


def rescale(fleet: Fleet, count: int) -> None:
    with suppress(PlaneError):  # just killed: the next time
        BlockingPlaneClient(fleet.state / "plane.sock").scale("orders", count)


def rampage(fleet: Fleet, count: int, chance: random.Random, pause: float) -> list[Kill]:
    """Kill ``count`` processes, ``pause`` s apart on average."""
    kills: list[Kill] = []
    for number in range(count):
        time.sleep(chance.expovariate(1 / pause))
        part, pid = victim(fleet, chance)
        try:
            kills.append(kill(part, pid))
        except ProcessLookupError:  # ended by a scale-in meanwhile
            continue
        if number % RESCALE == 0:
            rescale(fleet, fleet.tasks - (number // RESCALE) % 2 * 2)
        if sys.stderr.isatty() or number % 50 == 49:
            done = round(30 * (number + 1) / count)
            end = "" if sys.stderr.isatty() else "\n"
            print(f"\r[{'#' * done:<30}] {number + 1:,} of {count:,}", end=end, file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return kills


def soak(count: int, seed: int, tasks: int, rate: float, pause: float) -> dict[str, Any]:
    """The figures; ``wrong`` is what should not have happened, in words."""
    chance = random.Random(seed)
    fleet = Fleet(tasks, most=tasks)
    with fleet:
        fleet.whole()
        open_before = {"keeper": files(fleet.pid), "plane": files(fleet.pid_of("plane"))}
        load = Load(fleet.port, rate)
        begun = time.monotonic()
        with load.going():
            load.more(int(rate))
            kills = rampage(fleet, count, chance, pause)
            load.more(int(rate))
        took = time.monotonic() - begun
        rescale(fleet, tasks)  # a count that was half gone back on when the plane died is set right
        wrong = []
        try:
            wait_until(lambda: not fleet.lacks(), PATIENCE_S, step=0.1)
        except AssertionError:
            wrong.append(f"the fleet is not whole again: {fleet.lacks()}")
        open_after = {"keeper": files(fleet.pid), "plane": files(fleet.pid_of("plane"))}
        wrong += unexplained(load.shots, kills, fleet.folder)
        reached = seen(fleet.folder)
        fleet.stop()
        left = processes_of(fleet.folder)
        wrong += [f"left behind: {pid} {command}" for pid, command in left.items()]
    wrong += [
        f"{part}: {open_before[part]} -> {open_after[part]} open files"
        for part in open_before
        if open_after[part] > open_before[part] + SPARE
    ]
    failed = load.failed()
    twice = sum(shot.unsafe and len(reached.get(shot.name, [])) > 1 for shot in load.shots)
    return {
        "kills": dict(Counter(one.part for one in kills)), "seconds": round(took), "requests": len(load.shots),
        "lost_get": sum(not shot.unsafe for shot in failed), "lost_post": sum(shot.unsafe for shot in failed),
        "answers": load.words(), "unsafe_sent_twice": twice,
        "files_before": open_before, "files_after": open_after, "left_behind": len(left), "wrong": wrong,
    }  # fmt: skip


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tasks", type=int, default=14)
    parser.add_argument("--rate", type=float, default=100, help="requests/s")
    parser.add_argument("--pause", type=float, default=0.6, help="s from kill to kill on average")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = soak(args.kills, args.seed, args.tasks, args.rate, args.pause)
    if args.json:
        print(json.dumps({"machine": describe(), "kind": "measured", "seed": args.seed, **found}))
    else:
        print(f"{describe()}\nmeasured; seed {args.seed}")
        for name, value in found.items():
            print(f"{name:>18}  " + ("\n".join(value) or "nothing" if isinstance(value, list) else str(value)))
    sys.exit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()
