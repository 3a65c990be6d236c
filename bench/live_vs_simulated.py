"""The live fleet beside the simulated one: the same fleetfoot.yaml under the same rates.

Live is a real ``fleetfoot up`` (keeper, data plane, controller, tasks that wait an exponential 50 ms a request, one
at a time, and sleep 5 s before they listen) under ``fleetfoot load``. Simulated is ``sim/`` with the service of the
same file, the very arrivals of the live run, and what that showed of its tasks: the span from an order to ready and
its spread, how long a removed task is there, and how long a request is at its task. A live run is one draw: medians
and means over the live runs stand beside those over seeds, with what nine in ten of these lie between.

Usage: python bench/live_vs_simulated.py [--only surge|match] [--policy slo|default] [--runs R] [--seeds N]
       [--save FOLDER | --saved FOLDER] [--json]
``--save`` keeps what the live runs saw, ``--saved`` compares with it again without a fleet.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import shlex
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, log
from pathlib import Path
from statistics import fmean, median, pstdev
from typing import Any

import numpy as np
from machine import describe
from numpy.typing import NDArray

from fleetfoot.edge.journal.read import Reader
from fleetfoot.face.trial import figures
from fleetfoot.face.trial.run import Outcome
from fleetfoot.face.trial.run import run as drive
from fleetfoot.face.trial.service import LiveService
from fleetfoot.fleet.ports import choose
from fleetfoot.sim.live import engine
from fleetfoot.sim.measuring import per_second
from fleetfoot.sim.service import plan_of
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.world import run as simulate
from fleetfoot.spec.loader import loads
from fleetfoot.traffic import parse
from fleetfoot.traffic.arrivals import poisson
from fleetfoot.traffic.shape import Shape
from fleetfoot.traffic.trace import load_trace

TRACES = Path(__file__).parents[2] / "shared" / "traces"
TASK = Path(__file__).parents[1] / "tests" / "apps" / "tiny.py"
MEAN, STARTUP, PROBES = 0.05, 5.0, 60  # s, s, requests
POLICIES = ("slo", "default")
ONSET = {"surge": 40.0}  # s
TRAFFIC: dict[str, dict[str, Any]] = {
    "surge": {"stages": "28@40s,140@90s,28@110s"},
    "match": {  # a World Cup match day, a minute in a second
        "trace": "wc98_opening_week.csv", "start": "1998-06-10T13:00:00Z", "end": "1998-06-10T17:00:00Z",
        "speed": 60.0, "scale": 0.065,
    },
}  # fmt: skip
FIGURES = ("p95_ms", "seconds_over", "share_bad", "task_seconds", "early")


@dataclass
class Seen:
    """What a live run showed: its figures, and the values the simulated fleet takes from it (ms)."""

    traffic: str
    policy: str
    seed: int  # of the arrivals
    figures: dict[str, float]
    leads: list[float]  # an order to its last task ready, each
    starts: list[int]  # a task's process to ready, each
    drain: float  # a removed task is there, mean
    service: float  # a request at its task, mean over the run (Little's law)
    quiet: float  # a request of constant work on the quiet fleet, median
    warming: float  # a new task is at ramped weight, mean
    before: list[float]  # requests/s the controller saw from its first tick to the load, each second
    phase: float  # from the load's whole seconds to the controller's ticks
    sooner: float  # decided before the end of the second in which the surge began; 0: no onset is known
    load: float  # of the machine, mean over the run
    late_p99: float  # ms the generator itself was late
    counts: list[int]  # tasks ordered, each second


def yaml_of(policy: str, port: int) -> str:
    words = [sys.executable, "-S", str(TASK), f"{STARTUP:g}", f"{MEAN:g}"]
    return f"""
