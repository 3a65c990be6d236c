"""How a simulated run looks in a terminal: a picture, its figures, its decisions in words."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fleetfoot.core.words import tell
from fleetfoot.face.cli.load_view import BARS
from fleetfoot.face.simulated import clock, heading, rows
from fleetfoot.sim.simulate import Simulated
from fleetfoot.sim.thin import thin

WIDTH, BESIDE = 56, 24  # columns of the picture, where there are so many, and of what stands beside it


def show(found: Simulated, facts: dict[str, Any], lang: str, decisions: bool) -> None:
    """All of it, to stdout."""
    console = Console(highlight=False)
    console.print(Text(heading(facts), style="bold"))
    console.print(picture(found, room(console)))
    console.print(figures(found, facts, console))
    for name, one in facts["beside"].items():
        text = f"{one['seconds_over']:,} s over the objective, at most {one['most']} tasks"
        console.print(Text(f"beside it {name}: {text}, {one['task_hours']:,.1f} task-hours"))
    for name, sentences in (("note", facts["assumed"]), ("warning", facts["warnings"])):
        for sentence in sentences:
            console.print(Text(f"{name}: {sentence}", style="yellow"))
    if decisions:
        for decision in found.decisions:
            console.print(f"[dim]{clock(found.second(decision)):>9}[/dim]  {tell(decision, lang)}")
    elif found.decisions:
        count = len(found.decisions)
        many = f"{count:,} decisions; --decisions lists them with their reasons"
        console.print(many if count > 1 else "1 decision; --decisions lists it with its reasons", style="dim")


def room(console: Console) -> int:
    """Columns for a picture."""
    return max(min(WIDTH, console.width - BESIDE), 8)


def picture(found: Simulated, width: int) -> Table:
    """Traffic, tasks and p95 from left to right, and where the objective was missed."""
    drawn = thin(found.run, width)
    grid = Table(show_header=False, box=None, padding=(0, 1), pad_edge=False)
    grid.add_column(style="dim")
    grid.add_column(no_wrap=True)
    grid.add_column(style="dim")
    traffic, tasks, latency = drawn.offered, [float(count) for count in drawn.serving], drawn.latency
    grid.add_row("traffic", Text(bars(traffic), style="cyan"), f"{min(traffic):,.0f} to {max(traffic):,.0f}/s")
    grid.add_row("tasks", Text(bars(tasks), style="green"), f"{min(tasks):.0f} to {max(tasks):.0f}")
    misses = "".join("▲" if over else " " for over in drawn.over)
    top = 2 * found.run.setup.objective
    grid.add_row("p95", Text(bars([min(ms, top) for ms in latency], top)), f"up to {max(latency):,.0f} ms")
    grid.add_row(
        "over", Text(misses, style="red"), "a second missed it" if found.run.step == 1 else "kept for up to four days"
    )
    return grid


def bars(values: list[float], top: float | None = None) -> str:
    """A bar a value; ``top``, the highest of them if not given, is the full one."""
    full = max(values, default=0.0) if top is None else top
    if full <= 0:
        return " " * len(values)
    return "".join(BARS[max(1, round(value / full * 8)) if value > 0 else 0] for value in values)


def columns(console: Console) -> Table:
    """For names, figures and remarks; on a narrow terminal all of them wrap and none is cut."""
    wide = console.width >= WIDTH + BESIDE
    table = Table(show_header=False, box=None, padding=(0, 1), pad_edge=False)
    table.add_column(style="dim", no_wrap=wide, overflow="fold")
    table.add_column(no_wrap=wide, overflow="fold")
    table.add_column(style="dim")
    return table


def figures(found: Simulated, facts: dict[str, Any], console: Console) -> Table:
    table = columns(console)
    for row in rows(found, facts):
        table.add_row(*row)
    return table
