"""How a trace looks in a terminal: its figures, and what was wrong with the lines it came from."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

_UNITS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"))


def span(seconds: float) -> str:
    """``90`` as ``1.5 min``."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), (1.0, "s"))
    return f"{seconds / size:.3g} {unit}"


def table(facts: dict[str, Any]) -> RenderableType:
    """The figures of ``fleetfoot trace --json`` as a table."""
    rows = Table(show_header=False, box=None, padding=(0, 2), pad_edge=False)
    rows.add_column(style="dim")
    rows.add_column(justify="right")
    rows.add_column()
    rows.add_row("span", span(facts["span_s"]), f"{facts['from']} to {facts['to']}")
    rows.add_row("samples", f"{facts['samples']:,}", f"every {span(facts['interval_s'])}")
    rows.add_row("mean", f"{facts['mean']:.4g}/s", "")
    rows.add_row("p99", f"{facts['p99']:.4g}/s", f"{span(facts['interval_s'])} samples")
    rows.add_row("peak", f"{facts['peak']:.4g}/s", f"at {facts['peak_at']}")
    longest = f"the longest {span(facts['gap_longest_s'])} from {facts['gap_at']}" if facts["gaps"] else ""
    many = f"{facts['empty']:,} samples without a request; " if facts["gaps"] else ""
    rows.add_row("gaps", f"{facts['gaps']:,}", many + longest)
    parts: list[RenderableType] = [rows]
    if log := facts.get("log"):
        left = f", {log['filtered']:,} left out by status" if log["filtered"] else ""
        rows.add_row("requests", f"{log['requests']:,}", f"in {log['lines']:,} lines{left}")
        if log["malformed"]:
            parts.append(Text(f"lines that are no request of a log: {log['malformed']:,}; the first:", style="yellow"))
            parts += [Text(f"  {line}") for line in log["malformed_first"]]
    if facts["out"]:
        parts.append(Text(f"written: {facts['out']}"))
    return Group(*parts)
