"""A RunReport as one self-contained HTML file: no network, light and dark, phone to wide screen.

Everything a reader must know is in the text too: without scripts, tables and decisions remain.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from fleetfoot.face.files import write_text
from fleetfoot.face.report.model import Figure, Marker, Moment, RunReport

_COLUMNS = ("t", "offered", "completed", "p_ms", "queue", "serving", "warming", "starting", "draining", "desired")
_CHARTS = ("traffic", "capacity", "latency", "queue")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def write_report(report: RunReport, path: str | Path) -> Path:
    """Write ``report`` to ``path``, whole or not at all. Raises OSError."""
    return write_text(render(report), path)


def render(report: RunReport) -> str:
    """The HTML text."""
    body = f"""{_head(report)}
{_figures(report.figures)}
<section id="charts" aria-label="The run, second by second">
<p id="caption" aria-live="polite">Move over the pictures to read a second; drag to zoom, double click to zoom out.</p>
{"".join(_chart(name, report) for name in _CHARTS)}
</section>
{_decisions(report.markers)}
{_notes(report.notes)}"""
    scripts = f"""<noscript><p>The pictures need JavaScript; the figures and the decisions do not.</p></noscript>
<script type="application/json" id="data">{_data(report)}</script>
<script>
/*! uPlot 1.6.32
{_static("uPlot-LICENSE.txt")}
*/
{_static("uPlot.iife.min.js")}
</script>
<script>
{_static("report.js")}
</script>"""
    return page(report.title, body, scripts)


def page(title: str, body: str, scripts: str = "") -> str:
    """A page of ours around ``body``, which is HTML already; ``title`` is not."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>
{_static("uPlot.min.css")}
{_static("report.css")}
</style>
</head>
<body>
<main>
{body}
</main>
{scripts}
</body>
</html>
"""


def _static(name: str) -> str:
    return (
        files("fleetfoot.face").joinpath("static", name).read_text(encoding="utf-8").replace("</script", "<\\/script")
    )


def _data(report: RunReport) -> str:
    """The lines as columns. ``<`` is written so that no text can end the script element."""
    moments = sorted(report.moments, key=lambda moment: moment.t)
    data: dict[str, Any] = {name: [_rounded(getattr(m, name)) for m in moments] for name in _COLUMNS}
    data["over"] = [m.t for m in moments if m.over]
    data["step"] = report.step
    data["objective_ms"] = report.objective_ms
    data["percentile"] = report.percentile_name
    data["markers"] = [{"t": m.t, "kind": m.kind, "title": m.title, "words": m.words} for m in _in_order(report)]
    data["phases"] = [{"start": p.start, "end": p.end, "name": p.name} for p in report.phases]
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _in_order(report: RunReport) -> list[Marker]:
    return sorted(report.markers, key=lambda marker: marker.t)


def _rounded(value: float | None) -> float | None:
    return round(value, 3) if isinstance(value, float) else value


def _head(report: RunReport) -> str:
    verdict = ""
    if report.passed is not None:
        words = report.verdict or ("objective met" if report.passed else "objective missed")
        verdict = f'<p class="verdict {"pass" if report.passed else "fail"}">{escape(words)}</p>'
    summary = f"<p>{escape(report.summary)}</p>" if report.summary else ""
    when = f'<p class="when">{escape(report.when)}</p>' if report.when else ""
    return f"<header><h1>{escape(report.title)}</h1>{verdict}{summary}{when}</header>"


def _figures(figures: Iterable[Figure]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(f.name)}</th>'
        f'<td class="value">{escape(f.value)}</td><td>{escape(f.note)}</td></tr>'
        for f in figures
    )
    return f'<section><h2>Figures</h2><table class="figures"><tbody>{rows}</tbody></table></section>' if rows else ""


def _chart(name: str, report: RunReport) -> str:
    title, told = _told(name, report)
    return (
        f'<figure><figcaption><h2>{escape(title)}</h2><span class="told">{escape(told)}</span></figcaption>'
        f'<div class="chart" id="chart-{name}" role="img" aria-label="{escape(f"{title}: {told}", quote=True)}"></div>'
        "</figure>\n"
    )


def _told(name: str, report: RunReport) -> tuple[str, str]:
    """The title of a chart and its extremes in words."""
    if name == "traffic":
        return "Traffic, requests/s", _range(report, lambda m: m.offered, "offered, {0} to {1}/s")
    if name == "capacity":
        return "Capacity, tasks", _range(report, lambda m: m.serving, "serving, {0} to {1}")
    if name == "latency":
        title = f"{report.percentile_name}, ms"
        return title, _range(report, lambda m: m.p_ms, f"{{0}} to {{1}} ms, objective {report.objective_ms:.6g} ms")
    return "Queue, requests", _range(report, lambda m: m.queue, "{0} to {1}")


def _range(report: RunReport, value: Callable[[Moment], float | None], words: str) -> str:
    found = [v for m in report.moments if (v := value(m)) is not None]
    return words.format(f"{min(found):,.0f}", f"{max(found):,.0f}") if found else "not measured"


def _decisions(markers: Iterable[Marker]) -> str:
    rows = "".join(_decision(i, m) for i, m in enumerate(sorted(markers, key=lambda marker: marker.t)))
    return f'<section><h2>What was decided, and why</h2><ol class="decisions">{rows}</ol></section>' if rows else ""


def _decision(number: int, marker: Marker) -> str:
    details = "".join(f"<li>{escape(line)}</li>" for line in marker.details)
    return (
        f'<li class="{marker.kind}" data-marker="{number}" tabindex="0"><time>{clock(marker.t)}</time>'
        f"<strong>{escape(marker.title)}</strong><div>{escape(marker.words)}"
        + (f"<ul>{details}</ul>" if details else "")
        + "</div></li>"
    )


def _notes(notes: Iterable[str]) -> str:
    rows = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<footer><h2>How this was measured</h2><ul class="notes">{rows}</ul></footer>' if rows else ""


def clock(t: float) -> str:
    """``1:05.3`` for 65.3 s, whole seconds without a fraction; ``2:05:00`` from a hundred minutes on."""
    minutes, seconds = divmod(round(t, 1), 60)
    if minutes >= 100:
        return f"{int(minutes // 60)}:{int(minutes % 60):02}:{int(seconds):02}"
    text = f"{seconds:04.1f}".removesuffix(".0")
    return f"{int(minutes)}:{text.zfill(2)}"
