"""From the order to a task that serves, its readiness check included: cold command, zygote, warm pool.

The supervisor and the embedded balancer run in this process, the tasks are real: a FastAPI app on uvicorn, or with
--app starlette a smaller one. One task more is ordered at a time; the clock stops when the balancer may send it
requests. The yardstick is the cold start of the same run.

Usage: python bench/starts.py [--starts N] [--app fastapi|starlette] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import uvloop
from machine import describe

from fleetfoot.fleet import stats
from fleetfoot.fleet.balancer import Balancer, BalancerSettings
from fleetfoot.fleet.exits import Exits
from fleetfoot.fleet.settings import parse
from fleetfoot.fleet.state import Store
from fleetfoot.fleet.supervisor import Supervisor

FASTAPI = """
from fastapi import FastAPI

app = FastAPI()

@app.get("/")
async def home():
    return {"well": True}
"""
STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def home(request):
    return PlainTextResponse("well")

app = Starlette(routes=[Route("/", home)])
"""
APPS = {"fastapi": FASTAPI, "starlette": STARLETTE}
BARS_MS = {"cold": 500.0, "zygote": 15.0, "warm": 2.0}  # for the FastAPI app
COMMAND = f"{sys.executable} -m uvicorn shop:app --host 127.0.0.1 --port $PORT --no-access-log --log-level warning"
WAYS: dict[str, dict[str, Any]] = {
    "cold": {"command": COMMAND},
    "zygote": {"app": "shop:app"},
    "warm": {"command": COMMAND, "warm": 1},
}


class Told(Balancer):
    """Tells when it may send a task requests. Asking it again and again would take the CPU the task starts with."""

    routed: asyncio.Event

    def ready(self, task: str, ramp_ms: int = 0) -> None:
        super().ready(task, ramp_ms)
        self.routed.set()


async def measure(folder: Path, way: str, starts: int) -> list[float]:
    """Ms from the order to serving, one number a start."""
    raw = {"name": way, "initial": 1, "max": starts + 1, "directory": str(folder), "drain_ms": 1000, **WAYS[way]}
    settings = parse({"state": str(folder), "services": [raw]}).services[0]
    store = Store(folder / "state")
    store.make()
    balancer = Told(way, BalancerSettings(), 1000, None, lambda _: None)
    balancer.routed = asyncio.Event()
    supervisor = Supervisor(settings, balancer, store, Exits(), {"FLEETFOOT_STATE": str(store.root)})
    supervisor.reconcile()
    spans = []
    try:
        await balancer.routed.wait()
        for count in range(1, starts + 1):
            while stats.service(supervisor)["warm"] != settings.warm:  # noqa: ASYNC110 - there is nothing to be told by
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.2)  # the task before has settled
            balancer.routed.clear()
            began = perf_counter_ns()
            supervisor.scale(count + 1)
            await balancer.routed.wait()
            spans.append((perf_counter_ns() - began) / 1e6)
    finally:
        supervisor.hold()
        await supervisor.stop()
    return spans


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=15)
    parser.add_argument("--app", choices=APPS, default="fastapi")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.app == "fastapi" and find_spec("fastapi") is None:
        print("bench/starts.py needs fastapi, which make dev installs; or --app starlette")
        return
    rows = {}
    for way in WAYS:
        with tempfile.TemporaryDirectory(prefix="ff") as name:
            folder = Path(name)
            (folder / "shop.py").write_text(APPS[args.app], encoding="utf-8")
            spans = uvloop.run(measure(folder, way, args.starts))
        told = {"min": min(spans), "p50": statistics.median(spans), "max": max(spans)}
        rows[way] = {f"{name}_ms": round(value, 2) for name, value in told.items()}
    if args.json:
        print(json.dumps({"machine": describe(), "app": args.app, "starts": args.starts, **rows}))
        return
    print(describe())
    print(f"{args.app} on uvicorn, median of {args.starts} starts, the readiness check included")
    for way, row in rows.items():
        share = row["p50_ms"] / rows["cold"]["p50_ms"]
        took = f"min {row['min_ms']:8.2f} ms   p50 {row['p50_ms']:8.2f} ms   max {row['max_ms']:8.2f} ms"
        print(f"{way:7} {took}   {share:6.1%} of a cold start (bar {BARS_MS[way]:g} ms)")


if __name__ == "__main__":
    main()
