"""What a trial says at its end: one dict of figures, a table of them, a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

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


def write_report(outcome: Outcome, figures: dict[str, Any], path: Path, title: str, objective: float) -> None:
    raise NotImplementedError
