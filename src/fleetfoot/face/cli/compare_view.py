"""How a comparison looks in a terminal: one table, sections for each traffic where there are few."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fleetfoot.sim.compare import Comparison, Line, Row

LONGEST = 28  # letters of a traffic's name
FEW = 3  # kinds of traffic shown one by one
HEADS = ("", "over %", "bad %", "cost x", "task-h", "orders/h", "")


def show(found: Comparison, facts: dict[str, Any], each: bool) -> None:
    """The table and how to read it, to stdout."""
    console = Console(highlight=False)
    console.print(Text(heading(found, facts), style="bold"))
    console.print(table(found, each or len(found.scenes) <= FEW))
    console.print(
        "over: seconds over the objective. bad: requests late, failed or refused. cost: times the clairvoyant's, "
        f"which is at most {found.widest:.0%} above the true least; worst names the traffic. "
        "◆: no other is better on both over and cost.",
        style="dim",
    )
    for sentence in facts["assumed"]:
        console.print(Text(f"note: {sentence}", style="yellow"))


SHEDS = {True: "shedding at the objective", False: "nothing refused"}


def heading(found: Comparison, facts: dict[str, Any]) -> str:
    size = f" at about {facts['tasks']} tasks" if facts["tasks"] else ""
    many = len(found.scenes)
    return (
        f"{facts['service']}{size}, {many} kind{'s' * (many > 1)} of traffic, {facts['simulated_s'] / 3600:,.1f} "
        f"simulated hours, plant {facts['plant']}, metrics {facts['metrics']}, seed {facts['seed']}, "
        f"{SHEDS[facts['sheds']]}"
    )


def table(found: Comparison, each: bool) -> Table:
    """Contenders by traffic, then their means and worst, those with the fewest seconds over first."""
    shown = Table(box=None, padding=(0, 1), pad_edge=False)
    for i, head in enumerate(HEADS):
        last = i == len(HEADS) - 1
        shown.add_column(head, justify="right" if i and not last else "left", no_wrap=not last, overflow="fold")
    rows = sorted(found.rows, key=lambda row: (row.bound, row.over, row.cost))
    order = {row.name: i for i, row in enumerate(rows)}
    if each:
        for scene in found.scenes:
            _section(shown, scene)
            for line in sorted(found.on(scene), key=lambda line: order[line.name]):
                shown.add_row(*line_cells(line), style="dim" if order[line.name] >= _bounds(rows) else "")
    if len(found.scenes) > 1 or not each:
        _section(shown, "mean")
        for row in rows:
            shown.add_row(*mean_cells(row), style="dim" if row.bound else "")
        _section(shown, "worst")
        for row in rows:
            shown.add_row(*worst_cells(row), style="dim" if row.bound else "")
    return shown


def _bounds(rows: list[Row]) -> int:
    """Where the bounds begin."""
    return sum(not row.bound for row in rows)


def _section(shown: Table, name: str) -> None:
    shown.add_row(Text(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…", style="bold cyan"))


def line_cells(line: Line) -> list[str]:
    score = line.score
    return [
        f"  {line.name}", f"{100 * score.share_over:.2f}", f"{100 * score.share_bad:.2f}",
        f"{score.over_clairvoyant:.2f}", f"{score.task_hours:,.1f}", f"{score.actions_per_hour:.1f}", "",
    ]  # fmt: skip


def mean_cells(row: Row) -> list[str]:
    return [
        f"  {row.name}", f"{100 * row.over:.2f}", f"{100 * row.bad:.2f}", f"{row.cost:.2f}",
        f"{row.hours:,.1f}", f"{row.actions:.1f}", "◆" if row.pareto else "",
    ]  # fmt: skip


def worst_cells(row: Row) -> list[str]:
    return [
        f"  {row.name}", f"{100 * row.worst_over:.2f}", f"{100 * row.worst_bad:.2f}", f"{row.worst_cost:.2f}",
        "", "", row.worst_scene,
    ]  # fmt: skip
