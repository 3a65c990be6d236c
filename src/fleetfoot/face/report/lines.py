"""What pages without scripts are made of: lines over time as SVG, as wide as the screen, and tables, which scroll."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

WIDE, HIGH = 1000, 190  # of what the lines are drawn in; it is stretched to the screen's width
TOP, BELOW, LEFT = 6, 24, -8  # px: the lines begin below, the times stand under them, the values left of them
POINTS = 1000  # of a line at most

Spot = tuple[float, float]  # from 0 at the left to 1 at the right, and the value


class Line(NamedTuple):
    """``colour`` as CSS has it; ``band``: the points are a polygon's."""

    name: str
    colour: str
    points: Sequence[Spot]
    dashed: bool = False
    band: bool = False


def spread(values: Iterable[float]) -> list[Spot]:
    """``values`` from left to right; of many each point is the highest of its stretch."""
    found = [float(value) for value in values]
    step = -(-len(found) // POINTS) or 1
    thin = [max(found[i : i + step]) for i in range(0, len(found), step)]
    return [(i / max(len(thin) - 1, 1), value) for i, value in enumerate(thin)]


def chart(title: str, lines: Sequence[Line], times: Sequence[tuple[float, str]], mark: float | None = None) -> str:
    """A figure. ``times``: where between left and right what is written; ``mark``: where a line stands upright."""
    top = max((value for line in lines for _, value in line.points), default=0.0) or 1.0
    key = " ".join(f'<span class="key" style="color:{one.colour}">{escape(one.name)}</span>' for one in lines)
    told = escape(f"{title}: {'; '.join(_told(one) for one in lines if one.points)}", quote=True)
    upright = "" if mark is None else _tick(mark, mark, TOP, TOP + HIGH)
    drawn = "".join(_drawn(one, top) for one in lines)
    return (
        f"<figure><figcaption><h2>{escape(title)}</h2>{key}</figcaption>"
        f'<div class="plot"><svg class="lines" height="{TOP + HIGH + BELOW}" role="img" aria-label="{told}">'
        f'{_axes(top, times)}{upright}<svg y="{TOP}" width="100%" height="{HIGH}" viewBox="0 0 {WIDE} {HIGH}" '
        f'preserveAspectRatio="none">{drawn}</svg></svg></div></figure>\n'
    )


def _told(line: Line) -> str:
    values = [value for _, value in line.points]
    return f"{line.name}: {min(values):,.0f} to {max(values):,.0f}"


def _drawn(line: Line, top: float) -> str:
    points = " ".join(f"{WIDE * at:.1f},{_y(value, top)}" for at, value in line.points)
    if line.band:
        return f'<polygon points="{points}" fill="{line.colour}" opacity="0.2"/>'
    dashes = ' stroke-dasharray="5 4"' if line.dashed else ""
    return f'<polyline fill="none" stroke="{line.colour}" stroke-width="1.6"{dashes} points="{points}"/>'


def _axes(top: float, times: Sequence[tuple[float, str]]) -> str:
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = TOP + HIGH * (1 - share)
        parts.append(_tick(0, 1, y, y))
        parts.append(f'<text x="{LEFT}" y="{y}" dy=".35em" text-anchor="end">{_number(top * share)}</text>')
    for at, text in times:
        anchor, inner = ("start", "") if at <= 0 else ("end", "") if at >= 1 else ("middle", ' class="inner"')
        x, y = f"{100 * at:.2f}%", TOP + HIGH + BELOW - 6
        parts.append(f'<text{inner} x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>')
    return "".join(parts)


def _tick(x1: float, x2: float, y1: float, y2: float) -> str:
    return f'<line class="tick" x1="{100 * x1:.2f}%" x2="{100 * x2:.2f}%" y1="{y1}" y2="{y2}"/>'


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.2g}"


def _y(value: float, top: float) -> str:
    return f"{HIGH * (1 - value / top):.1f}"


def table(head: Sequence[str], body: Iterable[Sequence[str]], title: str = "") -> str:
    """A card with a table; the first cell of a row names it."""
    top = "".join(f'<th scope="col">{escape(word)}</th>' for word in head)
    rows = "".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in rest) + "</tr>"
        for first, *rest in body
    )
    named = f"<h2>{escape(title)}</h2>" if title else ""
    return (
        f'<section>{named}<div class="scroll"><table class="grid"><thead><tr>{top}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )
