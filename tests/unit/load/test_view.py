"""The picture of a run in a terminal."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from fleetfoot.face.cli.load_view import View, spark

START = {"event": "start", "url": "here", "duration_s": 3, "percentile": 0.95, "objective_ms": 1000.0}


def second(number: int, **more: Any) -> dict[str, Any]:
    row = {"event": "second", "second": number, "arrivals": 20, "p_ms": 60.0, "in_flight": 1, "overdue": 0}
    return row | {"lost": 0, "shed": 0} | more


def shown(*events: dict[str, Any], terminal: bool) -> str:
    out = io.StringIO()
    with View(Console(file=out, force_terminal=terminal, width=100, color_system=None)) as view:
        for event in events:
            view.take(event)
    return out.getvalue()


def test_the_highest_bar_is_full_and_nothing_is_no_bar() -> None:
    assert spark([0, 1, 8]) == " ▁█"
    assert spark([0, 0]) == "  "
    assert len(spark([1.0] * 500)) == 60


def test_a_terminal_sees_traffic_latency_and_seconds_over_on_lines_of_their_own() -> None:
    over = {"event": "judged", "second": 0, "over": True}
    text = shown(START, second(0, p_ms=None), over, second(1, p_ms=2500.0, in_flight=44, overdue=9), terminal=True)
    lines = [line.strip() for line in text.splitlines()]
    assert any(line.startswith("traffic") and "20/s" in line for line in lines)
    assert any(line.startswith("p95") and "2.5 s" in line for line in lines)
    assert any("44" in line and "9 open past 1 s" in line for line in lines)
    assert any(line.startswith("over") and "1 s" in line for line in lines)


def test_a_log_gets_a_line_every_ten_seconds() -> None:
    text = shown(START, *(second(n) for n in range(25)), terminal=False)
    assert [line.split()[0] for line in text.splitlines()] == ["10", "20"]
