"""Each mode of a CloudFormation template, executed: from a surge to the command, to its tasks, to relief. Simulated.

The templates are those `fleetfoot synth` writes; CloudWatch's alarms and Application Auto Scaling run by their
published semantics, tasks start in 30 s. A surge begins at a random moment of the minute and of AWS's ten seconds.
`cut`: all metrics break off 90 s into the surge, in the middle of it; no scale-in may follow once the last are stale.
`gone`: the controller is away from a minute before the surge on, and the backstop is alone.

Usage: python bench/template_modes.py [--phases N] [--json]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import numpy as np
from machine import describe

from fleetfoot.provision import Plan, stack
from fleetfoot.provision.write import to_json
from fleetfoot.sim.clocks import Clocks, clocks
from fleetfoot.sim.native import Backstopped, Executed, execute, with_bounds
from fleetfoot.sim.native.play import in_charge
from fleetfoot.sim.rivals import make
from fleetfoot.sim.scaler import Scaler
from fleetfoot.sim.service import plan_of
from fleetfoot.sim.world import Run, run
from fleetfoot.spec import Service, loads

BASE, SURGES = 60.0, (2, 3, 5)  # requests/s; times as many
ONSET, AFTER, CUT = 900, 1200, 90  # s: before the surge, from it on, and from it to the metrics' end
FRESH = 3  # s a signal that comes every second is believed
SMALLEST = 6  # tasks: 60/s is half of what they carry
RECIPE = "step: {name: up, signal: requests, above: 100/s, add: {0: 1, 50: 2, 100: 4}, cooldown: 10s}"
SIZED = "step: {name: up, signal: requests, above: 80/s, add: {0: 4, 60: 8, 160: 17}, cooldown: 60s}"
DOWN = "step: {name: down, signal: requests, below: 40/s, remove: 1, cooldown: 60s, datapoints: 6}"
STOCK = "60 s target tracking, stock"


class Mode(NamedTuple):
    name: str
    mode: str
    policies: str
    gone: bool = False


MODES = (
    Mode("native20, cpu at 60 %", "native20", "target: {signal: cpu, value: 60%}"),
    Mode("alarms, steps +1 +2 +4", "alarms", f"{RECIPE}, {DOWN}"),
    Mode("alarms, steps sized to the task", "alarms", f"{SIZED}, {DOWN}"),
    Mode("controller, slo", "controller", "slo"),
    Mode("controller gone, its backstop", "controller", "slo", gone=True),
)


def service_of(policies: str) -> Service:
    text = f"""
services:
  orders:
    target: dryrun
    capacity: {{min: {SMALLEST}, max: 60}}
    task: {{throughput: 20/s, startup: 30s, cpu: 0.5, memory: 1 GB}}
    policies: [{policies}]
"""
    return loads(text).services["orders"]


def scaler_of(mode: Mode, service: Service, executed: Executed, onset: int, cut: bool, phase: int) -> Scaler:
    scaler, ours = in_charge(executed, service)
    native = scaler.native if isinstance(scaler, Backstopped) else scaler
    native.phase = phase
    if isinstance(scaler, Backstopped) and mode.gone:
        scaler.gone = (1000 * (onset - 60), 1_000_000_000)
    if cut:
        native.lost = 1000 * (onset + CUT)
        if ours is not None:
            ours.lost = native.lost
    return scaler


def surge(scaler: Scaler, service: Service, executed: Executed | None, factor: float, onset: int, seed: int) -> Run:
    rates = np.full(onset + AFTER, BASE)
    rates[onset:] *= factor
    setup = plan_of(service).setup
    return run(rates, setup if executed is None else with_bounds(setup, executed), scaler, seed, initial=SMALLEST)


def phases(count: int) -> list[tuple[int, int, int]]:
    """(onset s, ms of AWS's own phase, seed)."""
    draw = Random(1)
    return [(ONSET + draw.randrange(60), 1000 * draw.randrange(10), seed) for seed in range(count)]


def figure(values: Sequence[int | None]) -> list[float | None]:
    """Median, p95 and worst in s; None for what did not come about."""
    rows = sorted(float("inf") if value is None else value / 1000 for value in values)
    picked = [rows[len(rows) // 2], rows[min(len(rows) - 1, int(0.95 * len(rows)))], rows[-1]]
    return [None if value == float("inf") else value for value in picked]


def shown(values: list[float | None]) -> str:
    return " / ".join("-" if value is None else f"{value:.0f}" for value in values)


def measured(mode: Mode, count: int) -> dict[str, object]:
    service = service_of(mode.policies)
    executed = execute("stack", to_json(stack(Plan(service, mode.mode))).encode())
    found: dict[str, object] = {}
    for factor in SURGES:
        told: list[Clocks] = []
        for onset, phase, seed in phases(count):
            scaler = scaler_of(mode, service, executed, onset, cut=False, phase=phase)
            told.append(clocks(surge(scaler, service, executed, factor, onset, seed), onset))
        found[f"x{factor}"] = {name: figure([getattr(one, name) for one in told]) for name in Clocks._fields}
    shrunk = 0
    for onset, phase, seed in phases(count):
        scaler = scaler_of(mode, service, executed, onset, cut=True, phase=phase)
        orders = surge(scaler, service, executed, SURGES[-1], onset, seed).orders
        blind = 1000 * (onset + CUT + FRESH)
        shrunk += any(order.after < order.before for order in orders if order.at > blind)
    return found | {"shrunk when cut": shrunk}


def stock(count: int) -> dict[str, object]:
    """The yardstick: not a mode of ours."""
    service = service_of("target: {signal: cpu, value: 60%}")
    found: dict[str, object] = {}
    for factor in SURGES:
        told = []
        for onset, _, seed in phases(count):
            scaler = make("aws target tracking 60 s", plan_of(service).setup)
            told.append(clocks(surge(scaler, service, None, factor, onset, seed), onset))
        found[f"x{factor}"] = {name: figure([getattr(one, name) for one in told]) for name in Clocks._fields}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--phases", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = {STOCK: stock(args.phases)} | {mode.name: measured(mode, args.phases) for mode in MODES}
    if args.json:
        print(json.dumps({"machine": describe(), "phases": args.phases, "modes": found}, indent=2))
        return
    print(f"{args.phases} random phases; seconds, median / p95 / worst; {describe()}\n")
    print("| mode | surge | command (2) | serving (3) | relief (4) |\n|---|---|---|---|---|")
    for name, rows in found.items():
        for factor in SURGES:
            row = rows[f"x{factor}"]
            assert isinstance(row, dict)
            print(f"| {name} | x{factor} | {' | '.join(shown(row[clock]) for clock in Clocks._fields)} |")
    print()
    for mode in MODES:
        print(f"metrics cut {CUT} s into x{SURGES[-1]}, {mode.name}: scale-in in {found[mode.name]['shrunk when cut']}")


if __name__ == "__main__":
    main()
