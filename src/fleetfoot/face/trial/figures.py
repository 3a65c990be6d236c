"""The figures of a trial, from what was seen alone: the four clocks, before/during/after, cost."""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

from fleetfoot.face.trial.run import Outcome
from fleetfoot_agent.histogram import Histogram

CALM = 5  # seconds in a row that are not over: the service is back
SURGE = 10_000  # ms after the onset within which orders count as its answer


class Clocks(NamedTuple):
    """Seconds from the onset; None when it did not happen. See DESIGN: the clocks that matter."""

    decision: float | None
    command: float | None
    serving: float | None
    calm: float | None


def clocks(outcome: Outcome, onset: float) -> Clocks:
    """The four clocks of the surge that began ``onset`` seconds into the load."""
    at = outcome.start + onset * 1000
    answers = [o for o in outcome.orders if at <= o.decided <= at + SURGE and o.count > o.before]
    decision = (answers[0].decided - at) / 1000 if answers else None
    commands = [o.commanded for o in answers if o.commanded is not None and o.ok]
    command = (min(commands) - at) / 1000 if commands else None
    ready = [o.last_ready for o in answers if o.last_ready is not None]
    serving = (max(ready) - at) / 1000 if answers and len(ready) == len(answers) else None
    return Clocks(decision, command, serving, _calm(outcome.seconds, onset))


def _calm(seconds: list[dict[str, Any]], onset: float) -> float | None:
    calm = 0
    for row in seconds:
        if row["second"] < int(onset):
            continue
        calm = 0 if row["over"] else calm + 1
        if calm == CALM:
            return max(0.0, float(row["second"]) - CALM + 1 - onset)
    return None


def over(outcome: Outcome, start: float = 0.0, end: float = float("inf")) -> int:
    """Seconds over the objective between two moments of the load (s)."""
    return sum(1 for row in outcome.seconds if start <= row["second"] < end and row["over"])


def p95(outcome: Outcome, start: float, end: float) -> float | None:
    """p95 in ms of the requests that arrived between two moments of the load (s); None when there were none."""
    merged = Histogram()
    for row in outcome.seconds:
        if start <= row["second"] < end:
            merged.merge(Histogram.from_json(row["latency"]))
    return merged.quantile_ms(0.95) if merged.total else None


def task_seconds(outcome: Outcome) -> float:
    """Task-seconds of everything that ran, from order to end, while the load lasted."""
    total = 0.0
    for one, two in zip(outcome.samples, outcome.samples[1:], strict=False):
        if outcome.start <= one.at <= outcome.start + outcome.duration * 1000:
            running = sum(one.counts[name] for name in ("serving", "warming", "starting", "draining"))
            total += running * (two.at - one.at) / 1000
    return total


def fixed_peak(outcome: Outcome, throughput: float, utilisation: float = 0.7) -> int:
    """Tasks a fixed fleet would need for the busiest ten seconds at the same utilisation."""
    arrivals = [row["arrivals"] for row in outcome.seconds]
    width = min(10, len(arrivals)) or 1
    busiest = max((sum(arrivals[i : i + width]) / width for i in range(max(1, len(arrivals) - width + 1))), default=0.0)
    return max(1, ceil(busiest / (throughput * utilisation) - 1e-9))
