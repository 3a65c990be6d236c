"""The balancer beside HAProxy (or, without it, beside the task alone), in the same run, rounds taken in turn.

Two uvicorn tasks answer at once; wrk asks over 32 kept connections. "CPU us/request" is the processor time of the
balancer's one process, user and system, by its requests: 1,000,000 over it is what one core of its own would carry.
It holds on a busy machine, where requests/s mean little. The ratio is that of requests/s per core.

Usage: python bench/balancer.py [--rounds N] [--seconds S] [--connections C] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from machine import describe

GOAL = 0.65  # of HAProxy's requests/s per core

APP = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"].endswith("shutdown"):
                return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"432")]})
    await send({"type": "http.response.body", "body": b"x" * 432})
"""

BALANCER = """
import asyncio, socket, sys, uvloop
from fleetfoot.fleet.balancer import Balancer, BalancerSettings

async def main(port, tasks):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    balancer = Balancer("bench", BalancerSettings(), 1000, None, lambda why: None)
    for task in tasks:
        balancer.add(str(task), task, "a", "r")
        balancer.ready(str(task), 0)
    balancer.capacity_hint(1e6)
    await balancer.serve(sock)
    await asyncio.Event().wait()

uvloop.run(main(int(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
"""

HAPROXY = """
global
    maxconn 4096
    nbthread 1
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s
    timeout queue 5s
frontend web
    bind 127.0.0.1:{port}
    default_backend fleet
backend fleet
    balance leastconn
    http-reuse safe
    option forwardfor
{servers}
"""


class Round(NamedTuple):
    rate: float  # requests/s
    cpu_us: float  # of the process in the path, by request
    p50_ms: float
    p99_ms: float


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            sys.exit(f"{process.args!r} ended with {process.returncode}")
        time.sleep(0.01)
    sys.exit(f"nobody listens on {port}")


@contextmanager
def running(argv: list[str], port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, cwd=folder)
    try:
        wait_for_port(port, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def ask(port: int, pid: int, seconds: float, connections: int) -> Round:
    before = cpu_s(pid)
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{port}/"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(out)
    used = cpu_s(pid) - before
    found = re.search(r"(\d+) requests in", out)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    at = dict(re.findall(r"(50|99)%\s+(\S+)", out))
    if not found or not rate:
        sys.exit(out)
    return Round(float(rate[1]), used / int(found[1]) * 1e6, milliseconds(at["50"]), milliseconds(at["99"]))


def start(stack: ExitStack, folder: Path) -> dict[str, tuple[int, int]]:
    """Everything in the path, as (port, pid) by name."""
    (folder / "fleetfoot_bench_app.py").write_text(APP)
    (folder / "front.py").write_text(BALANCER)
    tasks = [free_port() for _ in range(2)]
    pids = []
    for port in tasks:
        argv = [sys.executable, "-m", "uvicorn", "fleetfoot_bench_app:app", "--port", str(port)]
        argv += ["--no-access-log", "--log-level", "error"]
        pids.append(stack.enter_context(running(argv, port, folder)).pid)
    ways = {"direct": (tasks[0], pids[0])}
    if shutil.which("haproxy"):
        port = free_port()
        servers = "\n".join(f"    server t{task} 127.0.0.1:{task}" for task in tasks)
        (folder / "haproxy.cfg").write_text(HAPROXY.format(port=port, servers=servers))
        ways["haproxy"] = (port, stack.enter_context(running(["haproxy", "-f", "haproxy.cfg"], port, folder)).pid)
    port = free_port()
    argv = [sys.executable, "front.py", str(port), *map(str, tasks)]
    ways["fleetfoot"] = (port, stack.enter_context(running(argv, port, folder)).pid)
    return ways


def middle(rounds: list[Round]) -> Round:
    return Round(*(statistics.median(values) for values in zip(*rounds, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        print("bench/balancer.py needs wrk: apt-get install -y wrk haproxy")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ff")))
        ways = start(stack, folder)
        rounds: dict[str, list[Round]] = {name: [] for name in ways}
        for way in ways.values():
            ask(*way, 1, options.connections)  # warm
        for _ in range(options.rounds):
            for name, way in ways.items():
                rounds[name].append(ask(*way, options.seconds, options.connections))
    result = {name: middle(taken) for name, taken in rounds.items()}
    yardstick = "haproxy" if "haproxy" in result else "direct"
    ratio = result[yardstick].cpu_us / result["fleetfoot"].cpu_us
    if options.json:
        print(json.dumps({name: r._asdict() for name, r in result.items()} | {"ratio": ratio, "yardstick": yardstick}))
        return
    print(describe())
    print(f"medians of {options.rounds} rounds of {options.seconds} s, {options.connections} connections, two tasks")
    print(f"{'':10} {'requests/s':>11} {'CPU us/request':>15} {'p50 ms':>8} {'p99 ms':>8}")
    for name, r in result.items():
        print(f"{name:10} {r.rate:11,.0f} {r.cpu_us:15.1f} {r.p50_ms:8.2f} {r.p99_ms:8.2f}")
    print(f"requests/s per core: {ratio:.0%} of {yardstick} (goal: {GOAL:.0%})")


if __name__ == "__main__":
    main()
