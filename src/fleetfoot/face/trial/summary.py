"""What a trial says at its end: one dict of figures, a table of them, a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from fleetfoot.core import words
from fleetfoot.core.model import Action
from fleetfoot.face.report import html
from fleetfoot.face.report.model import Figure, Kind, Marker, Moment, RunReport
from fleetfoot.face.trial import figures as f
from fleetfoot.face.trial.run import Outcome

CLOCKS = (
    ("decision", "1  onset -> decision"),
    ("command", "2  onset -> command accepted"),
    ("serving", "3  onset -> the last task the decision needed serves"),
    ("calm", "4  onset -> the first of 5 seconds in a row not over"),
)
PHASES = ("before", "during", "after")


def summarise(outcome: Outcome, stages: tuple[tuple[float, int], ...], throughput: float) -> dict[str, Any]:
    """Figures of a trial with three stages; times in s, latencies in ms."""
    bounds, at = [], 0
    for _, seconds in stages:
        bounds.append((at, at + seconds))
        at += seconds
    onset = float(bounds[1][0])
    fixed = f.fixed_peak(outcome, throughput)
    spent = f.task_seconds(outcome)
    result = outcome.result
    return {
        "clocks_s": {k: None if v is None else round(v, 2) for k, v in f.clocks(outcome, onset)._asdict().items()},
        "p95_ms": {
            name: None if (found := f.p95(outcome, *span)) is None else round(found, 1)
            for name, span in zip(PHASES, bounds, strict=True)
        },
        "seconds_over": f.over(outcome),
        "seconds": len(outcome.seconds),
        "requests": result["counts"]["requests"],
        "late_or_lost": result["bad"],
        "lost": result["lost"],
        "task_seconds": round(spent),
        "fixed_tasks": fixed,
        "fixed_task_seconds": round(fixed * outcome.duration),
        "saved": round(1 - spent / (fixed * outcome.duration), 3) if outcome.duration else None,
        "largest": max((s.counts["desired"] for s in outcome.samples), default=0),
        "warnings": result["warnings"],
    }


def rows(figures: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(name, value, note) for table and report."""
    clocks = figures["clocks_s"]
    found = [(label, "not seen" if clocks[key] is None else f"{clocks[key]:.2f} s", "") for key, label in CLOCKS]
    p95 = figures["p95_ms"]
    found += [(f"p95 {name}", "-" if p95[name] is None else f"{p95[name]:.0f} ms", "") for name in PHASES]
    saved = figures["saved"]
    return [
        *found,
        (
            "seconds over the objective",
            f"{figures['seconds_over']} of {figures['seconds']}",
            "more than 5 % late or lost",
        ),
        ("requests lost", f"{figures['lost']} of {figures['requests']}", "failed, timed out or shed"),
        (
            "task-seconds",
            f"{figures['task_seconds']}",
            f"fixed peak capacity, {figures['fixed_tasks']} tasks: {figures['fixed_task_seconds']}"
            + (f"; {saved:.0%} less" if saved is not None else ""),
        ),
    ]


def print_summary(figures: dict[str, Any]) -> None:
    table = Table(title="measured on this machine, now", title_justify="left")
    for column in ("", "figure", "note"):
        table.add_column(column)
    for row in rows(figures):
        table.add_row(*row)
    console = Console()
    console.print(table)
    for warning in figures["warnings"]:
        console.print(f"note: {warning}")
    console.print(f"the picture is in {figures['report']}")


def write_report(outcome: Outcome, figures: dict[str, Any], path: Path, report: RunReport) -> None:
    """One self-contained page with the whole run. Raises OSError."""
    told = tuple(Figure(*row) for row in rows(figures))
    html.write_report(replace(report, moments=moments(outcome), markers=markers(outcome), figures=told), path)


def moments(outcome: Outcome) -> tuple[Moment, ...]:
    """One point a second: what was sent, how it fared, and the fleet as last seen by then."""
    found, samples, i = [], outcome.samples, -1
    for row in outcome.seconds:
        at = outcome.start + (row["second"] + 1) * 1000
        while i + 1 < len(samples) and samples[i + 1].at <= at:
            i += 1
        counts = samples[i].counts if i >= 0 else {}
        states: dict[str, Any] = {
            name: counts.get(name) for name in ("serving", "warming", "starting", "draining", "desired")
        }
        seen: dict[str, Any] = {
            "t": float(row["second"]),
            "offered": float(row["arrivals"]),
            "p_ms": row["p_ms"],
            "over": row["over"],
        }
        found.append(Moment(**seen, queue=counts.get("queue"), **states))
    return tuple(found)


def markers(outcome: Outcome, lang: str = "en") -> tuple[Marker, ...]:
    """Every decision that acted."""
    found = []
    for decision in outcome.decisions:
        if decision.action is not Action.HOLD:
            details = (words.votes(decision, lang), *words.why(decision, lang))
            kind: Kind = "grow" if decision.action is Action.GROW else "shrink"
            at = (decision.wall - outcome.start) / 1000
            found.append(
                Marker(at, kind, words.headline(decision, lang), "; ".join(words.why(decision, lang)), details)
            )
    return tuple(found)
