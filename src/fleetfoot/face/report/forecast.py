"""A forecast as one self-contained page: the picture, and the back-test as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape
from math import isfinite

from fleetfoot.face.foresaid import COLUMNS, NOTE, doubts, heading, moment, peak, rows
from fleetfoot.face.report.html import page
from fleetfoot.predict.outlook import Outlook

WIDTH, HEIGHT, LEFT, BOTTOM = 900, 320, 56, 24


def forecast_page(name: str, outlook: Outlook, zone: tzinfo, lead: int, bound: float) -> str:
    """The HTML text."""
    notes = "".join(f"<li>{escape(text)}</li>" for text in (*doubts(outlook, bound), NOTE))
    cells = "".join(
        "<tr>" + f'<th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(c)}</td>" for c in row[1:]) + "</tr>"
        for row in rows(outlook)
    )
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in COLUMNS)
    body = f"""<header><h1>Forecast of {escape(name)}</h1><p>{escape(heading(name, outlook, zone))}</p>
<p>{escape(peak(outlook, zone, lead))}</p></header>
<figure>{picture(outlook, zone)}</figure>
<section><h2>Back-test</h2><table class="figures"><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table></section>
<footer><h2>How this was measured</h2><ul class="notes">{notes}</ul></footer>"""
    return page(f"Forecast of {name}", body)


def picture(outlook: Outlook, zone: tzinfo) -> str:
    """The past as a line, the median as a dashed one in its band."""
    first = outlook.made - len(outlook.past) * outlook.step
    last = outlook.points[-1].at
    known = [(first + i * outlook.step, v) for i, v in enumerate(outlook.past) if isfinite(v)]
    top = max([1e-9, *(v for _, v in known), *(p.high for p in outlook.points)]) * 1.05

    def line(points: Sequence[tuple[float, float]]) -> str:
        return " ".join(
            f"{LEFT + (at - first) / (last - first) * (WIDTH - LEFT):.1f},{(HEIGHT - BOTTOM) * (1 - v / top):.1f}"
            for at, v in points
        )

    band = [(p.at, p.high) for p in outlook.points] + [(p.at, p.low) for p in reversed(outlook.points)]
    ticks = "".join(
        f'<text x="{LEFT - 6}" y="{(HEIGHT - BOTTOM) * (1 - share / 1.05) + 4:.0f}" text-anchor="end" '
        f'fill="currentColor" font-size="12">{top / 1.05 * share:,.0f}</text>'
        for share in (0.25, 0.5, 0.75, 1.0)
    )
    words = "".join(
        f'<text x="{x}" y="{HEIGHT - 6}" text-anchor="{anchor}" fill="currentColor" font-size="12">'
        f"{escape(moment(at, zone))}</text>"
        for x, anchor, at in (
            (LEFT, "start", first),
            (LEFT + (outlook.made - first) / (last - first) * (WIDTH - LEFT), "middle", outlook.made),
            (WIDTH, "end", last),
        )
    )
    told = f"requests/s from {moment(first, zone)}, forecast from {moment(outlook.made, zone)}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(told, quote=True)}">'
        f'<polygon points="{line(band)}" fill="currentColor" opacity="0.15"/>'
        f'<polyline points="{line(known)}" fill="none" stroke="currentColor" stroke-width="1.2"/>'
        f'<polyline points="{line([(p.at, p.median) for p in outlook.points])}" fill="none" stroke="currentColor" '
        f'stroke-width="1.5" stroke-dasharray="5 4"/>{ticks}{words}</svg>'
    )
