"""A comparison as one self-contained HTML file: the scatter, the table, and each traffic in small. No scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from fleetfoot.core.policies import POLICIES
from fleetfoot.face.files import write_text
from fleetfoot.face.report.html import page
from fleetfoot.face.report.svg import Point, scatter, small
from fleetfoot.sim.compare import Comparison, Line, Row
from fleetfoot.sim.contenders import BOUNDS, FIXED, YOURS

SMALL = 4  # contenders drawn in the small pictures
OURS = (YOURS, *POLICIES)


def write_contest(found: Comparison, facts: dict[str, Any], path: Path) -> Path:
    """Write the page, whole or not at all. Raises OSError."""
    return write_text(render(found, facts), path)


def render(found: Comparison, facts: dict[str, Any]) -> str:
    """The HTML text."""
    rows = sorted(found.rows, key=lambda row: (row.bound, row.over, row.cost))
    size = f", about {facts['tasks']} tasks" if facts["tasks"] else ""
    many = len(found.scenes)
    body = f"""<header><h1>Policies compared: {escape(facts["service"])}{size}</h1>
<p>Simulated. {many} kind{"s" * (many > 1)} of traffic, {facts["simulated_s"] / 3600:,.1f} simulated hours; the same
requests for everyone. Plant {escape(facts["plant"])}, metrics of fleetfoot's policies {escape(facts["metrics"])},
seed {facts["seed"]}, {"shedding at the objective for everyone" if facts["sheds"] else "nothing refused"}.</p></header>
<section><h2>Cost against violations, means</h2>
<p class="told">Lower left is better. The line joins those nobody beats on both.</p>
<div class="scroll">{scatter([point(row) for row in rows])}</div></section>
<section><h2>Over all traffic</h2><div class="scroll">{overall(rows, facts["currency"])}</div></section>
<section><h2>Traffic by traffic</h2>
<p class="told">Dotted: requests/s. Lines: serving tasks of {key(chosen(rows))}.</p>
<div class="many">{"".join(one(found, scene, chosen(rows)) for scene in found.scenes)}</div></section>
<footer><h2>How to read it</h2><ul class="notes">{"".join(f"<li>{escape(n)}</li>" for n in notes(found, facts))}</ul>
</footer>"""
    return page("Policies compared", body)


def point(row: Row) -> Point:
    told = f"{row.name}: {100 * row.over:.2f} % of seconds over, {row.cost:.2f} x the clairvoyant's cost"
    return Point(row.name, row.cost, 100 * row.over, row.pareto, row.bound, told)


def chosen(rows: Sequence[Row]) -> list[str]:
    """Whom the small pictures show: one's own, the front, the next best, and the clairvoyant as the yardstick."""
    able = [row for row in rows if not row.bound and row.name != FIXED] or [row for row in rows if not row.bound]
    best = sorted(able, key=lambda row: (row.name not in OURS, not row.pareto, row.over, row.cost))
    return [row.name for row in best[: SMALL - 1]] + [row.name for row in rows if row.name == BOUNDS[0]]


def key(names: Sequence[str]) -> str:
    return ", ".join(f'<span class="key line{i}">{escape(name)}</span>' for i, name in enumerate(names))


def overall(rows: Iterable[Row], currency: str | None) -> str:
    """The table of means and worst."""
    money = f"<th>{escape(currency)}</th>" if currency else ""
    head = (
        "<tr><th></th><th></th><th>over %</th><th>bad %</th><th>cost x</th><th>task-hours</th>"
        f"{money}<th>orders/h</th><th>worst over %</th><th>worst bad %</th><th>worst cost x</th><th>worst on</th></tr>"
    )
    body = "".join(
        f'<tr{" class=bound" if row.bound else ""}><th scope="row">{escape(row.name)}</th>'
        f"<td>{'◆' if row.pareto else ''}</td><td>{100 * row.over:.2f}</td><td>{100 * row.bad:.2f}</td>"
        f"<td>{row.cost:.2f}</td><td>{row.hours:,.1f}</td>"
        + (f"<td>{row.money:,.2f}</td>" if currency else "")
        + f"<td>{row.actions:.1f}</td>"
        f"<td>{100 * row.worst_over:.2f}</td><td>{100 * row.worst_bad:.2f}</td><td>{row.worst_cost:.2f}</td>"
        f"<td>{escape(row.worst_scene)}</td></tr>"
        for row in rows
    )
    return f'<table class="grid"><thead>{head}</thead><tbody>{body}</tbody></table>'


def one(found: Comparison, scene: str, names: Sequence[str]) -> str:
    """One traffic: its picture and its table, folded."""
    lines = sorted(found.on(scene), key=lambda line: (line.score.share_over, line.score.over_clairvoyant or 0))
    drawn = {line.name: line.sketch for line in lines}
    picture = small(drawn[names[0]].traffic, [drawn[name].serving for name in names])
    known = found.gaps[scene]
    gap = "" if known is None else f"gap {known:.0%}"
    table = "".join(line_row(line) for line in lines)
    return (
        f"<figure><figcaption><h3>{escape(scene)}</h3>"
        f'<span class="told">{gap}</span>'
        f"</figcaption>{picture}<details><summary>figures</summary><div class=scroll><table class=grid><thead><tr>"
        "<th></th><th>over %</th><th>bad %</th><th>cost x</th><th>task-h</th><th>orders/h</th></tr></thead>"
        f"<tbody>{table}</tbody></table></div></details></figure>"
    )


def line_row(line: Line) -> str:
    score = line.score
    return (
        f'<tr><th scope="row">{escape(line.name)}</th><td>{100 * score.share_over:.2f}</td>'
        f"<td>{100 * score.share_bad:.2f}</td><td>{score.over_clairvoyant or 0:.2f}</td>"
        f"<td>{score.task_hours:,.1f}</td><td>{score.actions_per_hour:.1f}</td></tr>"
    )


def notes(found: Comparison, facts: dict[str, Any]) -> list[str]:
    return [
        "over: share of the seconds in which more requests were late, failed or refused than the percentile allows.",
        "bad: share of all requests that were late, failed or refused.",
        "cost: task-hours, from the order to the end of the drain, as a multiple of the clairvoyant minimum.",
        f"The clairvoyant knows the whole future. Its gap: the true least is at most {found.widest:.0%} below it.",
        "◆: nobody is better on both seconds over and cost. The bounds know what no scaler can and do not compete.",
        "reactive limit: sees the present second exactly and acts at once, but foresees nothing and keeps no spare.",
        "The first 600 s are not judged.",
        *facts["assumed"],
    ]
