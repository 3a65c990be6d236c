"""Pictures as SVG in the page's own colours: a log-log scatter with its front, and small lines."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

WIDTH, HEIGHT = 900, 460
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 16, 48
LEAST = 0.01  # per cent of seconds: what is less, none too, is drawn here
STEPS, FINE = (1, 2, 5), (1, 1.5, 2, 3, 5, 7)  # ticks of a power of ten
ROW = 16  # height of a label
DOT, GAP = 5, 10  # a point's radius, and from its middle to its name


class Point(NamedTuple):
    """``x`` and ``y`` as told on the axes; ``front``: on the Pareto front; ``bound``: does not compete."""

    name: str
    x: float
    y: float
    front: bool
    bound: bool
    told: str


class Box(NamedTuple):
    """A place that is taken; ``top`` is above ``bottom``, so it is the lesser."""

    left: float
    right: float
    top: float
    bottom: float

    def meets(self, other: Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


class Scale:
    """A logarithmic axis from ``low`` to ``high`` onto pixels."""

    def __init__(self, low: float, high: float, first: float, last: float) -> None:
        self.low, self.high = log10(low), log10(high)
        self.first, self.last = first, last

    def __call__(self, value: float) -> float:
        share = (log10(value) - self.low) / (self.high - self.low)
        return self.first + share * (self.last - self.first)

    def ticks(self, steps: Sequence[float] = STEPS) -> list[float]:
        found = [s * 10.0**e for e in range(floor(self.low), ceil(self.high) + 1) for s in steps]
        return [tick for tick in found if self.low - 1e-9 <= log10(tick) <= self.high + 1e-9]


def scatter(points: Sequence[Point]) -> str:
    """Cost to the right, violations upward, both logarithmic."""
    x = Scale(min(0.95, *(p.x for p in points)) * 0.97, max(3.0, *(p.x for p in points)) * 1.3, LEFT, WIDTH - RIGHT)
    most = max(1.0, *(p.y for p in points)) * 1.4
    y = Scale(LEAST * 0.8, most, HEIGHT - BOTTOM, TOP)
    parts = [*_axes(x, y)]
    front = sorted((p for p in points if p.front), key=lambda p: p.x)
    if len(front) > 1:
        path = " ".join(f"{x(p.x):.1f},{y(max(p.y, LEAST)):.1f}" for p in front)
        parts.append(f'<polyline class="front" points="{path}"/>')
    spots = [(x(p.x), y(max(p.y, LEAST))) for p in points]
    taken = [Box(at - DOT, at + DOT, up - DOT, up + DOT) for at, up in spots]
    for p, (at, up) in sorted(zip(points, spots, strict=True), key=lambda one: (not one[0].front, one[1][1])):
        box = _room(p.name, at, up, taken)
        taken.append(box)
        parts.append(_mark(p, at, up, box))
    words = escape("; ".join(p.told for p in points), quote=True)
    return f'<svg class="scatter" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">{"".join(parts)}</svg>'


def _axes(x: Scale, y: Scale) -> list[str]:
    parts = []
    for tick in x.ticks(FINE):
        at = f"{x(tick):.1f}"
        parts.append(f'<line class="tick" x1="{at}" x2="{at}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{at}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{tick:g}</text>')
    for tick in y.ticks():
        at = f"{y(tick):.1f}"
        parts.append(f'<line class="tick" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at}" dy=".35em" text-anchor="end">{tick:g}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">'
        "cost, times the clairvoyant's</text>"
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">seconds over, %</text>'
    )
    return parts


def _room(name: str, at: float, up: float, taken: Sequence[Box]) -> Box:
    """Where the name of the point at (``at``, ``up``) covers nothing, as near as there is room; else beside it."""
    width = 7.4 * len(name) + 4
    for shift in sorted(range(-10 * ROW, 11 * ROW, ROW // 2), key=abs):
        for start in (at + GAP, at - GAP - width):
            box = Box(start, start + width, up + shift - ROW / 2, up + shift + ROW / 2)
            inside = box.left > LEFT and box.right < WIDTH - RIGHT and box.top > TOP and box.bottom < HEIGHT - BOTTOM
            if inside and not any(box.meets(other) for other in taken):
                return box
    return Box(at + GAP, at + GAP + width, up - ROW / 2, up + ROW / 2)


def _mark(p: Point, at: float, up: float, box: Box) -> str:
    """A point, its name in ``box``, and a line between them where they are apart."""
    kind = "bound" if p.bound else "best" if p.front else "other"
    right, down = box.left > at, (box.top + box.bottom) / 2
    name = f'x="{box.left:.1f}"' if right else f'x="{box.right:.1f}" text-anchor="end"'
    lead = ""
    if abs(down - up) > ROW:
        end = box.left - 2 if right else box.right + 2
        lead = f'<line class="lead" x1="{at:.1f}" y1="{up:.1f}" x2="{end:.1f}" y2="{down:.1f}"/>'
    return (
        f'<g class="{kind}"><title>{escape(p.told)}</title>{lead}<circle cx="{at:.1f}" cy="{up:.1f}" r="{DOT}"/>'
        f'<text {name} y="{down:.1f}" dy=".35em">{escape(p.name)}</text></g>'
    )


def small(traffic: Sequence[float], lines: Sequence[Sequence[float]], width: int = 360, height: int = 120) -> str:
    """Traffic dotted, each line solid, both from nought to their highest."""
    tops = max((max(line, default=0.0) for line in lines), default=0.0) or 1.0
    parts = [f'<polyline class="traffic" points="{_points(traffic, max(traffic) or 1.0, width, height)}"/>']
    drawn = [f'<polyline class="line{i}" points="{_points(o, tops, width, height)}"/>' for i, o in enumerate(lines)]
    parts += reversed(drawn)
    told = f"traffic up to {max(traffic):,.0f} requests/s, up to {tops:.0f} serving tasks"
    return (
        f'<svg class="small" viewBox="0 0 {width} {height}" role="img" aria-label="{told}">{"".join(parts)}</svg>'
        f'<p class="told">{told}</p>'
    )


def _points(values: Sequence[float], top: float, width: int, height: int) -> str:
    step = width / max(1, len(values) - 1)
    return " ".join(f"{i * step:.1f},{height - 2 - value / top * (height - 6):.1f}" for i, value in enumerate(values))
