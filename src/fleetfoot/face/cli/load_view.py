"""How a run of load looks in a terminal: a panel while it runs, a table at its end."""

from __future__ import annotations

import sys
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fleetfoot.load.verdict import span

BARS = " ▁▂▃▄▅▆▇█"
WIDTH = 60  # seconds shown


def spark(values: list[float], width: int = WIDTH) -> str:
    """The last ``width`` values as bars, the highest of them full."""
    shown = values[-width:]
    top = max(shown, default=0.0)
    return "".join(BARS[max(1, round(v / top * 8)) if v > 0 else 0] for v in shown) if top > 0 else " " * len(shown)


class View:
    """Draws events; a terminal sees a panel that is renewed, anything else a line every ten seconds."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stderr)
        self._start: dict[str, Any] = {}
        self._rates: list[float] = []
        self._latencies: list[float | None] = []
        self._over = 0
        self._judged: dict[int, bool] = {}
        self._last: dict[str, Any] = {}
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def take(self, event: dict[str, Any]) -> None:
        if event["event"] == "start":
            self._start = event
            self._latencies, self._rates = [], []
        elif event["event"] == "judged":
            self._over += event["over"]
            self._judged[event["second"]] = event["over"]
        elif event["event"] == "second":
            self._last = event
            self._rates.append(event["arrivals"])
            self._latencies.append(event["p_ms"])
            self._draw()

    def _draw(self) -> None:
        if self._console.is_terminal:
            self._live.update(self._panel(), refresh=True)
        elif self._last["second"] % 10 == 9:
            self._console.print(self._line(), highlight=False)

    def _line(self) -> str:
        last = self._last
        p = "-" if last["p_ms"] is None else span(last["p_ms"])
        return (
            f"{last['second'] + 1:5d} s  {last['arrivals']} req/s  {self._name()} {p}  "
            f"in flight {last['in_flight']}  lost {last['lost']}  seconds over {self._over}"
        )

    def _name(self) -> str:
        return f"p{self._start.get('percentile', 0.95) * 100:.6g}"

    def _panel(self) -> RenderableType:
        last, start = self._last, self._start
        done, whole = last["second"] + 1, start.get("duration_s", 0)
        objective = start.get("objective_ms", 1000)
        p = last["p_ms"]
        slow = p is not None and p > objective
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", justify="right")
        table.add_column(justify="right", min_width=9)
        table.add_column(no_wrap=True)
        table.add_row("traffic", f"{last['arrivals']}/s", Text(spark(self._rates), style="cyan"))
        latency = Text("-" if p is None else span(p), style="bold red" if slow else "green")
        table.add_row(f"{self._name()}", latency, self._bars(objective))
        table.add_row("in flight", str(last["in_flight"]), f"{last['overdue']} open past {span(objective)}")
        lost = Text(str(last["lost"]), style="red" if last["lost"] else "")
        table.add_row("lost", lost, f"{last['shed']} of them shed (503)")
        table.add_row("over", f"{self._over} s", f"seconds in which the objective was not met, of {len(self._judged)}")
        waiting = " · waiting for the last answers" if done > whole else ""
        bar = Table.grid()  # a bar alone does not end its line
        bar.add_row(ProgressBar(total=max(whole, 1), completed=min(done, whole), width=WIDTH))
        return Group(Text(f"{start.get('url', '')}   {min(done, round(whole))} of {whole:g} s{waiting}"), bar, table)

    def _bars(self, objective: float) -> Text:
        shown = self._latencies[-WIDTH:]
        bars = Text()
        for value, char in zip(shown, spark([v or 0.0 for v in shown]), strict=True):
            bars.append(char, style="red" if value is not None and value > objective else "green")
        return bars


def summary(result: dict[str, Any]) -> RenderableType:
    """The final table: figures, then the verdict, then what must be known about the meter."""
    counts, objective = result["counts"], result["objective"]
    table = Table(show_header=False, box=None, padding=(0, 2), pad_edge=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_column()
    table.add_row("requests", f"{counts['requests']:,}", f"{result['rate']:.4g}/s for {result['elapsed_s']:.4g} s")
    rows = [("median", "median_ms"), ("p95", "p95_ms"), ("p99", "p99_ms"), ("max", "max_ms")]
    if objective["name"] not in ("p95", "p99"):
        rows.insert(1, (objective["name"], "objective_ms"))
    for name, key in rows:
        value = result[key]
        table.add_row(name, "-" if value is None else span(value), "")
    errors = counts["errors"] + counts["failed"] + counts["timed_out"]
    table.add_row("errors", f"{errors:,}", _causes(result))
    table.add_row("shed", f"{counts['refused']:,}", "answered 503" if counts["refused"] else "")
    seconds = (
        f"of {len(result['seconds'])}; more than {(1 - objective['percentile']) * 100:.3g} % of their requests bad"
    )
    table.add_row("seconds over", f"{result['seconds_over']:,}", seconds)
    parts: list[RenderableType] = [table, Text()]
    for check in result["verdict"]["checks"]:
        mark = Text("✓ " if check["ok"] else "✗ ", style="green" if check["ok"] else "bold red")
        parts.append(mark + Text(f"{check['name']}: {check['found']}, {check['allowed']} asked for"))
    passed = result["verdict"]["passed"]
    name = f"{objective['name']} within {span(objective['latency_ms'])}"
    words = f"PASS  {name}" if passed else f"FAIL  {name}"
    parts.append(Text(words, style="bold green" if passed else "bold red"))
    parts += [Text(f"note: {warning}", style="yellow") for warning in result["warnings"]]
    return Group(*parts)


def _causes(result: dict[str, Any]) -> str:
    """What the errors were: time-outs, statuses, failures to connect."""
    counts = result["counts"]
    causes = [f"{counts['timed_out']:,} timed out"] if counts["timed_out"] else []
    causes += [
        f"{n:,} × {status}" for status, n in result["statuses"].items() if int(status) >= 400 and status != "503"
    ]
    causes += [f"{n:,} × {why}" for why, n in result["failures"].items()]
    return ", ".join(causes)
