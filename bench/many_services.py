"""Many services in one controller: what a second of decisions takes, and what they are remembered in.

Every service has four policies, all guards and windows as full as they get, each restored from its own JSON, so that
services share no value. Timed is one tick over all of them: every wish, the arbiter's shares, every decision. Beside
it: one step of a single service with every policy there is. The yardstick is a JSON round trip of one observation.

Usage: python bench/many_services.py [--services N] [--ticks T] [--json]
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import statistics
import time
from pathlib import Path

from machine import describe

from fleetfoot.core.compile import compile_service
from fleetfoot.core.engine import settle_all, step, wish
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Fleet, Observation, Signal
from fleetfoot.core.pack import observation_to_json
from fleetfoot.core.policies import POLICIES
from fleetfoot.core.settings import Settings
from fleetfoot.spec.loader import loads
from fleetfoot.spec.zones import Zones

SECOND, EACH, EVERY, GIGABYTES = 1.0, 100.0, 250.0, 1.5  # bars: s a tick, us a service, us a step, 10^9 bytes
START = 1_700_000_000_000
FULLEST = 255  # steps after which a window holds the most it ever does
HEAD = """
services:
  orders:
    run: orders --port $PORT
    objective: {p95: 1s}
    capacity: {min: 2, max: 14}
    task: {throughput: 20/s, startup: 1s}
    policies:
"""
FOUR = """
      - default
      - step: {signal: requests, above: 100/s, add: {0: 1, 50: 2, 100: 4}, cooldown: 10s}
      - target: {signal: cpu, value: 70%}
      - thresholds: {out when any: {cpu: 80%, latency: 2s, errors: 5%}, in when all: {cpu: 20%, latency: 500ms}}
"""
REST = """
      - slo
      - hpa: {metrics: [{signal: cpu, utilisation: 60%}], in: {stabilisation: 5m}}
      - adaptive: {signal: cpu, above: 70%, at most: 85%, below: 30%}
      - schedule: {office: {when: "weekdays 08:00-19:00", zone: Asia/Seoul, min: 4, ramp: 10m}}
      - backlog: {signal: queue, per task: 10}
      - forecast: {mode: forecast only, zone: UTC, buffer: 10m, on breach: hold}
      - composite: {weights: {latency: 50%, errors: 50%}}
      - graded: {signal: cpu, level: moderate, below: 30%}
"""


def settings_of(policies: str) -> Settings:
    return compile_service(loads(HEAD + policies).services["orders"])


def observed(now: int, rng: random.Random, zones: Zones) -> Observation:
    """28 requests/s with noise on two tasks, every number an object of its own."""
    rate = rng.gauss(28, 5.3)
    values = {
        "requests": rate, "completed": rate + 0.0, "latency": rng.gauss(80.0, 5.0), "errors": 0.0,
        "in_flight": rng.gauss(3.0, 0.5), "queue": 0.0, "cpu": rng.gauss(0.5, 0.05),
    }  # fmt: skip
    return Observation(
        now, now, {name: Signal(name, value, now, now) for name, value in values.items()}, Fleet(now, 2, 2),
        offsets=zones.at(now),
    )  # fmt: skip


def remembered(settings: Settings, rng: random.Random, steps: int = FULLEST) -> Memory:
    memory, zones = Memory(), Zones(settings.zones)
    for second in range(steps):
        step(settings, memory, observed(START + 1000 * second, rng, zones))
    return memory


def resident() -> float:
    """10^6 bytes this process holds at this moment."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024 / 1e6


def tick(services: dict[str, tuple[Settings, Memory]], seen: dict[str, Observation]) -> float:
    """Processor seconds one pass over all services takes."""
    began = time.process_time()
    wishes = {name: wish(settings, memory, seen[name]) for name, (settings, memory) in services.items()}
    decided = settle_all(wishes)
    took = time.process_time() - began
    assert len(decided) == len(services)
    return took


def every(steps: int, rng: random.Random) -> float:
    """us a step with every policy takes."""
    settings = settings_of(FOUR + REST)
    assert len(settings.policies) == len(POLICIES), "a policy is missing here"
    memory, zones = remembered(settings, rng), Zones(settings.zones)
    rows = [observed(START + 1000 * (FULLEST + i), rng, zones) for i in range(steps)]
    began = time.process_time()
    for row in rows:
        step(settings, memory, row)
    return (time.process_time() - began) / steps * 1e6


def yardstick(row: Observation, times: int = 2000) -> float:
    began = time.process_time()
    for _ in range(times):
        json.loads(json.dumps(observation_to_json(row)))
    return (time.process_time() - began) / times * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--ticks", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rng, zones = random.Random(1), Zones(())
    with_all = min(every(2000, rng) for _ in range(3))
    before = resident()
    texts = [json.dumps(remembered(settings_of(FOUR), rng).to_json()) for _ in range(8)]
    services = {
        f"service {i}": (settings_of(FOUR), Memory.from_json(json.loads(texts[i % len(texts)])))
        for i in range(args.services)
    }
    held = resident() - before
    gc.freeze()  # as a controller that has been up for a while: what is old is not looked through again
    took = []
    for second in range(args.ticks):
        now = START + 1000 * (FULLEST + second)
        took.append(tick(services, {name: observed(now, rng, zones) for name in services}))
    best, usual, yard = min(took), statistics.median(took), yardstick(observed(START, rng, zones))
    each = best / args.services * 1e6
    found = {
        "machine": describe(), "kind": "measured", "services": args.services, "policies": len(POLICIES),
        "tick_s": round(best, 3), "tick_median_s": round(usual, 3), "us_per_service": round(each, 1),
        "every_policy_us": round(with_all, 1), "json_round_trip_us": round(yard, 1),
        "kb_per_service": round(held * 1000 / args.services, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2),
        "bars": {"tick_s": SECOND, "us_per_service": EACH, "every_policy_us": EVERY, "peak_gb": GIGABYTES},
    }  # fmt: skip
    if args.json:
        print(json.dumps(found))
        return
    print(found["machine"])
    print(
        f"{args.services} services x 4 policies, one core: {best:.2f} s a tick, median {usual:.2f} s (bar for 10,000: "
        f"{SECOND:.0f} s); {each:.1f} us a service, arbiter included (bar {EACH:.0f} us)"
    )
    print(f"memory: {found['kb_per_service']} kB a service, {found['peak_gb']} GB at the most (bar {GIGABYTES} GB)")
    print(f"one step with all {len(POLICIES)} policies: {with_all:.1f} us (bar {EVERY:.0f} us)")
    print(
        f"yardstick, JSON round trip of one observation: {yard:.1f} us; a service is {each / yard:.2f} x it, "
        f"the step with all policies {with_all / yard:.2f} x"
    )


if __name__ == "__main__":
    main()
