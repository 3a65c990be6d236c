"""What the agent costs: ns added to a request (an ASGI app called directly), and us for a push on both of its sides.

The yardsticks, in the same run: a middleware that only passes through, the smallest recorder that could be
written by hand (no threads, no gauges, no end at the last byte), and prometheus_client with labels where installed.
The bar: at most 1 us in a direct ASGI call, and a fifth of prometheus_client. Runs are short, so that most of them
meet no other process; the median is the figure, the quietest run is shown beside it.

Usage: python bench/agent.py [--requests N] [--runs R] [--json]
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import statistics
from collections.abc import Awaitable, Callable
from time import perf_counter_ns
from typing import Any

from machine import describe

from fleetfoot.edge.sources.push import Receiver
from fleetfoot_agent import AsgiMiddleware, Recorder, WsgiMiddleware
from fleetfoot_agent.wire import decode, encode, push_of

START = {"type": "http.response.start", "status": 200, "headers": []}
BODY = {"type": "http.response.body", "body": b"ok"}
SCOPE = {"type": "http", "method": "GET", "path": "/"}
TASKS = 100
BARE, BARE_WSGI = "bare", "bare, WSGI"
PROMETHEUS = "prometheus_client, labels"
App = Callable[..., Awaitable[None]]


async def bare(_scope: Any, _receive: Any, send: Any) -> None:
    await send(START)
    await send(BODY)


async def sink(message: Any) -> None:
    pass


class PassThrough:
    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class _HandSend:
    __slots__ = ("code", "send")

    def __init__(self, send: Any) -> None:
        self.send, self.code = send, 500

    def __call__(self, message: Any) -> Any:
        if message["type"] == "http.response.start":
            self.code = message["status"]
        return self.send(message)


def by_hand(app: App) -> App:
    buckets, totals, classes = [0] * 1024, [0] * 4, [0] * 6

    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        totals[0] += 1
        began, sending = perf_counter_ns(), _HandSend(send)
        try:
            await app(scope, receive, sending)
        finally:
            ns = perf_counter_ns() - began
            totals[0] -= 1
            totals[1] += 1
            totals[3] += ns
            classes[min(sending.code // 100, 5)] += 1
            unit = ns >> 10
            bits = unit.bit_length()
            buckets[unit if bits < 5 else ((bits - 4) << 4) + (unit >> (bits - 5))] += 1

    return middleware


def with_prometheus(app: App) -> App | None:
    name = "prometheus_client"  # a dependency of development only: measured where it is there
    if importlib.util.find_spec(name) is None:
        return None
    prometheus = importlib.import_module(name)
    registry = prometheus.CollectorRegistry()
    labels = ["method", "endpoint", "status_code"]
    requests = prometheus.Counter("http_requests", "requests", labels, registry=registry)
    seconds = prometheus.Histogram("http_request_duration_seconds", "latency", labels[:2], registry=registry)
    active = prometheus.Gauge("active_connections", "in flight", registry=registry)

    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        active.inc()
        began, sending = perf_counter_ns(), _HandSend(send)
        try:
            await app(scope, receive, sending)
        finally:
            active.dec()
            requests.labels(scope["method"], scope["path"], str(sending.code)).inc()
            seconds.labels(scope["method"], scope["path"]).observe((perf_counter_ns() - began) / 1e9)

    return middleware


def asgi_ns(app: App, requests: int) -> float:
    """ns a request; the coroutine is driven by hand, so that no event loop is in the figure."""

    async def loop() -> float:
        began = perf_counter_ns()
        for _ in range(requests):
            await app(SCOPE, None, sink)
        return (perf_counter_ns() - began) / requests

    try:
        loop().send(None)
    except StopIteration as done:
        return float(done.value)
    raise AssertionError("nothing in here waits")


def wsgi_ns(app: Callable[..., Any], requests: int) -> float:
    began = perf_counter_ns()
    for _ in range(requests):
        body = app({}, lambda *_: None)
        for _ in body:
            pass
        if hasattr(body, "close"):
            body.close()
    return (perf_counter_ns() - began) / requests


def bare_wsgi(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"ok"]


def added(requests: int, runs: int) -> dict[str, tuple[float, float]]:
    """ns added to a request, (median, quietest) of the runs; every run measures all, beside a bare call."""
    apps: dict[str, App] = {
        "pass-through": PassThrough(bare),
        "by hand": by_hand(bare),
        "agent": AsgiMiddleware(bare, Recorder()),
    }
    prometheus = with_prometheus(bare)
    if prometheus is not None:
        apps[PROMETHEUS] = prometheus
    rows: dict[str, list[float]] = {name: [] for name in (BARE, BARE_WSGI, *apps, "agent, WSGI")}
    wsgi = WsgiMiddleware(bare_wsgi, Recorder())
    for _ in range(runs):
        for name, app in {BARE: bare, **apps}.items():
            rows[name].append(asgi_ns(app, requests))
        rows[BARE_WSGI].append(wsgi_ns(bare_wsgi, requests))
        rows["agent, WSGI"].append(wsgi_ns(wsgi, requests))
    figures = {name: (statistics.median(row), min(row)) for name, row in rows.items()}
    base, base_wsgi = figures.pop(BARE), figures.pop(BARE_WSGI)
    return {
        name: (median - under[0], least - under[1])
        for name, (median, least) in figures.items()
        for under in [base_wsgi if "WSGI" in name else base]
    }


def push_us(runs: int) -> dict[str, float]:
    """us for one push: made by the sender, taken by the receiver, and for one reading of all tasks."""
    recorder, clock = Recorder(), [0]
    receiver = Receiver(["orders"], lambda: clock[0])
    rows: dict[str, list[float]] = {"make one push": [], "take one push": [], f"merge {TASKS} tasks": []}
    for sequence in range(1, runs + 2):
        for i in range(200):
            recorder.begin()
            recorder.end(2_000_000 + i * i * 9_000, 200)
        began = perf_counter_ns()
        push = push_of(recorder.take(), ("orders", "orders-0", "r"), sequence)
        encode(push)
        rows["make one push"].append((perf_counter_ns() - began) / 1e3)
        clock[0] += 1000
        push = push._replace(start=clock[0] - 1000, end=clock[0], length=1000.0)
        bodies = [encode(push._replace(task=f"orders-{i}")) for i in range(TASKS)]
        began = perf_counter_ns()
        for body in bodies:
            receiver.take(decode(body))
        rows["take one push"].append((perf_counter_ns() - began) / TASKS / 1e3)
        began = perf_counter_ns()
        receiver.signals("orders", clock[0], TASKS)
        rows[f"merge {TASKS} tasks"].append((perf_counter_ns() - began) / 1e3)
    return {name: statistics.median(row[1:]) for name, row in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=61)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    ns, us = added(options.requests, options.runs), push_us(options.runs)
    if options.json:
        print(json.dumps({"machine": describe(), "added_ns": ns, "push_us": us}))
        return
    print(describe())
    print(f"added to a request, median of {options.runs} runs of {options.requests:,} requests")
    yardstick = PROMETHEUS if PROMETHEUS in ns else "by hand"
    for name, (median, least) in ns.items():
        ratio = f"x{median / ns[yardstick][0]:.3f} of {yardstick.split(',')[0]}"
        print(f"  {name:26} {median:8.0f} ns   {ratio}   quietest {least:.0f} ns, x{least / ns[yardstick][1]:.3f}")
    if PROMETHEUS not in ns:
        print("  prometheus_client is not installed: its row is left out (make dev installs it)")
    for name, value in us.items():
        print(f"  {name:26} {value:8.0f} us")


if __name__ == "__main__":
    main()