services:
  sleeper:
    run: {json.dumps(shlex.join(words))}
    listen: 127.0.0.1:{port}
    objective: {{p95: 1s, errors: 1%}}
    capacity: {{min: 2, max: 16}}
    policies: [{policy}]
    task:
      throughput: {1 / MEAN:g}/s
      concurrency: 1
      startup: {STARTUP + 0.3:g}s
      stop timeout: 15s
      drain: 10s
    health: {{readiness: {{path: /healthz}}}}
    guards:
      stabilisation: {{in: 15s}}
      cooldown: {{in: 5s}}
      rate: {{in: [50% per 10s, 2 per 10s]}}
"""


def shape_of(name: str) -> Shape:
    given = TRAFFIC[name]
    if "stages" in given:
        return parse.stages(given["stages"])
    words = {key: given[key] for key in ("start", "end", "speed", "scale")}
    return load_trace(TRACES / given["trace"], **words)


def live(name: str, policy: str, seed: int, keep: Path | None) -> Seen:
    port = choose()
    url = f"http://127.0.0.1:{port}/"
    load = {"url": url, "poisson": True, "seed": seed, "objective": "p95=1s", "max_in_flight": 20_000, **TRAFFIC[name]}
    if "trace" in load:
        load["trace"] = str(TRACES / load["trace"])
    loads = []
    with LiveService(yaml_of(policy, port), "sleeper", url) as service:
        quiet = probe(port)
        outcome = drive(service, load, lambda *_: loads.append(os.getloadavg()[0]))
        service.stop()
        steps = steps_of(service.journal, outcome)
        if keep is not None:
            shutil.copy(service.journal, keep)
    counts = outcome.result["counts"]
    return Seen(
        name,
        policy,
        seed,
        {
            "p95_ms": figures.p95(outcome, 0, float("inf")) or 0.0,
            "seconds_over": figures.over(outcome),
            "share_bad": outcome.result["bad"] / counts["requests"],
            "task_seconds": figures.task_seconds(outcome),
            "early": steps.early,
        },
        [float(o.last_ready - o.decided) for o in outcome.orders if o.count > o.before and o.last_ready is not None],
        steps.starts,
        drain_of(outcome),
        1000.0 * task_seconds_of("in_flight", outcome) / counts["requests"],
        quiet,
        warming_of(outcome),
        steps.before,
        steps.phase,
        sooner_of(outcome, ONSET.get(name)),
        fmean(loads),
        outcome.result["late_p99_ms"],
        [int(n) for n in ordered(outcome)],
    )


def probe(port: int) -> float:
    """ms a request of constant work takes when nothing else is asked for, median."""
    took = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for _ in range(PROBES):
        began = time.perf_counter()
        connection.request("GET", "/fixed")
        connection.getresponse().read()
        took.append(1000.0 * (time.perf_counter() - began))
    connection.close()
    return median(took)


def sooner_of(outcome: Outcome, onset: float | None) -> float:
    decided = None if onset is None else figures.clocks(outcome, onset).decision
    return 0.0 if decided is None else max(0.0, 1000.0 * (1.0 - decided))


def drain_of(outcome: Outcome) -> float:
    removed = sum(o.before - o.count for o in outcome.orders if o.count < o.before)
    return 1000.0 * task_seconds_of("draining", outcome) / removed if removed else 0.0


def warming_of(outcome: Outcome) -> float:
    added = sum(o.count - o.before for o in outcome.orders if o.count > o.before)
    return 1000.0 * task_seconds_of("warming", outcome) / added if added else 0.0


def task_seconds_of(state: str, outcome: Outcome) -> float:
    pairs = zip(outcome.samples, outcome.samples[1:], strict=False)
    return sum(one.counts[state] * (two.at - one.at) for one, two in pairs) / 1000.0


@dataclass
class Steps:
    """What the journal says of the controller's steps; times in ms, as in ``Seen``."""

    starts: list[int]
    early: int
    before: list[float]
    phase: float


