"""A simulated run as a report: thinned where it is long, with the largest of its decisions."""

from __future__ import annotations

from typing import Any

from fleetfoot.core import words
from fleetfoot.core.model import Action, Decision
from fleetfoot.face.report.model import Figure, Kind, Marker, Moment, Phase, RunReport
from fleetfoot.face.simulated import heading, rows
from fleetfoot.sim.simulate import Simulated
from fleetfoot.sim.thin import Thin, thin

MOMENTS = 2400  # points of a line at most
MARKERS = 200  # decisions at most


def report_of(found: Simulated, facts: dict[str, Any], lang: str = "en") -> RunReport:
    """The page of one run."""
    run = found.run
    notes = [
        "Simulated: the live engine on a virtual clock; arrivals, work and tasks as docs/simulator.md says.",
        f"The first {len(run.rates) - found.score.seconds} s are not judged.",
        *facts["assumed"],
        *(f"Warning: {sentence}" for sentence in facts["warnings"]),
    ]
    shown = largest(found.decisions)
    if len(shown) < len(found.decisions):
        notes.append(f"Of {len(found.decisions):,} decisions the {len(shown)} largest are shown.")
    drawn = thin(run, MOMENTS)
    if drawn.step > 1:
        notes.append(f"A point of a line is {drawn.step:,} s: mean of the traffic, worst p95, last count of tasks.")
    return RunReport(
        title=f"{facts['service']}, simulated",
        moments=moments(drawn),
        summary=heading(facts),
        objective_ms=facts["objective_ms"],
        percentile=facts["percentile"],
        figures=tuple(Figure(*row) for row in rows(found, facts)),
        markers=tuple(marker(found.second(d), d, lang) for d in shown),
        phases=(Phase(0, len(run.rates) - found.score.seconds, "not judged"),),
        notes=tuple(notes),
        step=float(drawn.step),
    )


def largest(decisions: list[Decision]) -> list[Decision]:
    """At most ``MARKERS`` of them, those that changed the count most, in the order of time."""
    if len(decisions) <= MARKERS:
        return decisions
    ranked = sorted(decisions, key=lambda d: (-abs(d.desired - d.current), d.now))
    return sorted(ranked[:MARKERS], key=lambda d: d.now)


def marker(second: float, decision: Decision, lang: str) -> Marker:
    why = words.why(decision, lang)
    kind: Kind = "grow" if decision.action is Action.GROW else "shrink"
    details = (words.votes(decision, lang), *why)
    return Marker(second, kind, words.headline(decision, lang), "; ".join(why), details)


def moments(drawn: Thin) -> tuple[Moment, ...]:
    return tuple(
        Moment(
            t=float(i * drawn.step), offered=drawn.offered[i], completed=drawn.completed[i],
            p_ms=drawn.latency[i] or None, queue=drawn.queue[i], serving=drawn.serving[i],
            starting=drawn.starting[i], draining=drawn.draining[i], desired=drawn.desired[i], over=drawn.over[i],
        )
        for i in range(len(drawn.offered))
    )  # fmt: skip
