"""A forecast as one self-contained page: the picture, and the back-test as a table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from html import escape
from math import isfinite

from fleetfoot.face.foresaid import COLUMNS, NOTE, doubts, heading, moment, peak, rows
from fleetfoot.face.report.html import page
from fleetfoot.face.report.lines import Line, chart, table
from fleetfoot.predict.outlook import Outlook


def forecast_page(name: str, outlook: Outlook, zone: tzinfo, lead: int, bound: float) -> str:
    """The HTML text."""
    notes = "".join(f"<li>{escape(text)}</li>" for text in (*doubts(outlook, bound), NOTE))
    body = f"""<header><h1>Forecast of {escape(name)}</h1><p>{escape(heading(name, outlook, zone))}</p>
<p>{escape(peak(outlook, zone, lead))}</p></header>
{picture(outlook, zone)}
{table(COLUMNS, rows(outlook), "Back-test")}
<footer><h2>How this was measured</h2><ul class="notes">{notes}</ul></footer>"""
    return page(f"Forecast of {name}", body)


def picture(outlook: Outlook, zone: tzinfo) -> str:
    """The past as a line, the median as a dashed one in its band."""
    first = outlook.made - len(outlook.past) * outlook.step
    span = outlook.points[-1].at - first

    def spots(values: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        return [((at - first) / span, value) for at, value in values if isfinite(value)]

    past = [(first + i * outlook.step, value) for i, value in enumerate(outlook.past)]
    band = [(p.at, p.high) for p in outlook.points] + [(p.at, p.low) for p in reversed(outlook.points)]
    now = (outlook.made - first) / span
    ends = [(0.0, moment(first, zone)), (now, f"now, {moment(outlook.made, zone)}")]
    lines = [
        Line("band of 90 %", "var(--serving)", spots(band), band=True),
        Line("past", "var(--offered)", spots(past)),
        Line("forecast", "var(--serving)", spots([(p.at, p.median) for p in outlook.points]), dashed=True),
    ]
    return chart("Requests/s", lines, [*ends, (1.0, moment(outlook.points[-1].at, zone))], now)
