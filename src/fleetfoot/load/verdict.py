"""Pass or fail against an objective, from exact counts; and words for both."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from fleetfoot.core.over import EDGE


class Objective(NamedTuple):
    """``percentile`` of the requests within ``latency_ms``; at most the share ``errors`` may fail."""

    percentile: float = 0.95
    latency_ms: float = 1000.0
    errors: float = 0.01

    @property
    def name(self) -> str:
        """``p95``, ``p99.9``."""
        return f"p{self.percentile * 100:.6g}"


class Counts(NamedTuple):
    """How a run, or one second of it, ended. Every request is in exactly one of the first seven."""

    ok: int = 0  # answered in time with a status under 400
    late: int = 0  # answered so, but after the objective
    refused: int = 0  # shed: status 503
    errors: int = 0  # any other status of 400 or more
    failed: int = 0  # no answer: connection refused, reset, or not HTTP
    timed_out: int = 0  # no answer within the time-out
    unfinished: int = 0  # still open when the run was interrupted
    held: int = 0  # of all: had to wait for one of the generator's own connections

    @property
    def requests(self) -> int:
        return sum(self[:7])

    @property
    def bad(self) -> int:
        """Late, shed, failed or timed out."""
        return sum(self[1:6])

    @property
    def lost(self) -> int:
        """Requests that got no good answer at all, early or late."""
        return sum(self[2:6])


class Check(NamedTuple):
    """One line of a verdict."""

    name: str
    found: str
    allowed: str
    ok: bool


class Verdict(NamedTuple):
    passed: bool
    checks: tuple[Check, ...]

    def to_json(self) -> dict[str, Any]:
        return {"passed": self.passed, "checks": [check._asdict() for check in self.checks]}


def judge(objective: Objective, counts: Counts) -> Verdict:
    """The verdict on a whole run.

    Late, failed and shed requests count alike against the percentile, so failing fast never looks
    fast. A run in which nothing ended has shown nothing and does not pass.
    """
    ended = counts.requests - counts.unfinished
    if not ended:
        return Verdict(False, (Check("requests", "none ended", "at least one", False),))
    good = 1 - counts.bad / ended
    lost = counts.lost / ended
    within = Check(
        f"good within {span(objective.latency_ms)}",
        _share(good),
        f"at least {_share(objective.percentile)}",
        good >= objective.percentile - EDGE,
    )
    errors = Check("errors", _share(lost), f"at most {_share(objective.errors)}", lost <= objective.errors + EDGE)
    return Verdict(within.ok and errors.ok, (within, errors))


def parse_objective(text: str, errors: str = "1%") -> Objective:
    """``p95=1s`` and ``1%`` as an Objective. Raises ValueError."""
    found = re.fullmatch(r"\s*p(\d+(?:\.\d+)?)\s*=\s*(\d+(?:\.\d+)?)\s*(ms|s)\s*", text)
    if not found or not 0 < float(found[1]) < 100:
        raise ValueError(f"{text!r} is not an objective; write it like p95=1s or p99=250ms")
    latency = float(found[2]) * (1000 if found[3] == "s" else 1)
    if not latency:
        raise ValueError(f"{text!r}: nothing is answered within 0 {found[3]}")
    return Objective(round(float(found[1]) / 100, 12), latency, _parse_share(errors))


def _parse_share(text: str) -> float:
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", text)
    if not found or float(found[1]) > 100:
        raise ValueError(f"{text!r} is not a share of errors; write it like 1% or 0.1%")
    return float(found[1]) / 100


def span(ms: float) -> str:
    """``0.42 ms``, ``42 ms``, ``1.25 s``."""
    if ms >= 1000:
        return f"{ms / 1000:.3g} s" if ms < 100_000 else f"{ms / 1000:.0f} s"
    return f"{ms:.3g} ms" if ms < 100 else f"{ms:.0f} ms"


def _share(share: float) -> str:
    """Percent with as many digits as keep 99.996 from reading as 100."""
    percent = share * 100
    for digits in (0, 1, 2, 3):
        text = f"{percent:.{digits}f}"
        if abs(float(text) - percent) < 1e-9 or (digits and 0 < float(text) < 100):
            break
    return f"{text} %"