def steps_of(journal: Path, outcome: Outcome) -> Steps:
    begin, end = outcome.start, outcome.start + round(1000 * outcome.duration)
    with Reader(journal) as reader:
        seen = list(reader.observations("sleeper", 0, 1 << 62))
        wall = seen[0].wall - seen[0].now
    during = [one for one in seen if begin <= one.wall <= end]
    starts = [start.span for one in during for start in one.fleet.starts if start.ok]
    ticks = Counter((one.now + wall - begin) % 1000 // 20 for one in during)
    phase = 20.0 * ticks.most_common(1)[0][0]
    first = begin - 1000 * ceil((begin - seen[0].wall) / 1000) + phase
    before = [0.0] * max(1, int((begin - first) // 1000))
    for one in seen[1:]:
        second, asked = int((one.wall - first) // 1000), one.signals["requests"]
        if 0 <= second < len(before):
            before[second] += asked.value * asked.span / 1000.0
    return Steps(starts, max(0, len(during) - int(outcome.duration)), before, phase)


def ordered(outcome: Outcome) -> Iterator[int]:
    """The desired count at the end of every second of the load."""
    samples = iter(outcome.samples)
    count, sample = 0, next(samples, None)
    for second in range(int(outcome.duration)):
        while sample is not None and sample.at <= outcome.start + 1000 * (second + 1):
            count, sample = sample.counts["desired"], next(samples, None)
        yield count


def setup_of(seen: Seen) -> Setup:
    """The plant of the file, with what the live run showed of its tasks."""
    service = loads(yaml_of(seen.policy, 1)).services["sleeper"]
    lead = median(seen.leads) if seen.leads else 1000.0 * STARTUP
    spread = pstdev([log(span) for span in seen.starts]) if seen.starts else 0.0
    varies = 1000.0 * MEAN / seen.service  # the rest of a request's time at its task is about the same for each
    return replace(
        plan_of(service).setup, service=seen.service, cs2=min(varies, 1.0) ** 2, startup=round(lead),
        startup_spread=spread, registration=0, drain=round(seen.drain),
    )  # fmt: skip


def requests_of(seen: Seen) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(requests/s, their arrivals in s) by the seconds of the controller's ticks: what it saw before the load, evenly,
    and the very arrivals of the load."""
    shape, ahead = shape_of(seen.traffic), 1.0 - seen.phase / 1000.0
    rates = per_second(shape)
    shifted = ahead * np.concatenate([[0.0], rates[:-1]]) + (1.0 - ahead) * rates
    early = [i + (j + 0.5) / round(n) for i, n in enumerate(seen.before) for j in range(round(n))]
    load = np.array(list(poisson(shape, random.Random(seen.seed)))) + len(seen.before) + ahead
    times = np.concatenate([early, load])
    total = len(seen.before) + len(rates)
    return np.concatenate([seen.before, shifted]), times[times < total]


def simulated(seen: Seen, seeds: int) -> list[dict[str, float]]:
    service, setup, (rates, times) = (
        loads(yaml_of(seen.policy, 1)).services["sleeper"],
        setup_of(seen),
        requests_of(seen),
    )
    found = []
    for seed in range(1, seeds + 1):
        done = simulate(
            rates, setup, engine(service), seed, initial=2, judged_from=len(seen.before), arrivals=times,
        )  # fmt: skip
        score = done.score
        values = (done.took(0.95), score.seconds_over, score.share_bad, 3600.0 * score.task_hours, done.woken)
        found.append(dict(zip(FIGURES, map(float, values), strict=True)))
    return found


def compared(seen: list[Seen], seeds: int) -> list[dict[str, Any]]:
    """Of the live runs of one traffic and policy: each figure beside the simulated ones, ``seeds`` for every run."""
    runs = [run for one in seen for run in simulated(one, seeds)]
    rows = []
    for name in FIGURES:
        measured, values = [one.figures[name] for one in seen], sorted(run[name] for run in runs)
        low, high = np.percentile(values, [5, 95])
        rows.append(
            {
                "figure": name, "live": measured, "live_median": median(measured), "live_mean": fmean(measured),
                "median": median(values), "mean": fmean(values), "p5": float(low), "p95": float(high),
                "of_medians": off(median(values), median(measured)), "of_means": off(fmean(values), fmean(measured)),
                "within": sum(low <= value <= high for value in measured),
            }
        )  # fmt: skip
    return rows


def off(value: float, measured: float) -> float | None:
    return value / measured - 1.0 if measured else None


def show(seen: list[Seen], rows: list[dict[str, Any]]) -> None:
    starts = [start for one in seen for start in one.starts]
    print(
        f"\n{seen[0].traffic}, {seen[0].policy}: {len(seen)} live runs; order to ready "
        f"{median(lead for one in seen for lead in one.leads):.0f} ms (starts {min(starts)} to {max(starts)})"
    )
    for name, values, unit in (
        ("request at its task", [one.service for one in seen], "ms"),
        ("constant 50 ms on the quiet fleet", [one.quiet for one in seen], "ms"),
        ("a removed task there", [one.drain for one in seen], "ms"),
        ("a new task warming", [one.warming for one in seen], "ms"),
        ("first decision before the end of the onset's second", [one.sooner for one in seen], "ms"),
        ("generator late, p99", [one.late_p99 for one in seen], "ms"),
        ("machine's load", [one.load for one in seen], ""),
    ):
        print(f"  {name}: {', '.join(f'{value:.1f}' for value in values)} {unit}")
    print(f"{'':>13} {'live':>7} {'simulated':>9} {'5 %':>7} {'95 %':>7} {'medians':>8} {'means':>6}  each")
    for row in rows:
        cells = "".join(f" {row[c]:{w}.4g}" for c, w in (("live_median", 7), ("median", 9), ("p5", 7), ("p95", 7)))
        changes = ["-" if row[c] is None else f"{100 * row[c]:+.0f} %" for c in ("of_medians", "of_means")]
        each = ", ".join(f"{value:.4g}" for value in row["live"])
        print(f"{row['figure']:>13}{cells} {changes[0]:>8} {changes[1]:>6}  {each}")


def all_seen(args: argparse.Namespace) -> Iterator[Seen]:
    if args.saved is not None:
        for file in sorted(args.saved.glob("*.json")):
            yield Seen(**json.loads(file.read_text()))
        return
    for run in range(args.runs):
        for name in [args.only] if args.only else TRAFFIC:
            if not (TRACES / TRAFFIC[name].get("trace", "")).exists():
                print(f"{name}: its trace is not here, left out", file=sys.stderr)
                continue
            for policy in [args.policy] if args.policy else POLICIES:
                file = None
                if args.save is not None:
                    args.save.mkdir(parents=True, exist_ok=True)
                    file = args.save / f"{name}-{policy}-{time.time_ns()}.json"
                seen = live(name, policy, 3 + run, file and file.with_suffix(".db"))
                if file is not None:
                    file.write_text(json.dumps(vars(seen)))
                yield seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=sorted(TRAFFIC))
    parser.add_argument("--policy", choices=POLICIES)
    parser.add_argument("--runs", type=int, default=1, help="live runs of each")
    parser.add_argument("--seeds", type=int, default=20, help="simulated runs for each live one")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--saved", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    told = []
    if not args.json:
        print(f"{describe()}\nlive: measured, each run a draw; simulated: {args.seeds} seeds for each of them")
    found: dict[tuple[str, str], list[Seen]] = {}
    for seen in all_seen(args):
        found.setdefault((seen.traffic, seen.policy), []).append(seen)
    for cell in found.values():
        rows = compared(cell, args.seeds)
        told.append({"seen": [vars(seen) for seen in cell], "rows": rows})
        if not args.json:
            show(cell, rows)
    if args.json:
        print(json.dumps({"machine": describe(), "kind": "measured and simulated", "cells": told}))


if __name__ == "__main__":
    main()
