"""The sum of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fleetfoot.load.ledger import MS, Ledger
from fleetfoot.load.plan import Plan
from fleetfoot.load.verdict import Counts, Objective, Verdict, judge, span
from fleetfoot_agent.histogram import Histogram

LATE_MS = 10.0  # the generator's own p99 lateness that deserves a word


@dataclass(frozen=True)
class Result:
    """One run. Latencies in ms, of answered and timed-out requests; None when there were none."""

    url: str
    objective: Objective
    elapsed: float  # seconds of sending
    interrupted: bool
    counts: Counts
    median_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    objective_ms: float | None  # at the objective's own percentile
    late_p99_ms: float  # the generator's own lateness
    late_max_ms: float
    seconds: list[dict[str, Any]]
    statuses: dict[str, int]
    failures: dict[str, int]
    histogram: Histogram
    verdict: Verdict

    @property
    def seconds_over(self) -> int:
        return sum(1 for second in self.seconds if second["over"])

    @property
    def rate(self) -> float:
        return self.counts.requests / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def warnings(self) -> list[str]:
        """What a reader must know about the meter itself."""
        found = []
        if self.late_p99_ms > LATE_MS:
            found.append(
                f"the generator itself fell behind: 1 % of the requests left {span(self.late_p99_ms)} or more after "
                "they were due; that is part of their latency, so the service was faster than these figures"
            )
        if self.counts.held:
            found.append(
                f"{self.counts.held} requests waited for a free connection of the generator (max in flight); "
                "the wait is part of their latency"
            )
        if self.interrupted:
            found.append(f"interrupted; {self.counts.unfinished} requests were still open and are not judged")
        return found

    def to_json(self) -> dict[str, Any]:
        return {
            "event": "result",
            "url": self.url,
            "objective": {**self.objective._asdict(), "name": self.objective.name},
            "elapsed_s": round(self.elapsed, 3),
            "rate": round(self.rate, 3),
            "interrupted": self.interrupted,
            "counts": {**self.counts._asdict(), "requests": self.counts.requests},
            "bad": self.counts.bad,
            "lost": self.counts.lost,
            "median_ms": self.median_ms,
            "p95_ms": self.p95_ms,
            "p99_ms": self.p99_ms,
            "max_ms": self.max_ms,
            "objective_ms": self.objective_ms,
            "seconds_over": self.seconds_over,
            "late_p99_ms": self.late_p99_ms,
            "late_max_ms": self.late_max_ms,
            "statuses": self.statuses,
            "failures": self.failures,
            "warnings": self.warnings,
            "verdict": self.verdict.to_json(),
            "seconds": self.seconds,
            "histogram": self.histogram.to_json(),
        }


def sum_up(plan: Plan, ledger: Ledger, elapsed: float, interrupted: bool, now: int) -> Result:
    """The result of a run that ended, or was interrupted, at ``now`` ns."""
    counts, histogram = ledger.counts(), ledger.histogram
    longest = ledger.max_ns / MS

    def at(share: float) -> float | None:
        # A bucket's upper edge may lie past the longest latency there was.
        return round(min(histogram.quantile_ms(share), longest), 3) if histogram.total else None

    late_max = ledger.max_late_ns / MS
    return Result(
        url=plan.url,
        objective=plan.objective,
        elapsed=elapsed,
        interrupted=interrupted,
        counts=counts,
        median_ms=at(0.5),
        p95_ms=at(0.95),
        p99_ms=at(0.99),
        max_ms=round(longest, 3) if histogram.total else None,
        objective_ms=at(plan.objective.percentile),
        late_p99_ms=round(min(ledger.lateness.quantile_ms(0.99), late_max), 3),
        late_max_ms=round(late_max, 3),
        seconds=[_second(ledger, number, now) for number in range(len(ledger.seconds))],
        statuses={str(status): n for status, n in sorted(ledger.statuses.items())},
        failures=dict(ledger.failures.most_common()),
        histogram=histogram,
        verdict=judge(plan.objective, counts),
    )


def _second(ledger: Ledger, number: int, now: int) -> dict[str, Any]:
    second = ledger.seconds[number]
    ledger.settle(second)
    return {
        "second": number,
        "arrivals": second.arrivals,
        "bad": ledger.bad(second, now),
        "lost": second.lost,
        "p_ms": second.p_ms,
        "late_ms": round(second.late_ns / MS, 3),
        "over": ledger.is_over(second, now),
        "latency": second.latency,
    }
