"""What a report shows, as plain values. Times are seconds since the start of the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["grow", "shrink", "hold", "event"]


@dataclass(frozen=True)
class Moment:
    """One point of every line, usually one a second. None leaves a gap: not known is not zero."""

    t: float
    offered: float | None = None  # requests/s, before shedding
    completed: float | None = None  # requests/s
    p_ms: float | None = None  # latency at the objective's percentile
    queue: float | None = None  # requests waiting for a task
    serving: int | None = None  # tasks by state
    warming: int | None = None
    starting: int | None = None
    draining: int | None = None
    desired: int | None = None
    over: bool = False  # a second over the objective


@dataclass(frozen=True)
class Marker:
    """Something that happened at one time: a decision, or an event such as a killed controller."""

    t: float
    kind: Kind
    title: str  # short, written in the picture: "2 → 8"
    words: str  # the decision in words
    details: tuple[str, ...] = ()  # one line each: votes, guards, stamps


@dataclass(frozen=True)
class Phase:
    """A stretch of the run with a name, drawn as a shade: the surge."""

    start: float
    end: float
    name: str


@dataclass(frozen=True)
class Figure:
    """One row of the summary: what, how much, and what it means."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class RunReport:
    """A whole run."""

    title: str
    moments: tuple[Moment, ...]
    summary: str = ""  # a sentence or two under the title
    when: str = ""  # date and place, as text
    objective_ms: float = 1000.0
    percentile: float = 0.95
    passed: bool | None = None  # the verdict, when there is one
    verdict: str = ""
    figures: tuple[Figure, ...] = ()
    markers: tuple[Marker, ...] = ()
    phases: tuple[Phase, ...] = ()
    notes: tuple[str, ...] = ()  # how it was measured, on what machine
    step: float = 1.0  # seconds one Moment stands for

    @property
    def percentile_name(self) -> str:
        """``p95``."""
        return f"p{self.percentile * 100:.6g}"
