"""What is lost when tasks come and go, are killed, or the controller is killed in the middle of a surge. Measured.

- scale: 1,000 requests/s while the count goes 2 -> 6 -> 2 again and again; at least 50,000 requests.
- replace: the same traffic while tasks are killed with -9, one every few seconds.
- controller: kill -9 of the controller a moment after a surge began; how long until a new one decides.

The yardstick is nought: no request may fail. What fails is counted by the load generator, which retries nothing.

Usage: python bench/faults.py [--only scale|replace|controller] [--seconds S] [--json]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shlex
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from machine import describe

from fleetfoot.face.cli.demo import demo_yaml, example
from fleetfoot.face.trial import figures
from fleetfoot.face.trial.run import Outcome, run
from fleetfoot.face.trial.service import LiveService
from fleetfoot.fleet.client import BlockingPlaneClient
from fleetfoot.fleet.ports import choose

QUICK = "--cost 2"  # ms a request of the sample service takes here


class Control(http.client.HTTPConnection):
    """The controller's control socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=1.0)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(1.0)
        self.sock.connect(self._path)


def status(service: LiveService) -> dict[str, Any] | None:
    try:
        link = Control(str(service.state / "control.sock"))
        link.request("GET", "/api/v1/status")
        found: dict[str, Any] = json.loads(link.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return found


def fleet_yaml(port: int) -> str:
    """Quick tasks whose count nobody but this bench changes."""
    words = shlex.join([sys.executable, str(example() / "app.py"), *QUICK.split()])
    return f"""
services:
  encryptor:
    run: {json.dumps(words)}
    listen: 127.0.0.1:{port}
    target: local
    capacity: {{min: 1, max: 14, initial: 2}}
    task: {{throughput: 450/s, startup: 300ms, stop timeout: 5s, drain: 10s}}
    health: {{readiness: {{path: /healthz}}}}
"""


def under_load(
    seconds: int, rate: int, disturb: Callable[[LiveService, threading.Event], dict[str, Any]]
) -> dict[str, Any]:
    """Run ``disturb`` beside the load; its figures and the load's."""
    port = choose()
    url = f"http://127.0.0.1:{port}/"
    load = {"url": url, "rate": f"{rate}/s", "length": f"{seconds}s", "max_in_flight": 5000}
    told: dict[str, Any] = {}
    with LiveService(fleet_yaml(port), "encryptor", url) as service:
        over = threading.Event()

        def disturbing() -> None:
            told.update(disturb(service, over))

        beside = threading.Thread(target=disturbing)
        beside.start()
        outcome = run(service, load, lambda *_: None)
        over.set()
        beside.join()
    counts = outcome.result["counts"]
    return {
        "requests": counts["requests"], "failed": outcome.result["lost"], "failures": outcome.result["failures"],
        "statuses": outcome.result["statuses"], "p99_ms": round(outcome.result["p99_ms"], 1), **told,
    }  # fmt: skip


def rescale(service: LiveService, over: threading.Event) -> dict[str, Any]:
    client, changes = BlockingPlaneClient(service.state / "plane.sock"), 0
    while not over.wait(4.0):
        client.scale("encryptor", 6 if changes % 2 == 0 else 2)
        changes += 1
    return {"changes_of_count": changes}


def kill_tasks(service: LiveService, over: threading.Event) -> dict[str, Any]:
    client, killed = BlockingPlaneClient(service.state / "plane.sock"), 0
    client.scale("encryptor", 4)
    while not over.wait(4.0):
        tasks = [t for t in client.stats()["services"]["encryptor"]["tasks"] if t["state"] == "serving"]
        if len(tasks) > 2:
            os.kill(tasks[killed % len(tasks)]["pid"], signal.SIGKILL)
            killed += 1
    return {"tasks_killed": killed}


def kill_controller() -> dict[str, Any]:
    port = choose()
    url = f"http://127.0.0.1:{port}/"
    load = {"url": url, "stages": "28@10s,140@25s", "poisson": True, "seed": 5}
    took: list[float] = []

    def watch(_: Outcome, event: dict[str, Any] | None) -> None:
        if event is None or event["event"] != "second" or event["second"] != 10 or took:
            return
        found = status(service)
        assert found is not None
        os.kill(found["pid"], signal.SIGKILL)
        threading.Thread(target=_until_new, args=(service, found["pid"], took)).start()

    with LiveService(demo_yaml(port), "encryptor", url) as service:
        outcome = run(service, load, watch)
        desired = max(s.counts["desired"] for s in outcome.samples)
    return {
        "requests": outcome.result["counts"]["requests"],
        "failed": outcome.result["lost"],
        "new_controller_decides_after_s": round(took[0], 2) if took else None,
        "largest_count": desired,
        "seconds_over": figures.over(outcome),
    }


def _until_new(service: LiveService, old: int, took: list[float]) -> None:
    began = time.monotonic()
    while time.monotonic() - began < 20:
        found = status(service)
        if found is not None and found["pid"] != old and found["loop"]["steps"] > 0:
            took.append(time.monotonic() - began)
            return
        time.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("scale", "replace", "controller"))
    parser.add_argument("--seconds", type=int, default=55)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    jobs: dict[str, Callable[[], dict[str, Any]]] = {
        "scale": lambda: under_load(args.seconds, args.rate, rescale),
        "replace": lambda: under_load(args.seconds, args.rate, kill_tasks),
        "controller": kill_controller,
    }
    found = {name: job() for name, job in jobs.items() if args.only in (None, name)}
    if args.json:
        print(json.dumps({"machine": describe(), "kind": "measured", **found}))
        return
    print(f"{describe()}\nmeasured")
    for name, figures_of in found.items():
        print(f"{name:>10}  " + ", ".join(f"{key} {value}" for key, value in figures_of.items()))


if __name__ == "__main__":
    main()
