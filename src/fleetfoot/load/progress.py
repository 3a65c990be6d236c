"""What a run tells while it goes on: plain dicts, one JSON line each.

start    once: the clock it counts from, and what will be sent
second   once a second, at its end: what was seen in it, requests still open included
judged   once per second of arrivals, when its youngest request is older than the objective:
         is it over? (docs/load.md has every key)
result   last
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

from fleetfoot.load.ledger import MS, Ledger, Second
from fleetfoot.load.plan import Plan


def start_event(plan: Plan, start_ns: int) -> dict[str, Any]:
    """``start_ns``: the first moment of the run by CLOCK_MONOTONIC."""
    wall = time.time_ns() + start_ns - time.monotonic_ns()
    return {
        "event": "start",
        "url": plan.url,
        "mono_ms": start_ns // MS,
        "wall_ms": wall // MS,
        "duration_s": plan.shape.duration,
        "requests": round(plan.shape.total(plan.shape.duration)),
        "percentile": plan.objective.percentile,
        "objective_ms": plan.objective.latency_ms,
        "errors": plan.objective.errors,
    }


def second_event(ledger: Ledger, number: int, now_ns: int, overdue: list[int]) -> dict[str, Any]:
    """Second ``number`` has just ended. ``p_ms`` is over what ended in it and what is open past the objective."""
    due = ledger.seconds[number] if number < len(ledger.seconds) else Second(number)
    counts = ledger.counts()
    return {
        "event": "second",
        "second": number,
        "at_ms": now_ns // MS,
        "arrivals": due.arrivals,
        "p_ms": ledger.take_recent(overdue),
        "in_flight": ledger.in_flight,
        "overdue": len(overdue),
        "late_ms": due.late_ns / MS,
        # cumulative
        "requests": counts.requests,
        "ended": ledger.ended,
        "bad": counts.bad,
        "lost": counts.lost,
        "shed": counts.refused,
    }


def judged_event(ledger: Ledger, second: Second, now_ns: int) -> dict[str, Any]:
    """``p_ms`` is None while some of the second's requests are still open; the result has it."""
    return {
        "event": "judged",
        "second": second.number,
        "arrivals": second.arrivals,
        "bad": ledger.bad(second, now_ns),
        "lost": second.lost,
        "p_ms": second.p_ms,
        "late_ms": second.late_ns / MS,
        "over": ledger.is_over(second, now_ns),
    }


def events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The events in the lines of a run's output; a line that is none is passed over."""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            yield event
