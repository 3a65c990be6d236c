"""Both balancers as fleetfoot runs them, and the task alone, in the same run, rounds taken in turn.

Two uvicorn tasks answer at once. First wrk asks as fast as it can over 32 kept connections: "CPU us/request" is the
processor time of the process in the path by its requests, and 1,000,000 over it what one core of its own would carry.
Then 1,000 requests/s are sent in step over 32 connections, each timed from the moment it was due: what a balancer adds
is its p99 less that of the task alone. HAProxy carries its log, retries and statistics, as in a fleet.
bench/balancer.py has the embedded one beside a bare HAProxy.

Usage: python bench/balancers.py [--rounds N] [--seconds S] [--connections C] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import uvloop
from balancer import APP, Round, ask, free_port, middle, running
from machine import describe

RATE = 1000  # requests/s when paced
GET = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"

FRONT = """
import asyncio, json, socket, sys, uvloop
from pathlib import Path
from fleetfoot.fleet.balancer import BalancerSettings
from fleetfoot.fleet.balancers import make_balancer

async def main(kind, port, tasks):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    state = Path.cwd() / kind
    balancer = make_balancer(kind, "bench", BalancerSettings(), 1000, None, lambda why: None, state)
    for task in tasks:
        balancer.add(str(task), task, "a", "r")
        balancer.ready(str(task), 0)
    balancer.capacity_hint(1e6)
    await balancer.serve(sock)
    (state.parent / f"{kind}.pid").write_text(str(getattr(balancer, "pid", 0)))
    while True:
        await asyncio.sleep(0.5)
        found = balancer.snapshot()
        seen = {key: found[key] for key in ("offered", "completed", "broken", "bad")}
        seen["in histogram"] = sum(found["latency"].values())
        (state.parent / f"{kind}.seen").write_text(json.dumps(seen))

uvloop.run(main(sys.argv[1], int(sys.argv[2]), [int(port) for port in sys.argv[3:]]))
"""


class Paced(NamedTuple):
    """Latencies in ms of requests that were sent in step."""

    p50: float
    p99: float


class Way(NamedTuple):
    port: int
    pid: int  # of the process in the path


async def _connection(port: int, due: list[float], took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for moment in due:
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        writer.write(GET)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            sys.exit(head.decode())
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        took.append((time.perf_counter() - moment) * 1000)
    writer.close()


async def _paced(port: int, seconds: float, connections: int) -> Paced:
    took: list[float] = []
    start = time.perf_counter() + 0.2
    due = [start + number / RATE for number in range(int(seconds * RATE))]
    await asyncio.gather(*(_connection(port, due[one::connections], took) for one in range(connections)))
    cuts = statistics.quantiles(took, n=100)
    return Paced(cuts[49], cuts[98])


def start(stack: ExitStack, folder: Path) -> dict[str, Way]:
    """Everything in the path, by name."""
    (folder / "fleetfoot_bench_app.py").write_text(APP)
    (folder / "front.py").write_text(FRONT)
    tasks, pids = [free_port() for _ in range(2)], []
    for port in tasks:
        argv = [sys.executable, "-m", "uvicorn", "fleetfoot_bench_app:app", "--port", str(port)]
        argv += ["--no-access-log", "--log-level", "error"]
        pids.append(stack.enter_context(running(argv, port, folder)).pid)
    ways = {"direct": Way(tasks[0], pids[0])}
    for kind in ("embedded", "haproxy"):
        if kind == "haproxy" and not shutil.which("haproxy"):
            print("without haproxy: apt-get install -y haproxy", file=sys.stderr)
            continue
        port = free_port()
        argv = [sys.executable, "front.py", kind, str(port), *map(str, tasks)]
        plane = stack.enter_context(running(argv, port, folder)).pid
        while not (folder / f"{kind}.pid").exists():
            time.sleep(0.01)
        ways[kind] = Way(port, int((folder / f"{kind}.pid").read_text()) or plane)
    return ways


def measure(rounds: int, seconds: int, connections: int) -> dict[str, dict[str, float]]:
    """Medians by way, and what each balancer counted itself."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ff")))
        ways = start(stack, folder)
        for way in ways.values():
            ask(*way, 1, connections)  # warm
        fast: dict[str, list[Round]] = {name: [] for name in ways}
        paced: dict[str, list[Paced]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                fast[name].append(ask(*way, seconds, connections))
                paced[name].append(uvloop.run(_paced(way.port, seconds, connections)))
        time.sleep(1)
        seen = {kind: json.loads((folder / f"{kind}.seen").read_text()) for kind in ways if kind != "direct"}
    result = {}
    base = statistics.median(one.p99 for one in paced["direct"])
    for name in ways:
        p50, p99 = (statistics.median(values) for values in zip(*paced[name], strict=True))
        result[name] = middle(fast[name])._asdict() | {"paced_p50": p50, "paced_p99": p99, "added_p99": p99 - base}
        result[name] |= seen.get(name, {})
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        print("bench/balancers.py needs wrk: apt-get install -y wrk haproxy")
        return
    result = measure(options.rounds, options.seconds, options.connections)
    if options.json:
        print(json.dumps(result))
        return
    print(describe())
    print(f"medians of {options.rounds} rounds of {options.seconds} s, {options.connections} connections, two tasks")
    print(f"{'':10} {'requests/s':>11} {'CPU us/request':>15} {'p99 ms':>8}   at {RATE}/s: p50, p99, added p99 in ms")
    for name, r in result.items():
        print(f"{name:10} {r['rate']:11,.0f} {r['cpu_us']:15.1f} {r['p99_ms']:8.2f}", end="   ")
        print(f"{r['paced_p50']:.2f}, {r['paced_p99']:.2f}, {r['added_p99']:+.2f}")
    for name in ("embedded", "haproxy"):
        if name in result:
            one = result[name]
            share = one["in histogram"] / one["completed"] if one["completed"] else 0.0
            print(f"{name} counted {one['completed']:,} completed of {one['offered']:,}; {share:.1%} in the histogram")
    if "haproxy" in result:
        print(
            f"requests/s per core: embedded {result['haproxy']['cpu_us'] / result['embedded']['cpu_us']:.0%} of haproxy"
        )


if __name__ == "__main__":
    main()
