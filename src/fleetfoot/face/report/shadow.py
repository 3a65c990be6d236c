"""The page of ``fleetfoot report --shadow``: the figures, who acted when, and four pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetfoot.face.report.html import page, write_text
from fleetfoot.face.times import clock_time, date_time

if TYPE_CHECKING:
    from fleetfoot.sim.shadow import Beside

WIDE, HIGH, LEFT, BOTTOM = 1100, 200, 46, 22  # px
POINTS = 1000  # of a line at most
_ALIKE = "color:inherit;font-size:inherit"  # the page's tables end in a note, these in a figure
PRESENT, SHADOW = "var(--queue)", "var(--serving)"


def write_page(found: Mapping[str, Beside], path: Path) -> None:
    """Write the page, whole or not at all. Raises OSError."""
    write_text(render(found), path)


def render(found: Mapping[str, Beside]) -> str:
    """The HTML text."""
    title = "The present scaler and fleetfoot, side by side"
    return page(title, f"<header><h1>{title}</h1></header>{''.join(_service(*one) for one in found.items())}")


def _service(name: str, one: Beside) -> str:
    from fleetfoot.face.cli.report import honesty, rows

    seen, told = one.watched, one.to_json()
    notes = "".join(f"<li>{escape(line)}</li>" for line in honesty(told))
    ends = f"{date_time(int(seen.wall[0]))} to {clock_time(int(seen.wall[-1]))}"
    times = [clock_time(int(seen.wall[i])) for i in (0, seen.seconds // 2, seen.seconds - 1)]
    return (
        f"<h2>{escape(name)}</h2><p class='when'>{ends}</p>"
        + _table(("", "present scaler", "fleetfoot"), rows(told, one.task_hour))
        + _chart("Traffic, requests/s", [("arrivals", "var(--offered)", seen.arrivals)], times)
        + _chart(
            "Tasks ordered",
            [("present scaler", PRESENT, seen.present.desired), ("fleetfoot", SHADOW, seen.shadow.desired)],
            times,
        )
        + _chart(
            "Bad requests a second, simulated",
            [("present scaler", PRESENT, one.present.bad), ("fleetfoot", SHADOW, one.shadow.bad)],
            times,
        )
        + _chart("Bad requests a second, measured", [("present scaler", PRESENT, seen.bad)], times)
        + _surges(one)
        + f'<footer><h2>What these figures are</h2><ul class="notes">{notes}</ul></footer>'
    )


def _surges(one: Beside) -> str:
    def after(grew: int | None) -> str:
        return "not in 10 min" if grew is None else f"{grew} s"

    found = [
        (clock_time(int(one.watched.wall[s.at])), f"{s.before:.0f} → {s.after:.0f}", after(s.present), after(s.shadow))
        for s in one.surges
    ]
    return _table(("surge", "requests/s", "present grew after", "fleetfoot after"), found) if found else ""


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th scope='col'>{escape(word)}</th>" for word in head)
    rows = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f'<td class="value" style="{_ALIKE}">{escape(v)}</td>' for v in rest)
        for first, *rest in body
    )
    return f'<section><table class="figures"><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table></section>'


def _chart(title: str, lines: Sequence[tuple[str, str, Any]], times: Sequence[str]) -> str:
    """Lines over the same seconds; of many seconds each point is the highest of its stretch."""
    drawn = [(name, colour, _thinned(values)) for name, colour, values in lines]
    top = max((max(values, default=0.0) for _, _, values in drawn), default=0.0) or 1.0
    words = "; ".join(f"{name}: {min(values):,.0f} to {max(values):,.0f}" for name, _, values in drawn if values)
    paths = "".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{_points(values, top)}"/>'
        for _, colour, values in drawn
    )
    key = " ".join(f'<span style="color:{colour};font-weight:600">{escape(name)}</span>' for name, colour, _ in drawn)
    middle = LEFT + (WIDE - LEFT) / 2
    axis = (
        f'<text fill="var(--soft)" font-size="12" x="{LEFT - 6}" y="12" text-anchor="end">{top:,.0f}</text>'
        f'<text fill="var(--soft)" font-size="12" x="{LEFT - 6}" y="{HIGH - BOTTOM}" text-anchor="end">0</text>'
        f'<line x1="{LEFT}" x2="{WIDE}" y1="{HIGH - BOTTOM}" y2="{HIGH - BOTTOM}" stroke="var(--line)"/>'
        f'<text fill="var(--soft)" font-size="12" x="{LEFT}" y="{HIGH - 6}">{times[0]}</text>'
        f'<text fill="var(--soft)" font-size="12" x="{middle}" y="{HIGH - 6}" text-anchor="middle">{times[1]}</text>'
        f'<text fill="var(--soft)" font-size="12" x="{WIDE}" y="{HIGH - 6}" text-anchor="end">{times[2]}</text>'
    )
    words = escape(f"{title}: {words}", quote=True)
    return (
        f"<figure><figcaption><h2>{escape(title)}</h2>{key}</figcaption>"
        f'<svg viewBox="0 0 {WIDE} {HIGH}" width="100%" role="img" aria-label="{words}">'
        f"{axis}{paths}</svg></figure>\n"
    )


def _thinned(values: Any) -> list[float]:
    found = [float(value) for value in values]
    step = -(-len(found) // POINTS)
    return [max(found[i : i + step]) for i in range(0, len(found), step)]


def _points(values: Sequence[float], top: float) -> str:
    wide, high = WIDE - LEFT, HIGH - BOTTOM - 4
    last = max(len(values) - 1, 1)
    return " ".join(f"{LEFT + wide * i / last:.1f},{4 + high * (1 - v / top):.1f}" for i, v in enumerate(values))
