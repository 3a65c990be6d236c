"""A long steady run on a live fleet: Poisson traffic at 70 % of what the tasks carry, which asks for no change at all.

Counts what should not happen: growths, lost requests, seconds over the objective, restarts of our own processes,
memory and file descriptors that creep, processes left behind. The yardstick is the start of the same run.

Usage: python bench/soak.py [--minutes M] [--tasks N]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, NamedTuple

from machine import describe

from fleetfoot.face.cli.demo import demo_yaml
from fleetfoot.face.trial import figures
from fleetfoot.face.trial.run import Outcome, run
from fleetfoot.face.trial.service import LiveService
from fleetfoot.fleet.ports import choose

THROUGHPUT, LOAD = 20.0, 0.7  # requests/s a task, share of it
ROLES = {"up": "keeper", "fleetfoot.fleet.keeper": "keeper", "fleetfoot.fleet.plane": "data plane"}
SETTLED = 20  # s after which the first reading is taken


class Reading(NamedTuple):
    """One of our own processes: memory in MiB, open file descriptors."""

    pid: int
    memory: float
    files: int


def processes(state: Path) -> dict[int, str]:
    """Processes that carry this state folder: pid -> command line."""
    marker, found = b"FLEETFOOT_STATE=" + bytes(state), {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and marker in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return found


def readings(service: LiveService) -> dict[str, Reading]:
    """Keeper, data plane and controller, by role."""
    found = {}
    for pid, command in {**processes(service.state), service.pid: "fleetfoot.fleet.keeper"}.items():
        role = next((role for word, role in ROLES.items() if word in command.split()), None)
        role = "controller" if "fleetfoot.face.controller" in command.split() else role
        if role is not None:
            rows = Path(f"/proc/{pid}/status").read_text().splitlines()
            memory = int(next(row for row in rows if row.startswith("VmRSS")).split()[1]) / 1024
            found[role] = Reading(pid, memory, len(list(Path(f"/proc/{pid}/fd").iterdir())))
    return found


def soak(minutes: float, tasks: int) -> bool:
    """Run and print; whether nothing happened that should not."""
    port, rate = choose(), tasks * THROUGHPUT * LOAD
    url = f"http://127.0.0.1:{port}/"
    stages = f"{rate:g}@{minutes * 60:g}s"
    load = {"url": url, "stages": stages, "poisson": True, "seed": 1, "objective": "p95=1s", "timeout": "60s"}
    print(
        f"{describe()}\nmeasured; {minutes:g} min of Poisson traffic at {rate:g} requests/s on {tasks} tasks",
        flush=True,
    )
    begun: dict[str, Reading] = {}
    ended: dict[str, Reading] = {}
    said = 0.0

    def watch(outcome: Outcome, event: dict[str, Any] | None) -> None:
        nonlocal said
        since = (outcome.samples[-1].at - outcome.start) / 1000 if outcome.samples and outcome.start else 0.0
        if event is not None and since >= said + 60:
            said = since
            print(f"{since / 60:5.0f} min  {outcome.samples[-1].counts}", flush=True)
        if since >= min(SETTLED, minutes * 20) and not begun:
            begun.update(readings(service))
        if event is not None and event["event"] == "result":
            ended.update(readings(service))

    text = demo_yaml(port).replace("min: 2", f"min: {tasks}").replace("max: 14", f"max: {tasks * 7}")
    service = LiveService(text, "encryptor", url)
    with service:
        outcome = run(service, load, watch)
    return tell(outcome, begun, ended, processes(service.state))


def tell(outcome: Outcome, begun: dict[str, Reading], ended: dict[str, Reading], left: dict[int, str]) -> bool:
    growths = [order for order in outcome.orders if order.count > order.before]
    lost, sent = outcome.result["lost"], outcome.result["counts"]["requests"]
    print(f"{'growths':>22}  {len(growths)}" + "".join(f"  {o.before} -> {o.count}" for o in growths))
    print(f"{'lost':>22}  {lost} of {sent} requests")
    print(f"{'seconds over':>22}  {figures.over(outcome)}")
    for role, before in sorted(begun.items()):
        after = ended.get(role, before)
        again = "" if after.pid == before.pid else "  RESTARTED"
        share = after.memory / before.memory
        files = f"{before.files} -> {after.files} files"
        print(f"{role:>22}  {before.memory:.1f} -> {after.memory:.1f} MiB (x{share:.2f}), {files}{again}")
    print(f"{'left behind':>22}  {len(left)}" + "".join(f"\n    {pid} {command}" for pid, command in left.items()))
    restarted = [role for role, before in begun.items() if ended.get(role, before).pid != before.pid]
    return not (growths or lost or left or restarted) and len(begun) == 3


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--tasks", type=int, default=2)
    args = parser.parse_args()
    sys.exit(0 if soak(args.minutes, args.tasks) else 1)


if __name__ == "__main__":
    main()
