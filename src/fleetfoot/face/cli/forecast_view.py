"""How a forecast looks in a terminal: the past, the median, the band, and how the models did."""

from __future__ import annotations

from datetime import tzinfo
from math import isfinite
from typing import TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fleetfoot.face.foresaid import COLUMNS, NOTE, doubts, heading, moment, peak, rows
from fleetfoot.predict.outlook import Outlook

T = TypeVar("T")

WIDTH, HEIGHT = 72, 12  # columns and rows of the picture
BARS = " ▁▂▃▄▅▆▇█"


def show(name: str, outlook: Outlook, zone: tzinfo, lead: int, bound: float) -> None:
    """All of it, to stdout."""
    console = Console(highlight=False)
    console.print(Text(heading(name, outlook, zone), style="bold"))
    for line in picture(outlook, zone):
        console.print(line, no_wrap=True, crop=True)
    console.print(Text(peak(outlook, zone, lead)))
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in ("model", "") else "right")
    for row in rows(outlook):
        table.add_row(*row, style="bold" if row[-1] == "chosen" else "dim" if row[-1] else "")
    console.print(table)
    for doubt in doubts(outlook, bound):
        console.print(Text(f"note: {doubt}", style="yellow"))
    console.print(Text(NOTE, style="dim"))


def picture(outlook: Outlook, zone: tzinfo) -> list[Text]:
    """The past in bars, then the forecast: the median a line in its band."""
    past, ahead = list(outlook.past), outlook.points
    columns = max(2, min(WIDTH, len(past) + len(ahead)))
    left = max(1, round(columns * len(past) / (len(past) + len(ahead))))
    before = [_mean([v for v in part if isfinite(v)]) for part in _parts(past, left)]
    after = [
        (_mean([p.low for p in part]), _mean([p.median for p in part]), _mean([p.high for p in part]))
        for part in _parts(list(ahead), columns - left)
    ]
    top = max([1e-9, *before, *(high for _, _, high in after)])
    lines = []
    for row in range(HEIGHT, 0, -1):
        label = f"{top * row / HEIGHT:>8,.0f} " if row in (1, HEIGHT // 2, HEIGHT) else " " * 9
        line = Text(label, style="dim")
        for value in before:
            line.append(BARS[round(8 * min(1.0, max(0.0, value / top * HEIGHT - row + 1)))], style="cyan")
        for low, median, high in after:
            line.append(*_cell(row, low / top * HEIGHT, median / top * HEIGHT, high / top * HEIGHT))
        lines.append(line)
    first, last = moment(outlook.made - len(past) * outlook.step, zone), moment(ahead[-1].at + outlook.step, zone)
    now = f"now, {moment(outlook.made, zone)}"
    scale = " " * 9 + first
    scale += now.rjust(max(len(now) + 2, 9 + left - len(scale) + len(now)))
    return [*lines, Text(scale + "  to " + last, style="dim")]


def _cell(row: int, low: float, median: float, high: float) -> tuple[str, str]:
    if row - 1 < median <= row or (row == 1 and median <= 0):
        return "━", "bold green"
    if row <= low:
        return "▒", "green"
    return ("░", "green") if row - 1 < high else (" ", "")


def _parts(values: list[T], many: int) -> list[list[T]]:
    """So many runs of about the same length, none of them empty."""
    many = min(many, len(values))
    edges = [round(i * len(values) / many) for i in range(many + 1)]
    return [values[edges[i] : edges[i + 1]] for i in range(many)]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
