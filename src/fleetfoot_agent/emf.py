"""Publishes to CloudWatch by a line on standard output: the embedded metric format (EMF).

With FLEETFOOT_NAMESPACE set, every 5 s one line of JSON with what happened since the line before, in a resolution of a
second. Where standard output goes to CloudWatch Logs (awslogs on ECS), CloudWatch makes metrics of it by itself; the
task needs no permission for it, and pays for a log line instead of a call.

    RequestsPerSecond, CompletedPerSecond     Count/Second
    ActiveConnections, RequestQueueLength     Count, at that moment
    ResponseTime                              Milliseconds, up to 100 values: of more requests every so manieth
    ErrorRate                                 Percent of what ended

They stand under the dimension Service; what did not happen is left out. As in the sender, nothing blocks the app or
raises into it.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from fleetfoot_agent.recorder import Counts
from fleetfoot_agent.sender import pause

INTERVAL_S = 5.0
MOST_VALUES = 100  # of a metric in one line: EMF's limit
UNITS = {
    "RequestsPerSecond": "Count/Second",
    "CompletedPerSecond": "Count/Second",
    "ActiveConnections": "Count",
    "RequestQueueLength": "Count",
    "ResponseTime": "Milliseconds",
    "ErrorRate": "Percent",
}


class Source(Protocol):
    """Who counts."""

    def look(self) -> Counts:
        """The counts now, without beginning anew."""


class Place(NamedTuple):
    """Where the metrics go, and of whom they are."""

    namespace: str
    service: str
    task: str


def place_from(environ: Mapping[str, str]) -> Place | None:
    """The place the environment names, or None when FLEETFOOT_NAMESPACE or FLEETFOOT_SERVICE is not set."""
    namespace, service = environ.get("FLEETFOOT_NAMESPACE", ""), environ.get("FLEETFOOT_SERVICE", "")
    task = environ.get("FLEETFOOT_TASK") or socket.gethostname()
    return Place(namespace, service, task) if namespace and service else None


def line_of(place: Place, before: Counts, now: Counts, wall_ms: int) -> str:
    """One line: what happened between two looks at one incarnation; ``wall_ms``: since 1970."""
    values = _values(before, now)
    metrics = [{"Name": name, "Unit": UNITS[name], "StorageResolution": 1} for name in values]
    directive = {"Namespace": place.namespace, "Dimensions": [["Service"]], "Metrics": metrics}
    meta = {"Timestamp": wall_ms, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": meta, "Service": place.service, "Task": place.task, **values}, separators=(",", ":"))


def _values(before: Counts, now: Counts) -> dict[str, Any]:
    seconds = max(now.end - before.end, 1.0) / 1000
    latency = now.latency.minus(before.latency)
    ended = sum(now.status.values()) - sum(before.status.values())  # refused ones too, which have no latency
    errors = now.errors - before.errors
    found: dict[str, Any] = {
        "RequestsPerSecond": round((now.requests - before.requests) / seconds, 3),
        "CompletedPerSecond": round(max(ended - errors, 0) / seconds, 3),
        "ActiveConnections": now.in_flight,
    }
    if now.queue is not None:
        found["RequestQueueLength"] = now.queue
    if count := min(latency.total, MOST_VALUES):
        found["ResponseTime"] = [round(latency.quantile_ms((i + 0.5) / count), 3) for i in range(count)]
    if ended:
        found["ErrorRate"] = round(100 * errors / ended, 3)
    return found


def _out(text: str) -> None:
    os.write(1, text.encode() + b"\n")  # one write: lines of several processes stay whole


class Emf:
    """A daemon thread of its own, in every process that counts."""

    def __init__(self, recorder: Source, place: Place, write: Callable[[str], None] = _out) -> None:
        self.failed = 0
        self._recorder, self._place, self._write = recorder, place, write
        self._before: Counts | None = None
        self._process = 0  # whose thread runs; a forked child has none

    def start(self) -> None:
        """Begin, unless this process has begun."""
        if self._process == os.getpid():
            return
        self._process, self._before = os.getpid(), None
        try:
            self.publish()
            threading.Thread(target=self._run, name="fleetfoot-emf", daemon=True).start()
        except RuntimeError:  # no thread to be had, or the interpreter ends
            self.failed += 1

    def publish(self) -> None:
        """One line of what happened since the last; the first look is only where it begins."""
        try:
            before, self._before = self._before, self._recorder.look()
            if before is not None and before.incarnation == self._before.incarnation:
                self._write(line_of(self._place, before, self._before, round(time.time() * 1000)))
        except Exception:  # noqa: BLE001 - the app is not to know
            self.failed += 1

    def _run(self) -> None:
        while True:
            time.sleep(pause(time.monotonic(), INTERVAL_S, self._place.task))
            self.publish()
