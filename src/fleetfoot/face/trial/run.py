"""One trial from start to end: load and samples side by side, events handed on as they come."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fleetfoot.core.model import Decision
from fleetfoot.edge.journal.read import CannotRead, OrderRow, Reader
from fleetfoot.face.trial.service import LiveService, TrialFailed

SAMPLE_EVERY = 0.25  # s
STATES = ("desired", "serving", "warming", "starting", "draining", "warm", "failed", "queue", "in_flight")


class Sample(NamedTuple):
    """The fleet at ``at`` (wall ms): counts by state."""

    at: int
    counts: dict[str, int]


@dataclass
class Outcome:
    """Everything a trial saw. Times are wall ms unless said otherwise."""

    start: int = 0  # when the load began
    duration: float = 0.0  # s
    samples: list[Sample] = field(default_factory=list)
    seconds: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    orders: list[OrderRow] = field(default_factory=list)


Watcher = Callable[["Outcome", dict[str, Any] | None], None]


def run(service: LiveService, load: dict[str, Any], watch: Watcher, tick: float = SAMPLE_EVERY) -> Outcome:
    """Run ``load`` (options of ``fleetfoot.load``) against ``service``.

    ``watch`` is called with the outcome so far for every event of the load, and with None for every
    sample in between. Raises TrialFailed when the load cannot run, or ends early; KeyboardInterrupt passes through
    after the load was ended.
    """
    outcome = Outcome()
    command = [sys.executable, "-P", "-m", "fleetfoot.load"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(load))
    process.stdin.close()
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()
    try:
        for event in _events(lines, tick):
            _sample(service, outcome)
            if event is not None:
                _take(event, outcome)
            watch(outcome, event)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(10)
    if not outcome.result:
        raise TrialFailed(f"the load process ended without a result (exit code {process.returncode})")
    outcome.decisions, outcome.orders = journaled(service, outcome.start - 60_000)
    return outcome


def _pump(stream: Any, lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _events(lines: queue.Queue[str | None], tick: float) -> Iterator[dict[str, Any] | None]:
    """Events as they come; None whenever ``tick`` seconds passed without one."""
    due = time.monotonic() + tick
    while True:
        try:
            line = lines.get(timeout=max(0.0, due - time.monotonic()))
        except queue.Empty:
            due = time.monotonic() + tick
            yield None
            continue
        if line is None:
            return
        try:
            yield json.loads(line)
        except ValueError:
            raise TrialFailed(f"the load process ended in the middle of a line: {line[:80]!r}") from None


def _take(event: dict[str, Any], outcome: Outcome) -> None:
    kind = event["event"]
    if kind == "refused":
        raise TrialFailed("; ".join(event["errors"]))
    if kind == "start":
        outcome.start, outcome.duration = event["wall_ms"], event["duration_s"]
    elif kind == "result":
        outcome.result, outcome.seconds = event, event["seconds"]


def _sample(service: LiveService, outcome: Outcome) -> None:
    now = time.time_ns() // 1_000_000
    if outcome.samples and now - outcome.samples[-1].at < SAMPLE_EVERY * 900:
        return
    seen = service.stats()
    if seen is not None:
        outcome.samples.append(Sample(now, {name: int(seen[name]) for name in STATES}))


def journaled(service: LiveService, since: int) -> tuple[list[Decision], list[OrderRow]]:
    """Decisions and orders the journal holds since a wall time (ms); empty while there is none."""
    try:
        with Reader(service.journal) as reader:
            return reader.decisions(service.name, since, 1 << 62), reader.orders(service.name, since)
    except CannotRead:
        return [], []
