"""The trial as it happens, for a terminal; one line every few seconds where there is no terminal."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fleetfoot.core.model import Decision
from fleetfoot.core.words import tell
from fleetfoot.face.trial.run import Outcome, journaled
from fleetfoot.face.trial.service import LiveService

BARS = " ▁▂▃▄▅▆▇█"
WIDTH = 60  # seconds of history in the small charts
PLAIN_EVERY = 5  # seconds between lines without a terminal
SHOWN = 8  # decisions
COLOURS = {"serving": "green", "warming": "cyan", "starting": "yellow", "draining": "magenta", "failed": "red"}


class Screen:
    """Use as a context manager and as the ``watch`` of a run."""

    def __init__(self, service: LiveService, title: str, objective: float, lang: str = "en") -> None:
        self.console = Console()
        self._service, self._title, self._objective, self._lang = service, title, objective, lang
        self._rates: deque[float] = deque(maxlen=WIDTH)
        self._latencies: deque[float] = deque(maxlen=WIDTH)
        self._counts: deque[int] = deque(maxlen=WIDTH)
        self._second: dict[str, Any] = {}
        self._decisions: list[Decision] = []
        self._read = 0.0
        self._told = 0
        self._live = (
            Live(console=self.console, refresh_per_second=4, transient=True) if self.console.is_terminal else None
        )

    def __enter__(self) -> Screen:
        if self._live is not None:
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def __call__(self, outcome: Outcome, event: dict[str, Any] | None) -> None:
        if event is not None and event["event"] == "second":
            self._second = event
            self._rates.append(event["arrivals"])
            self._latencies.append(event["p_ms"] or 0.0)
            self._counts.append(_running(outcome))
            if self._live is None and event["second"] % PLAIN_EVERY == 0:
                self.console.print(self._line(outcome), highlight=False)
        if time.monotonic() - self._read > 1.0 and outcome.start:
            self._read = time.monotonic()
            self._decisions = journaled(self._service, outcome.start - 10_000)[0]
            if self._live is None:
                for decision in self._decisions[self._told :]:
                    self.console.print(self._decision(decision), highlight=False)
                self._told = len(self._decisions)
        if self._live is not None:
            self._live.update(self._draw(outcome))

    def _line(self, outcome: Outcome) -> str:
        latency = self._second.get("p_ms")
        counts = outcome.samples[-1].counts if outcome.samples else {}
        tasks = ", ".join(f"{counts[name]} {name}" for name in COLOURS if counts.get(name))
        shown = "-" if latency is None else f"{latency:.0f} ms"
        second, arrivals = self._second.get("second", 0), self._second.get("arrivals", 0)
        return f"{second:4d} s  {arrivals:4d} requests/s  p95 {shown:>8}  {tasks}"

    def _decision(self, decision: Decision) -> Text:
        when = time.strftime("%H:%M:%S", time.localtime(decision.wall / 1000))
        style = "bold" if decision.desired != decision.current else "dim"
        return Text(f"{when}  {tell(decision, self._lang)}", style=style)

    def _draw(self, outcome: Outcome) -> Panel:
        latency = self._second.get("p_ms")
        slow = latency is not None and latency > self._objective
        grid = Table.grid(padding=(0, 2))
        grid.add_row("traffic", f"{self._second.get('arrivals', 0)} requests/s", _chart(self._rates))
        shown = Text("-" if latency is None else f"{latency:.0f} ms", style="bold red" if slow else "green")
        grid.add_row("p95", shown, _chart(self._latencies))
        counts = outcome.samples[-1].counts if outcome.samples else {}
        tasks = Text()
        for name, colour in COLOURS.items():
            tasks.append("■" * counts.get(name, 0), style=colour)
        told = ", ".join(f"{counts[name]} {name}" for name in COLOURS if counts.get(name))
        grid.add_row("tasks", tasks, Text(told))
        grid.add_row("", "", _chart(self._counts))
        waiting = counts.get("queue", 0) + counts.get("in_flight", 0)
        grid.add_row("open", f"{waiting} requests", f"{self._second.get('lost', 0)} lost so far")
        lines = [self._decision(d) for d in self._decisions[-SHOWN:]]
        done = self._second.get("second", 0)
        return Panel(Group(grid, Text(), *lines), title=self._title, subtitle=f"{done} of {outcome.duration:.0f} s")


def _running(outcome: Outcome) -> int:
    counts = outcome.samples[-1].counts if outcome.samples else {}
    return sum(counts.get(name, 0) for name in ("serving", "warming"))


def _chart(values: deque[float] | deque[int]) -> str:
    """One character a value, scaled to the largest."""
    top = max(values, default=0)
    if not top:
        return BARS[0] * len(values)
    return "".join(BARS[max(1, round(v / top * (len(BARS) - 1))) if v > 0 else 0] for v in values)
